"""From the zip to a real model in Blender's real window, as somebody would who has just installed it: clicks, and pictures.

Run by `python build.py gui RUNNER --install BUNDLE` (see `builder/gui.py`), which says in FLASHVDM_TOUR where the image, the
folder for Set Up and the hub are. The profile is fresh: nothing but the zip is installed.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import gui

TOUR = Path(os.environ["FLASHVDM_TOUR"])
sys.path.insert(0, str(TOUR))

from scene import in_view, meshes, prepare_view, redraw, shot  # noqa: E402 - from the folder that was just named
from screen import Steps, click, main_button, move, press, until, view_point  # noqa: E402

ORDER: dict[str, str] = json.loads((TOUR / "order.json").read_text(encoding="utf-8"))
SESSION: Any = importlib.import_module(f"{gui.extension}.addon.session.session").session
INTERPRETER: Any = importlib.import_module(f"{gui.extension}.addon.session.interpreter")
REPORT: dict[str, Any] = {}

INDEX_BUILD = "linux-x64-cu130"
"""The list whose packages are all on the general index: a machine without PyTorch's own can have it, too."""
SET_UP_SECONDS = 1800.0
MODELS = ("hunyuan3d-dit-v2-0-turbo", "hunyuan3d-dit-v2-mv-turbo")
FOLDERS = ("hunyuan3d-dit-v2-1", "TripoSG")
TAB = "Image to 3D"


def main() -> Steps[None]:
    """The whole way."""
    try:
        prepare_view()
        yield from gui.open_tab(TAB)
        yield from shot("1_nothing_is_set_up")
        bpy.context.scene.flashvdm.image = ORDER["image"]  # Open Image would be the larger button
        yield from set_up("from the index", offer_from_index)
        yield from generate("3_built_in_model")
        yield from removed()
        yield from set_up("from a folder", offer_from_folder)
        yield from generate("5_built_in_model_again")
        for name in MODELS:
            yield from get(name)
            yield from generate(f"7_{name}")
        for name in FOLDERS:
            bpy.context.scene.flashvdm.model = str(TOUR / "models" / name)
            yield from generate(f"8_{name}")
    finally:
        Path(gui.out, "report.json").write_text(json.dumps(REPORT, indent=1), encoding="utf-8")


def set_up(way: str, offer: Callable[[], Steps[None]]) -> Steps[None]:
    """Ask what it would do, agree by a click, and wait until it is tried out."""
    began = time.perf_counter()
    yield from offer()
    yield from until(lambda: SESSION.set_up.offer is not None or SESSION.set_up.error, "Set Up offers nothing", 120)
    assert SESSION.set_up.offer is not None, SESSION.set_up.error
    offered = SESSION.set_up.offer.download
    yield from shot(f"2_offer_{way.replace(' ', '_')}")
    button = yield from main_button()
    yield from click(*button.centre)
    yield from until(lambda: SESSION.set_up.working, "Set Up did not begin", 20)
    began_work = time.perf_counter()
    yield 2.0
    yield from shot(f"2_under_way_{way.replace(' ', '_')}")
    yield from until(lambda: not SESSION.set_up.running, "Set Up did not end", SET_UP_SECONDS)
    assert not SESSION.set_up.error, SESSION.set_up.error
    installed = INTERPRETER.home().installed()
    assert installed is not None
    yield from shot(f"2_set_up_{way.replace(' ', '_')}")
    REPORT[f"set up {way}"] = {
        "offered, MB": round(offered / 1e6),
        "seconds": round(time.perf_counter() - began_work, 1),
        "seconds with the question": round(time.perf_counter() - began, 1),
        "PyTorch": installed.torch,
        "device": installed.device,
    }


def offer_from_index() -> Steps[None]:
    """Set Up's button first; what it offers this machine is looked at, and the list that the general index has is asked for."""
    button = yield from main_button()
    yield from click(*button.centre)
    yield from until(lambda: SESSION.set_up.offer is not None or SESSION.set_up.error, "Set Up offers nothing", 120)
    yield from shot("2_offer_of_the_button")
    assert SESSION.set_up.offer is not None, SESSION.set_up.error
    REPORT["offered by the button"] = [SESSION.set_up.offer.label, *SESSION.set_up.offer.items]
    SESSION.set_up.cancel()
    with in_view():
        bpy.ops.flashvdm.set_up("INVOKE_DEFAULT", build=INDEX_BUILD)


def offer_from_folder() -> Steps[None]:
    """From Folder, as if the file browser had answered."""
    yield 0.1
    with in_view():
        bpy.ops.flashvdm.set_up_from_folder(directory=ORDER["bundle"])


def removed() -> Steps[None]:
    """Remove it: the panel offers Set Up again."""
    with in_view():
        bpy.ops.flashvdm.set_up_remove()
    yield from until(lambda: not SESSION.set_up.running, "Remove did not end", 120)
    assert INTERPRETER.home().installed() is None
    redraw()
    yield from shot("4_removed")


def get(name: str) -> Steps[None]:
    """A model: its licence read and accepted, downloaded from the hub, and chosen by that."""
    addon = bpy.context.preferences.addons[gui.extension].preferences
    addon.hub = ORDER["hub"]
    yield from move(*view_point())  # a menu opens under the mouse
    bpy.ops.wm.call_menu("INVOKE_DEFAULT", name="FLASHVDM_MT_models")
    yield 1.5
    gui.shot("6_model_menu")
    press("Escape")
    yield 0.5
    with in_view():
        bpy.ops.flashvdm.model_get("INVOKE_DEFAULT", model=name)
    yield from until(lambda: not SESSION.models.running, "the licence did not come", 60)
    assert SESSION.models.stage == "asking", SESSION.models.error
    yield from shot(f"6_{name}_asks")
    with in_view():
        bpy.ops.flashvdm.model_licence()
    yield 1.5
    gui.shot(f"6_{name}_licence")
    close_other_windows()
    yield 0.5
    with in_view():
        bpy.ops.flashvdm.model_accept()
    yield from until(lambda: not SESSION.models.running, "the model did not come", 120)
    assert SESSION.models.stage == "done", SESSION.models.error
    assert bpy.context.scene.flashvdm.model.endswith(name)
    yield from shot(f"6_{name}_is_here")


def generate(picture: str) -> Steps[None]:
    """Generate by a click; the mesh comes."""
    before = len(meshes())
    redraw()
    yield 1.0
    button = yield from main_button()
    yield from click(*button.centre)
    yield from until(lambda: SESSION.tasks.generating, "Generate did not start", 20)
    yield from until(lambda: not SESSION.tasks.generating, "the generation did not end", 600)
    job = SESSION.tasks.job
    assert job.state.name == "DONE", f"{job.error}\n{job.details}"
    assert len(meshes()) == before + 1
    yield from shot(picture)
    made = bpy.context.object
    REPORT[picture] = {"model": made.flashvdm.model, "seconds": round(made.flashvdm.seconds, 1), "faces": len(made.data.polygons)}


def close_other_windows() -> None:
    """But for the first."""
    for window in list(bpy.context.window_manager.windows)[1:]:
        with bpy.context.temp_override(window=window):
            bpy.ops.wm.window_close()
