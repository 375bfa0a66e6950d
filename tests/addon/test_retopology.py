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


@pytest.mark.parametrize("method", ["FLOW", "VOXELS"])
@pytest.mark.parametrize("closed", [True, False])
def test_quads_keep_what_the_artist_put_on_the_mesh(ball: bpy.types.Object, method: str, closed: bool) -> None:
    """Vertex groups, colour attributes of either kind, and which face has which material."""
    mesh = ball.data
    if not closed:
        bpy.ops.object.mode_set(mode="EDIT")
        bpy.ops.mesh.select_all(action="DESELECT")
        bpy.ops.object.mode_set(mode="OBJECT")
        mesh.polygons[0].select = True
        bpy.ops.object.mode_set(mode="EDIT")
        bpy.ops.mesh.delete(type="ONLY_FACE")
        bpy.ops.object.mode_set(mode="OBJECT")
    ball.vertex_groups.new(name="Arm").add([vertex.index for vertex in mesh.vertices if vertex.co.z > 0], 1.0, "ADD")
    for name, kind, domain in (("Paint", "FLOAT_COLOR", "POINT"), ("Old", "BYTE_COLOR", "CORNER")):
        colours = mesh.color_attributes.new(name, kind, domain)
        for at, element in enumerate(colours.data):
            vertex = at if domain == "POINT" else mesh.loops[at].vertex_index
            element.color = (1, 0, 0, 1) if mesh.vertices[vertex].co.z > 0 else (0, 0, 1, 1)
    for name in ("Upper", "Lower"):
        mesh.materials.append(bpy.data.materials.new(name))
    for face in mesh.polygons:
        face.material_index = int(face.center.z < 0)
    bpy.ops.flashvdm.set_quads(target=600, method=method)
    mesh = ball.data
    assert corners(ball) == {4}
    assert [group.name for group in ball.vertex_groups] == ["Arm"]
    assert {colours.name for colours in mesh.color_attributes} == {"Paint", "Old"}
    above = np.array([vertex.co.z > 0 for vertex in mesh.vertices])
    red = np.array([element.color[0] > 0.5 for element in mesh.color_attributes["Paint"].data])
    grouped = np.array([any(group.weight > 0.5 for group in vertex.groups) for vertex in mesh.vertices])
    assert (red == above).mean() > 0.9
    assert (grouped == above).mean() > 0.9
    assert np.mean([(face.material_index == 1) == (face.center.z < 0) for face in mesh.polygons]) > 0.9


def test_the_buttons_say_why_they_cannot_be_pressed(ball: bpy.types.Object) -> None:
    bpy.ops.object.mode_set(mode="EDIT")
    assert not bpy.ops.flashvdm.set_quads.poll()
    bpy.ops.object.mode_set(mode="OBJECT")
    assert bpy.ops.flashvdm.set_quads.poll()
    bpy.ops.object.select_all(action="DESELECT")
    bpy.context.view_layer.objects.active = None
    assert not bpy.ops.flashvdm.set_triangles.poll()
