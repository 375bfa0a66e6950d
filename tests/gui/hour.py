"""An artist's first hour in Blender's real window, in English and in German: from a photograph to an exported mesh.

Run by `python build.py gui RUNNER --hour` (see `builder/gui.py`), which says in FLASHVDM_TOUR where the photograph and the
interpreter of the worker are. A fresh profile, the extension from its zip, the file that Blender starts with.

What is pressed with the mouse or a key: Escape, Paint Mask, Keep, Remove and the stroke, Generate, Show Textures, Quad Remesh,
Ctrl+Z, Delete, the button of the history's picture, Ctrl+J, Split into Parts, Export. By operators and settings: the drop, as
the X server knows of none, what closes the Image Editor and answers the file browser, the selection before Ctrl+J, Live Draft.

Fails where a call of the add-on computes for longer than `LONGEST`.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import bpy
import gui

TOUR = Path(os.environ["FLASHVDM_TOUR"])
sys.path.insert(0, str(TOUR))

from measure import Calls  # noqa: E402 - from the folder that was just named
from scene import browser, in_view, meshes, redraw, shot  # noqa: E402
from screen import Steps, button, click, drag, main_button, move, panel_titles, press, region_box, until, view_point, xdotool  # noqa: E402

ORDER: dict[str, str] = json.loads((TOUR / "order.json").read_text(encoding="utf-8"))
SESSION: Any = importlib.import_module(f"{gui.extension}.addon.session.session").session
CUTOUTS: Any = importlib.import_module(f"{gui.extension}.addon.session.cutouts")
MASKS: Any = importlib.import_module(f"{gui.extension}.addon.scene.masks")
CALLS = Calls(gui.extension)
REPORT: dict[str, Any] = {}

LONGEST = 100.0
"""Milliseconds that no call of the add-on may compute for on Blender's main thread, Blender's own import apart."""
LANGUAGES = {"en": ("en_US", "DEFAULT"), "de": ("de_DE", "de")}
"""What a picture's name begins with -> Blender's names of the language, of which it knows one."""
PANELS = ("Settings", "Multi-View", "Active Result", "Mesh", "History", "Advanced")
STROKE = ((0.30, 0.20), (0.42, 0.16), (0.55, 0.15), (0.68, 0.20))
"""What is taken away of the photograph, as shares of it from its lower left: the saucer's front."""


def main() -> Steps[None]:
    """The hour, once in each language that this Blender has."""
    CALLS.install(SESSION)
    try:
        for prefix, names in LANGUAGES.items():
            if not set_language(names):
                REPORT[prefix] = "this Blender has not the language"
                continue
            began = time.perf_counter()
            yield from hour(prefix)
            REPORT[prefix] = {**REPORT.get(prefix, {}), "whole hour, s": round(time.perf_counter() - began, 1)}
    finally:
        REPORT["longest calls, ms"] = CALLS.report()
        Path(gui.out, "report.json").write_text(json.dumps(REPORT, indent=1), encoding="utf-8")
        print(json.dumps(REPORT, indent=1), flush=True)
    late = {name: own for name, own in CALLS.own.items() if own > LONGEST}
    assert not late, f"calls of the add-on that took longer than {LONGEST:.0f} ms: {late}"


def set_language(names: tuple[str, ...]) -> bool:
    """Show Blender in a language by one of its names; whether it has it. One without any translations speaks English."""
    view = bpy.context.preferences.view
    for name in names:
        try:
            view.language = name
        except TypeError:
            continue
        view.use_translate_interface = view.use_translate_tooltips = view.use_translate_reports = True
        return True
    return "en_US" in names


def hour(prefix: str) -> Steps[None]:
    """All of it in one language."""

    def look(name: str) -> Steps[None]:
        yield from shot(f"{prefix}_{name}")

    bpy.ops.wm.read_homefile()
    preferences().python = ORDER["python"]
    preferences().property_unset("texture_shading")
    yield 2.0
    yield from look("01_start")
    yield from dropped(look)
    yield from corrected(look)
    made = yield from generated(look, prefix)
    yield from in_quads(look, made, prefix)
    yield from back_from_history(look, made)
    yield from split(look)
    yield from exported(look, prefix)
    yield from drafted(look, prefix)


def dropped(look: Any) -> Steps[None]:
    """The photograph is dropped on the viewport whose sidebar is closed: the tab opens, and it begins. Escape ends that."""
    path = Path(ORDER["image"])
    _, area, _ = gui.view3d()
    assert not area.spaces.active.show_region_ui
    yield from move(*view_point())
    with in_view():
        bpy.ops.flashvdm.drop_images("INVOKE_DEFAULT", directory=str(path.parent), files=[{"name": path.name}])
    yield from until(lambda: area.spaces.active.show_region_ui, "the tab did not open", 20)
    yield 1.0
    yield from look("02_dropped")
    press("Escape")
    yield from until(lambda: not SESSION.tasks.generating, "Escape did not end it", 60)
    yield from until(lambda: CUTOUTS.guess_of(str(path)) is not None, "no cut-out came", 120)
    yield from until(lambda: not CUTOUTS.is_coming(str(path)), "the cut-out did not end", 120)
    redraw()
    yield from look("03_cut_out")
    assert len(meshes()) == 1, "the cube alone"


