"""Where a new object stands, and that it is seen."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import bpy
import pytest
from mathutils import Vector

from .conftest import Import, preferences


def made(image: str, **given: Any) -> bpy.types.Object:
    bpy.ops.flashvdm.generate(filepath=image, **given)
    return bpy.context.object


def test_a_new_object_stands_beside_the_default_cube_and_beside_others(worker: Callable[..., str], image: str) -> None:
    worker("good")
    bpy.ops.mesh.primitive_cube_add()
    first = made(image)
    assert first.location.x - 1 >= 1.1, "free of the cube, which goes to 1"
    assert tuple(first.location.yz) == (0, 0)
    second = made(image)
    assert second.location.x - first.location.x > 1.5, "the first is one wide"
    bpy.context.scene.cursor.location = (0, 20, 0)
    assert tuple(made(image).location) == (0, 20, 0)


def test_floors_rooms_and_what_is_hidden_are_no_obstacles(worker: Callable[..., str], image: str) -> None:
    worker("good")
    bpy.ops.mesh.primitive_plane_add(size=100)
    bpy.ops.mesh.primitive_cube_add(size=30)
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.hide_set(True)
    bpy.ops.object.camera_add()
    bpy.ops.mesh.primitive_cube_add(location=(0, 0, -1))
    assert tuple(made(image).location) == (0, 0, 0), "on top of the last cube"


def test_a_drop_stands_on_the_surface_under_the_pointer(extension: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    placement = extension("addon.scene.placement")
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.view_layer.update()
    monkeypatch.setattr(placement, "region_2d_to_origin_3d", lambda *_: Vector((0.5, -9, 10)))
    view = SimpleNamespace(RegionView3D=object)
    monkeypatch.setattr(placement, "bpy", SimpleNamespace(types=view))
    context = SimpleNamespace(
        region=object(), region_data=object(), scene=bpy.context.scene, space_data=SimpleNamespace(clip_end=100.0),
        evaluated_depsgraph_get=bpy.context.evaluated_depsgraph_get,
    )  # fmt: skip
    event = SimpleNamespace(mouse_region_x=1, mouse_region_y=1)

    def pointed(direction: tuple[float, float, float]) -> Any:
        monkeypatch.setattr(placement, "region_2d_to_vector_3d", lambda *_: Vector(direction).normalized())
        return placement.under_pointer(context, event)

    assert pointed((0, 9, -9)) == pytest.approx((0.5, 0, 1)), "on the cube"
    assert pointed((0, 1, -10)) == pytest.approx((0.5, -8, 0)), "on the floor"
    assert pointed((0, 1, 1)) is None


def test_textures_are_offered_once(worker: Callable[..., str], image: str, extension: Import) -> None:
    viewports = extension("addon.blender.viewports")
    spaces = [area.spaces.active for screen in bpy.data.screens for area in screen.areas if area.type == "VIEW_3D"]
    solid = next(space for space in spaces if viewports.hides_textures(space))
    solid.shading.color_type = "TEXTURE"
    assert not viewports.hides_textures(solid)
    worker("good")
    made(image)
    assert preferences().texture_shading == "ASK"
    bpy.ops.flashvdm.show_textures()
    assert preferences().texture_shading == "ALWAYS"
    bpy.ops.flashvdm.show_textures(show=False)
    assert preferences().texture_shading == "NEVER"
