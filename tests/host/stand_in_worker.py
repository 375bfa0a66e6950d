"""A worker process that speaks the real protocol but makes a fixed mesh, and misbehaves on request.

`python stand_in_worker.py BEHAVIOUR -m flashvdm_core.worker --exchange DIR [...]`, with flashvdm_core on
PYTHONPATH. BEHAVIOUR is "good", "fail" or ACTION-at-POINT, where ACTION is die, killed, hang,
rubbish, flood, wait, pause or leave, and POINT is start (before it is ready), the name of a stage, or end (after a generation):

    die       exit with status 3, a reason on standard error
    killed    like a process that the system ends for want of memory
    hang      say nothing more and hear nothing more
    rubbish   print a line that is not part of the protocol, then go on
    flood     give 20 MB of warnings, then go on
    wait      go on only when the generation is cancelled
    pause     go on once the file that the environment variable STAND_IN_GATE names exists
    leave     exit with status 0, as when idle for too long
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from flashvdm_core.api.events import CutOut, Event, Failure, Finished, Log, Preview, Progress, Result, Stage
from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.api.tasks import Blend, CutOutOnly, DecodeLatents, Request, Task, stages_of
from flashvdm_core.api.wire.protocol import Cancel, Generate, Ready, decode_command, encode
from flashvdm_core.texture import OrthographicCamera, PolygonMesh, project_texture


def box(scale: float) -> TriangleMesh:
    """A box, in the core frame 1 wide (x), 2 high (y) and 0.5 deep (z) times `scale`, with a mark that shows the axes.

    The mark is a thin tooth in the middle of the face towards the viewer: the only vertex with the largest z.
    """
    corners = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-1.0, 1.0) for z in (-0.25, 0.25)], np.float32)
    quads = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4))
    faces = [triangle for a, b, c, d in quads for triangle in ((a, b, c), (a, c, d))]
    front = (1, 5, 7, 3)  # counter-clockwise seen from +z, raised to a flat pyramid
    faces += [(front[i], front[(i + 1) % 4], 8) for i in range(4)]
    tooth = np.array([(0.0, 0.0, 0.3)], np.float32)
    return TriangleMesh(np.concatenate((corners, tooth)) * np.float32(scale), np.array(faces, np.int32))


def steps(task: Task) -> Iterator[Event]:
    """A whole task. A generation's latents hold its seed; what is made of latents has no tooth.

    Latents of another model than the task's are refused, and those of which the model is not known get a warning.
    """
    if isinstance(task, DecodeLatents | Blend):
        identities = {task.model_identity} | ({task.other_identity} if isinstance(task, Blend) else set[str]())
        if identities - {"", identity_of(task)}:
            yield Failure("ModelMismatchError", "The kept latents were made by other weights; choose the model that made them.")
            return
        if "" in identities:
            yield Log("Which model made these latents was not kept with them.", warning=True)
    stages = stages_of(task)
    for number, stage in enumerate(stages):
        yield Progress(stage, number / len(stages))
        if stage is Stage.PREPROCESS:
            picture = np.zeros((8, 8, 4), np.uint8)
            picture[:4] = (255, 0, 0, 255)
            yield CutOut("front", picture, guess() if isinstance(task, CutOutOnly) else None, "border")
            for view, mask in task.masks.items() if isinstance(task, Request | CutOutOnly) else ():
                yield Log(f"{view}: {(mask == 255).sum()} kept, {(mask == 0).sum()} removed", warning=True)
        if stage in (Stage.SAMPLE, Stage.DECODE):
            for scale in (0.3, 0.6) if task.settings["preview"] else ():
                yield Preview(stage, box(scale))
    yield Log("The stand-in made a box.", warning=True)
    match task:
        case CutOutOnly():
            yield Finished()
        case DecodeLatents(latents):
            yield result(task, without_tooth(box(1.0)), latents)
        case Blend(latents, other, amount):
            yield result(task, without_tooth(box(1.0)), latents * (1 - amount) + other * amount)
        case Request():
            latents = np.full((4, 2), int(task.settings["seed"]) % 1000, np.float32)
            yield result(task, box(1.0), latents if task.keep_latents else None)


def guess() -> np.ndarray:
    """A picture with two things in it."""
    picture = np.full((40, 40, 4), (90, 120, 150, 0), np.uint8)
    picture[5:15, 5:15, 3] = picture[20:35, 20:35, 3] = 255
    return picture


def without_tooth(mesh: TriangleMesh) -> TriangleMesh:
    return TriangleMesh(mesh.vertices[:8], mesh.faces[:10])


def result(task: Task, mesh: TriangleMesh, latents: np.ndarray | None) -> Result:
    seconds = {str(stage): 0.0 for stage in stages_of(task)}
    colouring = None
    if task.settings["colours"] and isinstance(task, Request):
        picture = np.full((32, 16, 4), (255, 0, 0, 255), np.uint8)
        colouring = project_texture(PolygonMesh.of(mesh), picture, OrthographicCamera())
    seed, identity = int(task.settings["seed"]), identity_of(task)
    return Result(mesh, seed, "stand-in", task.settings, seconds, (8,), latents, colouring, model_identity=identity)


def identity_of(task: Task) -> str:
    """Another one for each model that is asked for."""
    return f"weights of {task.settings['model']}"


class Worker:
    """The process: a thread that reads commands, and the main thread that obeys."""

    def __init__(self, behaviour: str, exchange: Path) -> None:
        self.behaviour = behaviour
        self.exchange = exchange
        self.commands: queue.Queue[Generate] = queue.Queue()
        self.cancelled = threading.Event()
        self.id = 0

    def listen(self) -> None:
        for line in sys.stdin.buffer:
            command = decode_command(line, self.exchange)
            if isinstance(command, Cancel):
                self.cancelled.set()
            else:
                self.commands.put(command)
        os._exit(0)  # the parent is gone

    def say(self, event: Event | Ready, id: int | None) -> None:
        sys.stdout.buffer.write(encode(event, id, self.exchange))
        sys.stdout.buffer.flush()

    def misbehave(self, point: str) -> None:
        action, _, at = self.behaviour.partition("-at-")
        if at != point:
            return
        if action == "die":
            print("ModuleNotFoundError: No module named 'torch'", file=sys.stderr, flush=True)
            os._exit(3)
        if action == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if action == "hang":
            threading.Event().wait()
        if action == "rubbish":
            print("Using cached weights!", flush=True)
        if action == "flood":
            for number in range(5_000):
                self.say(Log(f"Warning {number} of very many.".ljust(3900), warning=True), self.id)
        if action == "wait":
            self.cancelled.wait()
        if action == "pause":
            while not os.path.exists(os.environ["STAND_IN_GATE"]):
                time.sleep(0.01)
        if action == "leave":
            os._exit(0)

    def run(self) -> None:
        threading.Thread(target=self.listen, daemon=True).start()
        self.misbehave("start")
        self.say(Ready("0.0", "3.11", "stand-in", "cpu"), None)
        while True:
            self.generate(self.commands.get())
            self.misbehave("end")

    def generate(self, command: Generate) -> None:
        self.id = command.id
        if self.behaviour == "fail":
            self.say(Failure("ImageError", "The image is empty; choose another.", "a traceback"), command.id)
            return
        for event in steps(command.task):
            if self.cancelled.is_set():
                self.cancelled.clear()
                self.say(Failure("Cancelled", "The generation was cancelled."), command.id)
                return
            self.say(event, command.id)
            if isinstance(event, Progress):
                self.misbehave(str(event.stage))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    Worker(arguments[0], Path(arguments[arguments.index("--exchange") + 1])).run()
