"""A walk through the add-on in Blender's real window, as an artist would take it: real clicks, real keys, pictures.

Run by `python build.py gui` (see `builder/gui.py`), which says in FLASHVDM_TOUR where the image, the model and
the interpreter of the worker are. The runner steps `main`; each `yield` lets Blender go on. Leaves in `gui.out`
the pictures, three of them for the README, and `report.json` with what was measured.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import bpy
import gui
from mathutils import Euler

TOUR = Path(os.environ["FLASHVDM_TOUR"])
sys.path.insert(0, str(TOUR))

from measure import PREVIEW_MARK, Heartbeat, Ticks, content  # noqa: E402 - from the folder that was just named
from screen import Steps, click, main_button, move, press, region_box, until, view_point  # noqa: E402

ORDER: dict[str, str] = json.loads((TOUR / "order.json").read_text(encoding="utf-8"))
SESSION = importlib.import_module(f"{gui.extension}.addon.session")
TICKS = Ticks(SESSION)
REPORT: dict[str, Any] = {}

ANSWER_SECONDS = 0.5
"""Within this time Cancel and Escape must have left the scene as it was."""
ENOUGH_STEPS = 1000
"""Sampling steps of a generation that is to be disturbed: any model is still busy with them."""


def main() -> Steps[None]:
    """The whole tour."""
    TICKS.install()
    yield from first_look()
    yield from first_generation()
    yield from undo_and_redo()
    yield from second_generation()
    for way in ("cancel", "escape"):
        yield from stopped(way)
    yield from disturbed_by_undo()
    yield from another_file()
    yield from failures()
    yield from end_of_blender()
    REPORT["longest tick, ms"] = TICKS.longest
    Path(gui.out, "report.json").write_text(json.dumps(REPORT, indent=1), encoding="utf-8")


def first_look() -> Steps[None]:
    """The panel before anything is chosen, then with an image, at both scales of the interface."""
    prepare_view()
    yield from gui.open_tab("FlashVDM")
    yield from shot("panel_nothing_set_up")
    preferences().python = ORDER["python"]
    yield 1.0
    yield from shot("panel_no_image")
    settings().model = ORDER["model"]
    settings().image = ORDER["image"]
    yield 1.0
    yield from shot("readme_panel")
    yield from unfold()
    for scale in (1.0, 2.0):
        bpy.context.preferences.view.ui_scale = scale
        yield 1.0
        yield from shot(f"panel_unfolded_{scale:.0f}x")
    bpy.context.preferences.view.ui_scale = 1.0
    yield 1.0


def first_generation() -> Steps[None]:
    """Generate by a click; a preview on the way; the result."""
    before = content()
    yield from click_main_button()
    yield from until(lambda: generating(), "Generate did not start", 10)
    yield from shot("started")
    yield from until(lambda: previews() or not generating(), "no preview came", 300)
    with stopped_worker():
        assert previews(), f"it ended without a preview: {SESSION.session.job.error}"
        yield from shot("readme_preview")
        yield from main_button()  # Cancel can be pressed
    yield from until_over("DONE")
    yield from shot("readme_result")
    new = [name for name in content()["objects"] if name not in before["objects"]]
    assert new == [Path(ORDER["image"]).stem], new
    assert content()["selected"] == new
    assert content()["active"] == new[0]
    assert not previews()
    assert TICKS.fractions == sorted(TICKS.fractions)
    assert TICKS.fractions[-1] == 1.0
    assert len(TICKS.fractions) > 5, "the progress bar did not move"
    made = bpy.data.objects[new[0]]
    REPORT["first generation"] = {
        "seconds": made["flashvdm_seconds"],
        "triangles": len(made.data.polygons),
        "triangles of the previews": list(TICKS.sizes),
        "progress": len(TICKS.fractions),
        "texts": list(TICKS.texts),
    }


def undo_and_redo() -> Steps[None]:
    """One step takes the object away, one brings it back."""
    after = content()
    yield from move(*view_point())
    press("ctrl+z")
    yield from until(lambda: not meshes(), "undo did not remove the mesh", 20)
    yield 0.5
    yield from shot("undone")
    press("ctrl+shift+z")
    yield from until(meshes, "redo did not bring the mesh back", 20)
    assert content() == after
    yield 0.5


def second_generation() -> Steps[None]:
    """The worker is kept, and Blender comes round all the time."""
    worker = SESSION.session.client.process_id
    settings().seed = 7
    heartbeat = Heartbeat()
    yield from click_main_button()
    yield from until(lambda: generating(), "Generate did not start", 10)
    heartbeat.start()
    yield from until_over("DONE")
    heartbeat.stop()
    assert SESSION.session.client.process_id == worker, "the worker was started again"
    assert len(meshes()) == 2
    REPORT["second generation"] = {
        "seconds": bpy.context.object["flashvdm_seconds"],
        "longest time between two rounds of Blender's loop, s": round(heartbeat.longest_gap, 3),
    }
    yield from shot("second_result")


def stopped(way: str) -> Steps[None]:
    """A generation that is stopped by the button or by the key leaves the scene as it was, at once."""
    before = content()
    yield from start_long()
    if way == "cancel":
        box = yield from main_button()
        pressed = yield from click(*box.centre)
    else:
        yield from move(*view_point())
        pressed = press("Escape")
    answered = yield from until(lambda: not previews(), f"{way} left the preview", 10)
    ended = yield from until(lambda: not generating(), f"{way} did not end the generation", 20)
    yield from shot(f"after_{way}")
    assert content() == before
    assert SESSION.session.job.state.name == "CANCELLED"
    REPORT[way] = {
        "scene as before after, s": round(answered - pressed, 3),
        "ended after, s": round(ended - pressed, 3),
        "worker kept": SESSION.session.client.running,
    }


def disturbed_by_undo() -> Steps[None]:
    """Undo while it runs: what the user did before is undone, the preview stays alone, and the end is clean."""
    layer = bpy.context.view_layer
    before = content()
    with in_view():
        bpy.ops.object.empty_add()
    yield from start_long()
    yield from move(*view_point())
    press("ctrl+z")
    yield from until(lambda: content()["objects"].count("Empty") == 0, "undo did nothing while it ran", 10)
    yield from until(lambda: len(previews()) == 1, "the preview did not come back", 60)
    press("Escape")
    yield from until(lambda: not generating(), "Escape did not end the generation", 20)
    assert content()["objects"] == before["objects"]
    assert content()["meshes"] == before["meshes"]
    assert layer is not None
    yield 0.5


def another_file() -> Steps[None]:
    """Open a file while it runs: nothing of it is left, and the next Generate works."""
    saved = str(Path(gui.out) / "saved.blend")
    bpy.ops.wm.save_as_mainfile(filepath=saved, copy=True)
    yield from start_long()
    bpy.ops.wm.open_mainfile(filepath=saved)
    yield 2.0
    assert not generating()
    assert not previews()
    os.unlink(saved)
    for obj in meshes():
        bpy.data.objects.remove(obj)
    settings().steps, settings().resolution = 0, 64
    yield from gui.open_tab("FlashVDM")
    yield from click_main_button()
    yield from until(lambda: generating(), "Generate did not start after a file was opened", 10)
    yield from until_over("DONE")
    yield from shot("after_another_file")


def failures() -> Steps[None]:
    """A worker that is killed, and an image that is gone: what the panel says, and nothing in the scene."""
    before = content()
    yield from start_long()
    os.kill(SESSION.session.client.process_id, signal.SIGKILL)
    yield from until_over("FAILED")
    assert content() == before
    yield from shot("worker_killed")
    image = settings().image
    settings().image = str(TOUR / "a picture that is not there.png")
    yield 0.5
    yield from click_main_button()
    yield from until_over("FAILED")
    assert content() == before
    for scale in (1.0, 2.0):
        bpy.context.preferences.view.ui_scale = scale
        yield 1.0
        yield from shot(f"missing_image_{scale:.0f}x")
    bpy.context.preferences.view.ui_scale = 1.0
    settings().image = image
    yield 0.5


def end_of_blender() -> Steps[None]:
    """Two more Blenders, one that quits and one that is killed while it generates: their workers go with them."""
    for way in ("quit", "killed"):
        note = Path(gui.out) / f"worker_{way}.txt"
        other = subprocess.Popen(
            ("blender", "--python-exit-code", "5", "--python", str(TOUR / "second_blender.py")),
            env=os.environ | {"FLASHVDM_TOUR_NOTE": str(note), "FLASHVDM_TOUR_END": way},
        )
        yield from until(note.exists, "the second Blender did not generate", 120)
        worker = int(note.read_text())
        if way == "killed":
            other.kill()
        yield from until(lambda other=other: other.poll() is not None, "the second Blender did not end", 60)
        gone = time.perf_counter()
        ended = yield from until(lambda worker=worker: not alive(worker), f"the worker outlived a Blender that was {way}", 20)
        REPORT[f"worker gone after Blender was {way}, s"] = round(ended - gone, 3)
        note.unlink()


def prepare_view() -> None:
    """An empty scene seen from the front right, in a viewport that fills the window."""
    for obj in list(bpy.data.objects):
        bpy.data.objects.remove(obj)
    bpy.ops.outliner.orphans_purge(do_recursive=True)
    with in_view():
        bpy.ops.screen.screen_full_area(use_hide_panels=False)
    _, area, _ = gui.view3d()
    view = area.spaces.active.region_3d
    view.view_perspective = "PERSP"
    view.view_rotation = Euler((math.radians(72), 0, math.radians(28))).to_quaternion()
    view.view_location = (0.0, 0.0, 0.95)
    view.view_distance = 6.0
    bpy.ops.ed.undo_push(message="Start of the tour")


def unfold() -> Steps[None]:
    """Open the panel's closed parts, the lowest first, by their headers."""
    box = yield from main_button()
    for part in (2, 1, 0):
        yield from click(box.left + 40, box.bottom + 24 + 26 * part)
        yield 0.5


