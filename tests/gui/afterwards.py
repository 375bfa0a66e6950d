"""A chapter of the tour: a result goes through a saved file, and is made again and changed there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import bpy
import gui
from scene import in_view, shot
from screen import Steps, until

FINER = 128
"""Resolution of the changed mesh."""


def saved_and_reloaded() -> Steps[None]:
    """The file is saved and opened again: the result and its history are there."""
    kept = bpy.context.object.name
    path = str(Path(gui.out) / "kept.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    yield 2.0
    Path(path).unlink()
    assert bpy.context.view_layer.objects.active == bpy.data.objects[kept]
    assert bpy.context.scene.flashvdm_history.entries


def again_from_history(session: Any) -> Steps[None]:
    """The entry that is chosen in the history makes the same mesh once more."""
    before = bpy.context.object
    with in_view():
        bpy.ops.flashvdm.history_generate("INVOKE_DEFAULT")
    yield from until(lambda: not session.tasks.generating, "the history's mesh did not come", 600)
    again = bpy.context.object
    assert again != before
    assert again.flashvdm.seed == before.flashvdm.seed
    assert [tuple(vertex.co) for vertex in again.data.vertices] == [tuple(vertex.co) for vertex in before.data.vertices]
    bpy.data.objects.remove(before)
    yield from gui.open_tab("Image to 3D")
    yield from shot("from_history")


def finer_afterwards(session: Any) -> Steps[float]:
    """Update Mesh: the same object at another resolution, without new sampling. Returns the seconds it took."""
    obj = bpy.context.object
    place, faces = tuple(obj.location), len(obj.data.polygons)
    with in_view():
        bpy.ops.flashvdm.remesh("INVOKE_DEFAULT", resolution=FINER)
    start = time.monotonic()
    yield from until(lambda: not session.tasks.generating, "the changed mesh did not come", 600)
    seconds = time.monotonic() - start
    assert bpy.context.object == obj
    assert tuple(obj.location) == place
    assert len(obj.data.polygons) > faces
    yield from shot("changed_afterwards")
    return seconds
