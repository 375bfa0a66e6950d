"""A user at work for as long as one likes: random actions on the installed extension in real Blender, from a seed.

`python build.py soak --minutes 30 --seed 7`: after each action it is checked that nothing was raised or printed as a
traceback, that no object, data-block, process, thread or file was left over, that results are as they were, and at the end
that memory has not grown. A failure is told with the seed and the action, and makes the exit status 1.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import importlib
import io
import os
import random
import resource
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from builder.extension import stage
from tests.addon.conftest import PACKAGE, preferences
from tests.host.stand_in import stand_in_python

_SCRATCH = Path(tempfile.mkdtemp(prefix="soak-"))
_BEHAVIOURS = ("good",) * 6 + ("wait-at-decode", "die-at-sample", "killed-at-decode", "fail", "rubbish-at-decode", "leave-at-end")
_MOST_OBJECTS = 40
_PATIENCE = 90.0  # seconds for what waits to come to its end
_ROUNDED = 1e-4
_GROWTH = 0.10  # of memory, from the second third to the last
_SPARE = 24 << 20

Print = tuple[int, str]


class FindingError(Exception):
    """Something is not as it must be."""


class Tee(io.TextIOBase):
    """Standard output or error, which remembers whether a traceback went through it."""

    def __init__(self, stream: Any, log: Any) -> None:
        self._stream, self._log, self.traceback = stream, log, False

    def write(self, text: str) -> int:
        self.traceback |= "Traceback (most recent call last)" in text
        self._log.write(text)
        return len(text)

    def flush(self) -> None:
        self._log.flush()


class Soak:
    """The user.

    Attributes:
        random: decides everything.
        memory: resident bytes after each new file.
    """

    def __init__(self, seed: int, core: str) -> None:
        self.random = random.Random(seed)
        self.memory: list[int] = []
        self.saved: list[tuple[str, dict[str, Print]]] = []
        self.core = core
        self.stand_ins = [stand_in_python(_SCRATCH, behaviour) for behaviour in _BEHAVIOURS]
        self.image = _SCRATCH / "red chair.png"
        self.repaint()
        self.invoke()
        self.threads = threading.active_count()

    # --- what it knows of the extension -------------------------------------------------------------------------------
    def module(self, name: str) -> Any:
        return importlib.import_module(f"{PACKAGE}.{name}")

    @property
    def session(self) -> Any:
        return self.module("addon.session.session").session

    def invoke(self) -> None:
        """Without windows Blender executes operators that are invoked: those that wait return at once here, too."""
        self.module("addon.ui.operators.queued").EnqueuesTasks.execute = lambda self, context: self.invoke(context, None)

    def changing(self) -> set[str]:
        """Objects that a task under way will give another mesh."""
        kind = self.module("addon.scene.changed_object").ChangedObject
        sinks = [item.sink for item in self.session.tasks.queue.items if isinstance(item.sink, kind)]
        return {obj.name for obj in bpy.data.objects for sink in sinks if obj.session_uid == sink._object}

    def owned(self) -> set[int]:
        return self.module("addon.session.session")._owned()

    # --- actions: a user's ----------------------------------------------------------------------------------------------
    def repaint(self) -> None:
        """Another picture under the same name."""
        image = bpy.data.images.new("paint", 8, 8)
        image.pixels.foreach_set(np.full(256, self.random.random(), np.float32))
        image.filepath_raw, image.file_format = str(self.image), "PNG"
        image.save()
        bpy.data.images.remove(image)

    def generate(self) -> None:
        preferences().python = self.core or self.random.choice(self.stand_ins)
        quick = {"resolution": 16, "steps": 1, "device": "cpu"} if self.core else {}
        options = {"colours": self.random.random() < 0.7, "preview": self.random.random() < 0.8}
        variants = self.random.choice((1, 1, 1, 3))
        bpy.ops.flashvdm.generate(
            filepath=str(self.image), seed=self.random.randrange(1000), variants=variants, **options, **quick
        )

    def go_on(self) -> None:
        """Let the timer tick for a moment."""
        for _ in range(self.random.randrange(1, 60)):
            if bpy.app.timers.is_registered(self.session.loop.timer):
                if self.session.loop.tick() is None:
                    bpy.app.timers.unregister(self.session.loop.timer)
                time.sleep(0.002)

    def wait(self) -> None:
        """Until nothing is under way; what takes too long is cancelled, as some of the stand-in workers wait for that."""
        while self.session.tasks.generating:
            job = self.session.tasks.queue.current.job
            if job.seconds > _PATIENCE:
                raise FindingError(f"a task came to no end: {job.state} of {job.label} with {preferences().python}")
            if job.seconds > (60 if self.core else 5):
                self.session.cancel()
            self.go_on()

    def cancel(self) -> None:
        bpy.ops.flashvdm.cancel()

    def clear_queue(self) -> None:
        bpy.ops.flashvdm.queue_clear()

    def release(self) -> None:
        bpy.ops.flashvdm.release_memory()

    def undo(self) -> None:
        bpy.ops.ed.undo()

    def redo(self) -> None:
        bpy.ops.ed.redo()

    def save(self) -> None:
        path = str(_SCRATCH / f"file {self.random.randrange(4)}.blend")
        copy = self.random.random() < 0.5
        bpy.ops.wm.save_as_mainfile(filepath=path, copy=copy, check_existing=False)
        self.saved = [entry for entry in self.saved if entry[0] != path] + [(path, self.prints())]

    def open_file(self) -> None:
        if self.saved:
            path, before = self.random.choice(self.saved)
            bpy.ops.wm.open_mainfile(filepath=path)
            if self.prints() != before:
                raise FindingError(f"{path} holds {sorted(self.prints())} and not {sorted(before)}, or other meshes")

    def new_file(self) -> None:
        bpy.ops.wm.read_homefile(use_empty=True)
        bpy.ops.ed.undo_push(message="New")
        if not self.session.tasks.generating:
            self.memory.append(resident())

    def pick(self) -> Any:
        """Select one mesh object, which becomes the active one."""
        if bpy.context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        meshes = [obj for obj in bpy.context.view_layer.objects if obj.type == "MESH"]
        if not meshes:
            raise RuntimeError("there is no mesh")
        obj = self.random.choice(meshes)
        bpy.ops.object.select_all(action="DESELECT")
        obj.select_set(True)
        bpy.context.view_layer.objects.active = obj
        return obj

    def delete(self) -> None:
        self.pick()
        bpy.ops.object.delete()

    def duplicate(self) -> None:
        self.pick()
        bpy.ops.object.duplicate(linked=self.random.random() < 0.5)

    def rename(self) -> None:
        self.pick().name = self.random.choice(("Throne", "red chair", "椅子", "a/b", "x" * 63))

    def add(self) -> None:
        bpy.ops.mesh.primitive_cube_add()

    def edit_mode(self) -> None:
        obj = self.pick()
        if not self.module("addon.scene.object_data").is_preview(obj):
            bpy.ops.object.mode_set(mode="EDIT")

    def object_mode(self) -> None:
        if bpy.context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")

    def shape_key(self) -> None:
        self.pick().shape_key_add(name="Key")

    def modifier(self) -> None:
        self.pick().modifiers.new("Mine", self.random.choice(("BEVEL", "MULTIRES", "DECIMATE")))

    def hide(self) -> None:
        obj = self.pick()
        obj.hide_set(not obj.hide_get())

    def collection(self) -> None:
        obj, home = self.pick(), bpy.data.collections.new("Home")
        bpy.context.scene.collection.children.link(home)
        home.objects.link(obj)

    def triangles(self) -> None:
        self.pick()
        bpy.ops.flashvdm.set_triangles(target=self.random.randrange(8, 400))

    def quads(self) -> None:
        self.pick()
        bpy.ops.flashvdm.set_quads(target=self.random.randrange(20, 200), method=self.random.choice(("VOXELS", "FLOW")))

    def colours(self) -> None:
        self.pick()
        bpy.ops.flashvdm.lay_colours(fit=False, yaw=self.random.uniform(-180, 180))

    def remesh(self) -> None:
        self.pick()
        bpy.ops.flashvdm.remesh(resolution=16)

    def blend(self) -> None:
        first = self.pick()
        second = self.pick()
        first.select_set(True)
        bpy.context.view_layer.objects.active = second
        bpy.ops.flashvdm.blend(amount=self.random.random())

    def refine(self) -> None:
        self.pick()
        bpy.context.scene.flashvdm.image = str(self.image)
        bpy.ops.flashvdm.refine(strength=0.5)

    def keep_variant(self) -> None:
        self.pick()
        bpy.ops.flashvdm.keep_variant()

    def generate_again(self) -> None:
        bpy.ops.flashvdm.history_generate()

    def forget(self) -> None:
        (bpy.ops.flashvdm.history_remove if self.random.random() < 0.7 else bpy.ops.flashvdm.history_clear)()

    def disable_and_enable(self) -> None:
        import addon_utils  # found once bpy is imported

        addon_utils.disable(PACKAGE)
        if self.session.tasks.client is not None or children():
            raise FindingError("a worker outlives the extension")
        addon_utils.enable(PACKAGE)
        self.invoke()

    def kill_worker(self) -> None:
        client = self.session.tasks.client
        if client is not None and client.running:
            os.kill(client.process_id, signal.SIGKILL)

    def clean_temporary_folder(self) -> None:
        for folder in Path(tempfile.gettempdir()).glob("flashvdm-*"):
            shutil.rmtree(folder)

    def fill_the_disk(self) -> None:
        """No file may grow beyond a few bytes while something is made and saved: for this process and its worker."""
        client, before = self.session.tasks.client, resource.getrlimit(resource.RLIMIT_FSIZE)
        worker = client.process_id if client is not None and client.running else None
        most = self.random.choice((0, 64, 4096))
        for process in (0, *([worker] if worker else [])):
            resource.prlimit(process, resource.RLIMIT_FSIZE, (most, before[1]))
        try:
            for act in (self.generate, self.go_on, self.wait):
                act()
            bpy.ops.wm.save_as_mainfile(filepath=str(_SCRATCH / "full.blend"), copy=True, check_existing=False)
        finally:
            resource.prlimit(0, resource.RLIMIT_FSIZE, before)
            client = self.session.tasks.client
            if client is not None and client.running:
                resource.prlimit(client.process_id, resource.RLIMIT_FSIZE, before)

    # --- what must hold -------------------------------------------------------------------------------------------------
    def prints(self) -> dict[str, Print]:
        """Name -> what the mesh of each object is, but for those that a task still changes."""
        left_out, is_preview = self.owned(), self.module("addon.scene.object_data").is_preview
        found = {}
        for obj in bpy.data.objects:
            if obj.type == "MESH" and obj.session_uid not in left_out and not is_preview(obj) and obj.users_collection:
                if obj.mode == "EDIT":
                    obj.update_from_editmode()  # else what was added there would show with the end of the mode
                points = np.empty(len(obj.data.vertices) * 3, np.float32)
                obj.data.vertices.foreach_get("co", points)
                found[obj.name] = len(points) // 3, hashlib.sha256(np.round(points / _ROUNDED).tobytes()).hexdigest()
        return found

    def check(self, tees: list[Tee]) -> None:
        if any(tee.traceback for tee in tees):
            raise FindingError("a traceback was printed")
        for item in self.session.tasks.queue.items:
            for text in ("Something unexpected", "could not be put into the scene", "not all that belongs to it"):
                if text in " ".join((item.job.error, *item.job.warnings)):
                    raise FindingError(f"{item.job.error} {item.job.warnings} {item.job.details}")
        owned, data = self.owned(), self.module("addon.scene.object_data")
        for block in (*bpy.data.objects, *bpy.data.meshes):
            if block.session_uid not in owned and data.is_preview(block):
                raise FindingError(f"{block!r} is left of a preview")
        kept = {entry.made for scene in bpy.data.scenes for entry in scene.flashvdm_history.entries}
        for obj in bpy.data.objects:
            if not obj.users_collection and obj not in kept:
                raise FindingError(f"{obj!r} is in no collection")
        for kind in (bpy.data.meshes, bpy.data.materials, bpy.data.images):
            for block in kind:
                if not block.users and block.session_uid not in owned and block.name != "Render Result":
                    raise FindingError(f"{block!r} has no user")
        client = self.session.tasks.client
        running = {client.process_id} if client is not None and client.running else set()
        if strange := children() - running:
            raise FindingError(f"processes are left over: {strange}")
        folders = set(Path(tempfile.gettempdir()).glob("flashvdm-*"))
        exchange = client._exchange if client is not None else None
        if folders := folders - {exchange.path if exchange is not None else None}:
            raise FindingError(f"folders are left over: {folders}")
        if threading.active_count() > self.threads:
            raise FindingError(f"threads are left over: {threading.enumerate()}")


def children() -> set[int]:
    """The process ids of this process's children."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(word) for word in (task / "children").read_text().split()}
    return found


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


