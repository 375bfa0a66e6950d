"""A walk through the add-on in Blender's real window, as an artist would take it: real clicks, real keys, pictures.

Run by `python build.py gui` (see `builder/gui.py`), which says in FLASHVDM_TOUR where the image, the model and
the interpreter of the worker are. The runner steps `main`; each `yield` lets Blender go on. Leaves in `gui.out`
the pictures, three of them for the README, and `report.json` with what was measured.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import bpy
import gui

TOUR = Path(os.environ["FLASHVDM_TOUR"])
sys.path.insert(0, str(TOUR))

from afterwards import again_from_history, finer_afterwards, saved_and_reloaded  # noqa: E402
from measure import Heartbeat, Ticks, content  # noqa: E402 - from the folder that was just named
from scene import at_both_scales, browser, clear_scene, in_view, meshes, prepare_view, previews, redraw, scaled, shot  # noqa: E402
from screen import Steps, click, main_button, move, press, until, view_point  # noqa: E402
from variants import dropped_image, one_of_three  # noqa: E402

ORDER: dict[str, str] = json.loads((TOUR / "order.json").read_text(encoding="utf-8"))
SESSION = importlib.import_module(f"{gui.extension}.addon.session.session").session
TICKS = Ticks(SESSION)
REPORT: dict[str, Any] = {}

ANSWER_SECONDS = 1.0
"""Within this time Cancel and Escape must have left the scene as it was; half of it where drawing is not done in software."""
ENOUGH_STEPS = 1000
"""Sampling steps of a generation that is to be disturbed: any model is still busy with them."""
COARSE = 96
"""Resolution of the generations that are not looked at."""
README_SCALE = 1.25
"""Scale of the interface on the pictures for the README."""


def main() -> Steps[None]:
    """The whole tour."""
    TICKS.install()
    try:
        yield from first_look()
        yield from first_generation()
        yield from undo_and_redo()
        yield from every_setting()
        clear_scene()
        settings().resolution = COARSE
        yield from second_generation()
        yield from saved_and_reloaded()
        yield from again_from_history(SESSION)
        REPORT["changed afterwards, s"] = round((yield from finer_afterwards(SESSION)), 2)
        yield from made_of_quads()
        clear_scene()
        yield from dropped_image(SESSION, ORDER["image"])
        yield from one_of_three(SESSION)
        clear_scene()
        for way in ("cancel", "escape"):
            yield from stopped(way)
        yield from disturbed_by_undo()
        yield from another_file()
        yield from failures()
        yield from end_of_blender()
    finally:
        REPORT["longest tick, ms"] = TICKS.longest
        REPORT["longest tick, ms of computing"] = TICKS.busiest
        Path(gui.out, "report.json").write_text(json.dumps(REPORT, indent=1), encoding="utf-8")


def first_look() -> Steps[None]:
    """The panel before anything is chosen, then with an image, at both scales of the interface."""
    prepare_view()
    yield from gui.open_tab("Image to 3D")
    yield from at_both_scales("panel_nothing_set_up")
    preferences().python = ORDER["python"]
    settings().model = ORDER["model"]
    redraw()
    yield from shot("panel_no_image")
    yield from choose_image()
    yield from at_both_scales("panel_with_image")


def every_setting() -> Steps[None]:
    """The closed parts of the panel, and the preferences."""
    yield from unfold()
    yield from at_both_scales("panel_unfolded")
    with in_view():
        bpy.ops.preferences.addon_show(module=gui.extension)
    yield 3.0
    gui.shot("preferences")
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[-1]):
        bpy.ops.wm.window_close()
    yield 1.0


def choose_image() -> Steps[None]:
    """Open Image, and the file browser behind it."""
    bpy.context.preferences.view.filebrowser_display_type = "SCREEN"
    yield from click_main_button()
    yield from until(lambda: browser() is not None and browser().params is not None, "no file browser opened", 20)
    folder, _, name = ORDER["image"].rpartition("/")
    browser().params.directory = folder.encode()
    yield 3.0
    gui.shot("file_browser")
    browser().params.filename = name
    window = bpy.context.window_manager.windows[0]
    with bpy.context.temp_override(window=window, area=next(area for area in window.screen.areas if area.type == "FILE_BROWSER")):
        bpy.ops.file.execute()
    yield from until(lambda: browser() is None, "the file browser did not close", 20)
    assert settings().image == ORDER["image"], settings().image


def first_generation() -> Steps[None]:
    """Generate by a click; a preview on the way; the result."""
    before = content()
    yield from scaled(README_SCALE)
    yield from shot("readme_panel")
    yield from click_main_button()
    yield from until(lambda: generating(), "Generate did not start", 10)
    yield from shot("started")
    shown = 0
    while (yield from another_preview(shown)):
        with stopped_worker():
            shown = len(TICKS.sizes)
            yield from shot(f"preview_{shown}")
    assert shown, "no preview came"
    yield from until_over("DONE")
    yield from shot("readme_result")
    yield from scaled(1.0)
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
        "seconds": made.flashvdm.seconds,
        "triangles": len(made.data.polygons),
        "triangles of the previews": list(TICKS.sizes),
        "progress": len(TICKS.fractions),
        "texts": list(TICKS.texts),
    }


def another_preview(shown: int) -> Steps[bool]:
    """Wait for more previews than `shown`; False when the generation ends without one."""
    yield from until(lambda: len(TICKS.sizes) > shown or not generating(), "the generation stands still", 1200)
    return generating()


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
    worker = SESSION.tasks.client.process_id
    settings().seed = 7
    heartbeat = Heartbeat()
    yield from click_main_button()
    yield from until(lambda: generating(), "Generate did not start", 10)
    heartbeat.start()
    yield from until_over("DONE")
    heartbeat.stop()
    assert SESSION.tasks.client.process_id == worker, "the worker was started again"
    REPORT["second generation"] = {
        "seconds": bpy.context.object.flashvdm.seconds,
        "longest time between two rounds of Blender's loop, s": round(heartbeat.longest_gap, 3),
    }
    yield from shot("second_result")


def made_of_quads() -> Steps[None]:
    """Quads in the place of triangles, with the colours of the image."""
    _, area, _ = gui.view3d()
    with in_view():
        bpy.ops.flashvdm.set_quads(target=3000, method="VOXELS")
    assert {len(face.vertices) for face in bpy.context.object.data.polygons} == {4}
    area.spaces.active.shading.color_type = "TEXTURE"
    yield from shot("quads_with_colours")
    area.spaces.active.shading.color_type = "MATERIAL"


def stopped(way: str) -> Steps[None]:
    """A generation that is stopped by the button or by the key leaves the scene as it was, at once."""
    before = content()
    yield from start_long()
    with stopped_worker():
        box = yield from main_button()
    if way == "cancel":
        pressed = yield from click(*box.centre)
    else:
        yield from move(*view_point())
        pressed = press("Escape")
    answered = yield from until(lambda: not previews(), f"{way} left the preview", 10)
    ended = yield from until(lambda: not generating(), f"{way} did not end the generation", 20)
    yield from shot(f"after_{way}")
    assert content() == before
    assert SESSION.tasks.job.state.name == "CANCELLED"
    assert answered - pressed < ANSWER_SECONDS, f"{way} took {answered - pressed:.2f} s"
    REPORT[way] = {
        "scene as before after, s": round(answered - pressed, 3),
        "ended after, s": round(ended - pressed, 3),
        "worker kept": SESSION.tasks.client.running,
    }


def disturbed_by_undo() -> Steps[None]:
    """Undo while it runs: what the user did before is undone, the preview stays alone, and the end is clean."""
    before = content()
    with in_view():
        bpy.ops.object.empty_add()
        bpy.ops.ed.undo_push(message="Add Empty")
    yield from start_long()
    with stopped_worker():
        yield from move(*view_point())
        press("ctrl+z")
        yield from until(lambda: "Empty" not in content()["objects"], "undo did nothing while it ran", 10)
        assert not previews(), "undo brought a preview back"
    yield from until_over("DONE")
    new = [name for name in content()["objects"] if name not in before["objects"]]
    assert len(new) == len(meshes()) - len(before["meshes"]) == 1, new
    press("ctrl+z")
    yield from until(lambda: content()["objects"] == before["objects"], "undo did not remove the result", 10)
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
    clear_scene()
    settings().steps = 0
    yield from gui.open_tab("Image to 3D")
    yield from click_main_button()
    yield from until(lambda: generating(), "Generate did not start after a file was opened", 10)
    yield from until_over("DONE")
    yield from shot("after_another_file")


def failures() -> Steps[None]:
    """A worker that is killed, and an image that is gone: what the panel says, and nothing in the scene."""
    before = content()
    yield from start_long()
    os.kill(SESSION.tasks.client.process_id, signal.SIGKILL)
    yield from until_over("FAILED")
    assert content() == before
    yield from shot("worker_killed")
    image = settings().image
    settings().image = str(TOUR / "a picture that is not there.png")
    yield from at_both_scales("missing_image")
    assert not generating(), "Generate cannot be pressed"
    assert content() == before
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


def unfold() -> Steps[None]:
    """Open the panel's closed parts, the lowest first, by their headers."""
    box = yield from main_button()
    for part in (4, 3, 2, 1, 0):
        yield from click(box.left + 40, box.bottom + 24 + 26 * part)
        yield 0.5


def start_long() -> Steps[None]:
    """Generate, and wait for the first preview of a generation that would go on for long."""
    TICKS.clear()
    settings().steps = ENOUGH_STEPS
    yield 0.3
    yield from click_main_button()
    yield from until(lambda: previews() or (SESSION.tasks.job and SESSION.tasks.job.over), "no preview came", 600)
    assert generating(), f"it ended too early: {SESSION.tasks.job.error}"


def click_main_button() -> Steps[None]:
    TICKS.clear()
    box = yield from main_button()
    yield from click(*box.centre)
    yield 0.2


def until_over(state: str) -> Steps[None]:
    yield from until(lambda: SESSION.tasks.job is not None and not generating(), "the generation did not end", 1200)
    job = SESSION.tasks.job
    assert job.state.name == state, f"{job.state.name}: {job.error}\n{job.details}"


class stopped_worker:  # noqa: N801 - used like a function
    """The worker stands still, so that what it showed last can be looked at."""

    def __enter__(self) -> None:
        self.process = SESSION.tasks.client.process_id
        os.kill(self.process, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        os.kill(self.process, signal.SIGCONT)


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
    return SESSION.tasks.generating