def corrected(look: Any) -> Steps[None]:
    """Paint Mask, one stroke that removes; the masked image follows."""
    box = yield from button("flashvdm.paint_mask", region_box("UI"))
    yield from click(*box.centre)
    yield from until(lambda: editor() is not None, "the Image Editor did not open", 20)
    yield 3.0
    brush = bpy.context.tool_settings.image_paint.brush
    assert brush.blend == "ERASE_ALPHA", "the brush paints, and does not remove"
    box = yield from button("flashvdm.mask_brush", region_box("UI", "IMAGE_EDITOR"), "keep=True")
    yield from click(*box.centre)
    yield from until(lambda: brush.blend == "ADD_ALPHA", "Keep does nothing", 10)
    box = yield from button("flashvdm.mask_brush", region_box("UI", "IMAGE_EDITOR"), "keep=False")
    yield from click(*box.centre)
    yield from until(lambda: brush.blend == "ERASE_ALPHA", "Remove does nothing", 10)
    yield from look("04_mask")
    yield from drag([on_image(*place) for place in STROKE])
    yield from until(lambda: MASKS.strokes_of(ORDER["image"]) is not None, "the stroke left nothing", 30)
    yield 4.0
    yield from until(lambda: not CUTOUTS.is_coming(ORDER["image"]), "the cut-out did not end", 120)
    yield from look("05_stroke")
    window = bpy.context.window_manager.windows[0]
    with bpy.context.temp_override(window=window, area=editor()):
        bpy.ops.screen.area_close()
    yield 2.0


def generated(look: Any, prefix: str) -> Steps[Any]:
    """Generate; 40,000 triangles with a texture, beside the cube and free of the sidebar; texture colour by one button."""
    box = yield from main_button()
    yield from click(*box.centre)
    yield from until(lambda: SESSION.tasks.generating, "Generate did not start", 20)
    yield 3.0
    yield from look("06_under_way")
    yield from until(lambda: not SESSION.tasks.generating, "the generation did not end", 1200)
    job = SESSION.tasks.job
    assert job.state.name == "DONE", f"{job.error}\n{job.details}"
    made, cube = bpy.context.object, bpy.data.objects["Cube"]
    yield from look("07_mesh")
    REPORT[prefix] = {"generation, s": round(job.seconds, 1), "faces": len(made.data.polygons)}
    assert 30_000 < len(made.data.polygons) <= 40_000
    assert made.data.materials
    assert apart(made, cube), "it stands in the cube"
    box = yield from button("flashvdm.show_textures", region_box("UI"), "()")
    yield from click(*box.centre)
    yield 1.5
    _, area, _ = gui.view3d()
    assert area.spaces.active.shading.color_type == "TEXTURE"
    yield from look("08_colours")
    return made.name


def in_quads(look: Any, name: str, prefix: str) -> Steps[None]:
    """Quad Remesh in the Mesh panel, and Ctrl+Z."""
    yield from unfold("Mesh")
    yield from look("09_mesh_panel")
    faces, painted = len(bpy.data.objects[name].data.polygons), MASKS.strokes_of(ORDER["image"])
    assert painted is not None, "the strokes are gone"
    box = yield from button("flashvdm.set_quads", region_box("UI"))
    yield from click(*box.centre)
    yield from until(lambda: SESSION.tasks.generating, "Quad Remesh did not start", 20)
    yield from until(lambda: not SESSION.tasks.generating, "Quad Remesh did not end", 600)
    assert SESSION.tasks.job.state.name == "DONE", SESSION.tasks.job.error
    assert len(bpy.data.objects[name].data.loops) == 4 * len(bpy.data.objects[name].data.polygons)
    yield from look("10_quads")
    yield from move(*view_point())
    press("ctrl+z")
    yield from until(lambda: len(bpy.data.objects[name].data.polygons) == faces, "undo did not bring the triangles back", 20)
    yield 2.0
    kept = MASKS.strokes_of(ORDER["image"])
    REPORT[prefix]["strokes kept through undo"] = bool(kept is not None and (kept == painted).all())
    yield from look("11_undone")


def back_from_history(look: Any, name: str) -> Steps[None]:
    """The object is deleted, and comes back by its picture in the history."""
    yield from move(*view_point())
    press("Delete")
    yield from until(lambda: name not in bpy.context.scene.objects, "the object was not deleted", 20)
    yield from unfold("Mesh")  # fold it
    yield from unfold("History")
    yield from look("12_history")
    box = yield from button("flashvdm.history_show", region_box("UI"))
    yield from click(*box.centre)
    yield from until(lambda: name in bpy.context.scene.objects, "the history did not bring it back", 60)
    yield from look("13_back")
    yield from unfold("History")