_OWN = ("generate", "go_on", "wait", "cancel", "clear_queue", "release", "kill_worker", "clean_temporary_folder", "fill_the_disk",
        "repaint", "disable_and_enable", "generate_again", "refine", "blend", "remesh", "forget", "save")  # fmt: skip
"""Actions that leave every object as it is, but for those that a task changes."""

_USERS = ("undo", "redo", "open_file", "new_file", "delete", "duplicate", "rename", "add", "edit_mode", "object_mode",
          "shape_key", "modifier", "hide", "collection", "triangles", "quads", "colours", "keep_variant")  # fmt: skip

_WEIGHTS = {"generate": 5, "go_on": 10, "wait": 4, "undo": 3, "fill_the_disk": 0.5, "disable_and_enable": 0.7, "new_file": 1.0}
_PUSHED = {"delete", "duplicate", "rename", "add", "shape_key", "modifier", "hide", "collection", "triangles", "quads", "colours"}


def act(soak: Soak, name: str) -> None:
    """One action as Blender runs it: what it reports as an error is no finding, whatever else is raised is."""
    before, changing = soak.prints(), soak.changing()
    try:
        getattr(soak, name)()
    except RuntimeError as error:  # an operator's error or poll
        if "Traceback" in str(error):
            raise FindingError(str(error)) from error
    if name in _USERS:
        if bpy.context.mode == "OBJECT":
            for kind in (bpy.data.meshes, bpy.data.materials, bpy.data.images):
                for block in [block for block in kind if not block.users and block.session_uid not in soak.owned()]:
                    kind.remove(block)  # the user's own orphans
            if name in _PUSHED:
                bpy.ops.ed.undo_push(message=name)
        return
    if bpy.context.mode == "OBJECT":
        after, changing = soak.prints(), changing | soak.changing()
        if lost := {key for key, value in before.items() if key not in changing and after.get(key) != value}:
            raise FindingError(f"objects are lost or changed: {lost}")


