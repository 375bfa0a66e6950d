"""Another number of faces, and quads, in real Blender."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np
import pytest

from .conftest import Import, content


@pytest.fixture
def ball(extension: Import) -> bpy.types.Object:
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=5, radius=0.01)  # 5120 triangles, 2 cm
    bpy.ops.ed.undo_push(message="Ball")
    return bpy.context.object


def corners(obj: bpy.types.Object) -> set[int]:
    return {len(face.vertices) for face in obj.data.polygons}


@pytest.mark.parametrize("target", [1000, 5000, 9000, 50_000])
def test_any_number_of_triangles_is_met(ball: bpy.types.Object, target: int) -> None:
    assert bpy.ops.flashvdm.set_triangles(target=target) == {"FINISHED"}
    assert len(ball.data.loops) - 2 * len(ball.data.polygons) == pytest.approx(target, rel=0.02)
    radii = [vertex.co.length for vertex in ball.data.vertices]
    assert np.mean(radii) == pytest.approx(0.01, rel=0.02)
    assert not ball.modifiers


@pytest.mark.parametrize("method", ["FLOW", "VOXELS"])
def test_quads_even_of_a_tiny_object(ball: bpy.types.Object, method: str) -> None:
    assert bpy.ops.flashvdm.set_quads(target=600, method=method) == {"FINISHED"}
    assert corners(ball) == {4}
    assert len(ball.data.polygons) == pytest.approx(600, rel=0.35)
    assert ball.dimensions.x == pytest.approx(0.02, rel=0.05)
    assert all(face.use_smooth for face in ball.data.polygons)


def test_a_mesh_that_quadriflow_refuses_becomes_quads_all_the_same(extension: Import) -> None:
    bpy.ops.mesh.primitive_monkey_add()
    vertices, faces = len(bpy.context.object.data.vertices), len(bpy.context.object.data.polygons)
    assert not extension("addon.scene.retopology").is_closed(bpy.context.object.data)
    assert bpy.ops.flashvdm.set_quads(target=2000) == {"FINISHED"}
    assert (len(bpy.context.object.data.vertices), len(bpy.context.object.data.polygons)) != (vertices, faces)
    assert corners(bpy.context.object) == {4}


def test_it_is_one_undo_step(ball: bpy.types.Object) -> None:
    name, before = ball.name, content()
    bpy.ops.flashvdm.set_quads("EXEC_DEFAULT", True, target=600, method="VOXELS")
    bpy.ops.ed.undo()
    assert len(bpy.data.objects[name].data.polygons) == 5120
    assert content() == before


def test_the_colours_stay(worker: Callable[..., str], image: str) -> None:
    worker("good")
    bpy.ops.flashvdm.generate(filepath=image)
    obj, before = bpy.context.object, content()
    bpy.ops.flashvdm.set_triangles(target=500)
    bpy.ops.flashvdm.set_quads(target=300, method="VOXELS")
    assert len(obj.data.materials) == 1
    assert len(obj.data.uv_layers) == 1
    assert content() == before


def test_vertex_groups_are_kept_or_said_to_be_lost(ball: bpy.types.Object, capfd: pytest.CaptureFixture[str]) -> None:
    ball.vertex_groups.new(name="Arm").add([0, 1, 2], 1.0, "ADD")
    bpy.ops.flashvdm.set_quads(target=600, method="VOXELS")
    assert [group.name for group in ball.vertex_groups] == ["Arm"]
    assert "lost" not in capfd.readouterr().out
    bpy.ops.flashvdm.set_quads(target=600, method="FLOW")
    assert not ball.vertex_groups
    assert "The vertex groups are lost; Voxel keeps them" in capfd.readouterr().out


def test_the_buttons_say_why_they_cannot_be_pressed(ball: bpy.types.Object) -> None:
    bpy.ops.object.mode_set(mode="EDIT")
    assert not bpy.ops.flashvdm.set_quads.poll()
    bpy.ops.object.mode_set(mode="OBJECT")
    assert bpy.ops.flashvdm.set_quads.poll()
    bpy.ops.object.select_all(action="DESELECT")
    bpy.context.view_layer.objects.active = None
    assert not bpy.ops.flashvdm.set_triangles.poll()