def start_long() -> Steps[None]:
    """Generate, and wait for the first preview of a generation that would go on for long."""
    TICKS.clear()
    settings().steps = ENOUGH_STEPS
    yield 0.3
    yield from click_main_button()
    yield from until(lambda: previews() or (SESSION.session.job and SESSION.session.job.over), "no preview came", 300)
    assert generating(), f"it ended too early: {SESSION.session.job.error}"


def click_main_button() -> Steps[None]:
    TICKS.clear()
    box = yield from main_button()
    yield from click(*box.centre)
    yield 0.2


def until_over(state: str) -> Steps[None]:
    yield from until(lambda: SESSION.session.job is not None and not generating(), "the generation did not end", 600)
    job = SESSION.session.job
    assert job.state.name == state, f"{job.state.name}: {job.error}\n{job.details}"


def shot(name: str) -> Steps[None]:
    """A picture, once everything is drawn and no tooltip is in the way."""
    yield from move(*view_point())
    yield 1.2
    gui.shot(name)


class stopped_worker:  # noqa: N801 - used like a function
    """The worker stands still, so that what it showed last can be looked at."""

    def __enter__(self) -> None:
        self.process = SESSION.session.client.process_id
        os.kill(self.process, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        os.kill(self.process, signal.SIGCONT)


def in_view() -> Any:
    """The context of the 3D viewport, for operators that need one."""
    window, area, _ = gui.view3d()
    return bpy.context.temp_override(
        window=window, area=area, region=next(region for region in area.regions if region.type == "WINDOW")
    )


def alive(process: int) -> bool:
    """The process exists and has not ended."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def preferences() -> Any:
    return bpy.context.preferences.addons[gui.extension].preferences


def settings() -> Any:
    return bpy.context.scene.flashvdm


def generating() -> bool:
    return SESSION.session.generating


def meshes() -> list[Any]:
    return [obj for obj in bpy.context.scene.objects if obj.type == "MESH"]


def previews() -> list[Any]:
    return [obj for obj in bpy.data.objects if PREVIEW_MARK in obj]