def run(minutes: float, seed: int, core: str) -> int:
    log = (_SCRATCH / "log.txt").open("w", encoding="utf-8")
    print(f"Seed {seed}, for {minutes:g} minutes; the log is {log.name}", flush=True)
    faulthandler.enable(log)  # where Blender itself crashes, the log ends with the place
    terminal, tees = sys.stdout, [Tee(sys.stdout, log), Tee(sys.stderr, log)]
    sys.stdout, sys.stderr = tees  # pyright: ignore[reportAttributeAccessIssue]
    soak, end, number, counts = Soak(seed, core), time.monotonic() + minutes * 60, 0, dict.fromkeys((*_OWN, *_USERS), 0)
    names, name = list(counts), ""
    try:
        while time.monotonic() < end:
            crowded = len(bpy.data.objects) > _MOST_OBJECTS
            name = "new_file" if crowded else soak.random.choices(names, [_WEIGHTS.get(name, 1.0) for name in names])[0]
            number, counts[name] = number + 1, counts[name] + 1
            log.write(f"--- {number} {name}\n")
            log.flush()
            act(soak, name)
            soak.check(tees)
        check_memory(soak.memory)
    except Exception as error:
        print(f"FAILED: seed {seed}, action {number}, {name}: {type(error).__name__}: {error}", file=terminal, flush=True)
        if not isinstance(error, FindingError):
            traceback.print_exc(file=terminal)
        return 1
    finally:
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        soak.session.stop()
    done = ", ".join(f"{name} {count}" for name, count in counts.items())
    print(f"Seed {seed}: {number} actions without a finding ({done})", flush=True)
    print(f"Memory after new files, MiB: {', '.join(str(size >> 20) for size in soak.memory)}", flush=True)
    shutil.rmtree(_SCRATCH)
    return 0


def check_memory(sizes: list[int]) -> None:
    """The last third against the one before: the first is warming up."""
    third = len(sizes) // 3
    if third >= 3:
        before, after = (statistics.median(sizes[first : first + third]) for first in (third, len(sizes) - third))
        if after > before * (1 + _GROWTH) + _SPARE:
            raise FindingError(f"memory grows: {[size >> 20 for size in sizes]} MiB")


def main() -> int:
    """The command, whose options `build.py soak` hands on."""
    parser = argparse.ArgumentParser(prog="python -m tests.addon.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--core", metavar="PYTHON", default="", help="a Python with PyTorch: the real worker, not the stand-in")
    options = parser.parse_args()
    (_SCRATCH / "tmp").mkdir()
    tempfile.tempdir = str(_SCRATCH / "tmp")
    tree = stage(_SCRATCH)
    archive = shutil.make_archive(str(tree), "zip", tree)
    bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.ed.undo_push(message="Start")
    return run(options.minutes, options.seed, options.core)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # Blender's module sometimes hangs while it is torn down
