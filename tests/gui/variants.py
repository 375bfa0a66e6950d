"""A chapter of the tour: an image is dropped, three variants line up, one of them is kept."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import bpy
import gui
from measure import content
from scene import in_view, meshes, shot
from screen import Steps, until


def dropped_image(session: Any, path: str) -> Steps[None]:
    """What Blender calls when a file is dropped on the viewport whose sidebar is closed: the tab opens, the mesh comes."""
    settings().image = ""
    _, area, _ = gui.view3d()
    area.spaces.active.show_region_ui = False
    with in_view():
        bpy.ops.flashvdm.drop_images("INVOKE_DEFAULT", directory=str(Path(path).parent), files=[{"name": Path(path).name}])
    assert settings().image == path
    assert session.tasks.generating, "the drop started nothing"
    yield from until(lambda: area.spaces.active.show_region_ui, "the tab did not open", 10)
    yield from shot("dropped_image")
    yield from until(lambda: not session.tasks.generating, "the dropped image gave no mesh", 1200)
    assert session.tasks.job.state.name == "DONE", session.tasks.job.error


def one_of_three(session: Any) -> Steps[None]:
    """Three seeds in a row, the middle one kept."""
    before = content()["objects"]
    with in_view():
        bpy.ops.flashvdm.generate_variants("INVOKE_DEFAULT", count=3)
    yield from until(lambda: session.tasks.queue.items[0].job.fraction > 0, "the queue stands still", 120)
    yield from shot("queue_of_variants")
    yield from until(lambda: not session.tasks.generating, "the variants did not come", 1200)
    states = [entry.job.state.name for entry in session.tasks.queue.items]
    assert states == ["DONE"] * 3, states
    row = sorted((obj for obj in meshes() if obj.name not in before), key=lambda obj: obj.location.x)
    assert len(row) == 3
    for left, right in itertools.pairwise(row):
        assert left.location.x + left.dimensions.x / 2 < right.location.x - right.dimensions.x / 2, "one stands in the other"
    with in_view():
        bpy.ops.view3d.view_selected()
        bpy.ops.object.select_all(action="DESELECT")
        bpy.context.view_layer.objects.active = row[1]
        row[1].select_set(True)
    name, place = row[1].name, tuple(row[0].location)
    yield from shot("three_variants")
    with in_view():
        bpy.ops.flashvdm.keep_variant("INVOKE_DEFAULT")
    yield 1.0
    assert [obj.name for obj in meshes() if obj.name not in before] == [name]
    assert tuple(bpy.data.objects[name].location) == place
    yield from shot("chosen_variant")


def settings() -> Any:
    return bpy.context.scene.flashvdm