def split(look: Any) -> Steps[None]:
    """Split into Parts: of the mesh and the cube, which are joined before by Ctrl+J."""
    bpy.data.objects["Cube"].select_set(True)
    yield from move(*view_point())
    press("ctrl+j")
    yield from until(lambda: len(meshes()) == 1, "the two were not joined", 20)
    yield from unfold("Mesh")
    box = yield from button("flashvdm.split_parts", region_box("UI"))
    yield from click(*box.centre)
    yield from until(lambda: len(meshes()) == 2, "it is no two parts", 30)
    assert all(len(obj.data.materials) for obj in meshes()), "a part has lost its material"
    yield from look("14_parts")


def exported(look: Any, prefix: str) -> Steps[None]:
    """Export…, and the file browser behind it: a .glb with the texture, and nothing of this machine in it."""
    bpy.context.preferences.view.filebrowser_display_type = "SCREEN"
    box = yield from button("flashvdm.export", region_box("UI"))
    yield from click(*box.centre)
    yield from until(lambda: browser() is not None and browser().params is not None, "no file browser opened", 20)
    browser().params.directory = gui.out.encode()
    browser().params.filename = f"{prefix}.glb"
    yield 2.0
    gui.shot(f"{prefix}_15_export")
    window = bpy.context.window_manager.windows[0]
    with bpy.context.temp_override(window=window, area=next(area for area in window.screen.areas if area.type == "FILE_BROWSER")):
        bpy.ops.file.execute()
    path = Path(gui.out, f"{prefix}.glb")
    yield from until(path.exists, "no file was written", 60)
    yield 2.0
    content = path.read_bytes()
    assert content[:4] == b"glTF"
    assert b"image/png" in content
    assert str(TOUR).encode() not in content
    path.unlink()
    yield from look("16_exported")


def drafted(look: Any, prefix: str) -> Steps[None]:
    """Live Draft: how long after a change of the seed the coarse mesh is there anew, by the clock of this machine."""
    settings = bpy.context.scene.flashvdm
    settings.live = True
    yield from until(lambda: drafts() and not SESSION.tasks.queue.next, "no draft came", 300)
    times = []
    for seed in (1, 2):
        before = drafts()[0].data.session_uid
        settings.seed = seed
        began = time.perf_counter()
        yield from until(lambda before=before: drafts() and drafts()[0].data.session_uid != before, "the draft stands still", 300)
        times.append(round(time.perf_counter() - began, 2))
    yield from scroll(4)
    yield from look("17_live_draft")
    REPORT[prefix]["draft renewed after, s"] = times
    settings.live = False
    yield from until(lambda: not drafts(), "the draft stays", 30)


def unfold(panel: str) -> Steps[None]:
    """Press the header of one of the panels below the button: it opens, or closes. Scrolls to the end of what is there then."""
    sidebar = region_box("UI")
    yield from scroll(4)
    queue = ("Queue",) if bpy.types.FLASHVDM_PT_queue.poll(bpy.context) else ()
    titles = yield from panel_titles(sidebar)
    box = titles[("Image to 3D", *queue, *PANELS).index(panel)]
    yield from click(*box.centre)
    yield 1.0
    yield from scroll(5)


def scroll(wheel: int) -> Steps[None]:
    """Turn the wheel over the sidebar, to its beginning (button 4) or its end (5)."""
    yield from move(*region_box("UI").centre)
    xdotool("click", "--repeat", 30, "--delay", 20, wheel)
    yield 1.0


def editor() -> Any:
    """The Image Editor of the window, or None."""
    areas = bpy.context.window_manager.windows[0].screen.areas
    return next((area for area in areas if area.type == "IMAGE_EDITOR"), None)


def on_image(x: float, y: float) -> tuple[int, int]:
    """Where on the screen a place of the image in the Image Editor is, given as shares of it from its lower left."""
    area = editor()
    region = next(region for region in area.regions if region.type == "WINDOW")
    column, row = region.view2d.view_to_region(x, y, clip=False)
    window = bpy.context.window_manager.windows[0]
    return region.x + int(column), window.height - (region.y + int(row))


def apart(one: Any, other: Any) -> bool:
    """The boxes of two objects do not meet."""
    boxes = [[obj.matrix_world @ type(obj.location)(corner) for corner in obj.bound_box] for obj in (one, other)]
    low, high = ([[pick(corner[axis] for corner in box) for axis in range(3)] for box in boxes] for pick in (min, max))
    return any(high[a][axis] <= low[b][axis] + 1e-3 for a, b in ((0, 1), (1, 0)) for axis in range(3))


def drafts() -> list[Any]:
    """The object of the live draft."""
    return [obj for obj in bpy.data.objects if obj.name.startswith("Live Draft")]


def preferences() -> Any:
    return bpy.context.preferences.addons[gui.extension].preferences
