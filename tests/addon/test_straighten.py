"""Straighten: objects stand as they were seen until their footprint is turned to the axes."""

from __future__ import annotations

from math import radians

import bpy
import pytest
from mathutils import Matrix

from .conftest import Import


def box(name: str, degrees: float) -> bpy.types.Object:
    """A box of 4 x 2 x 1, turned about the vertical."""
    mesh = bpy.data.meshes.new(name)
    corners = [(x, y, z) for x in (-2, 2) for y in (-1, 1) for z in (0, 1)]
    mesh.from_pydata(corners, [], [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)])
    obj = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(obj)
    obj.matrix_basis = Matrix.Translation((3, 4, 5)) @ Matrix.Rotation(radians(degrees), 4, "Z")
    return obj


def footprint(obj: bpy.types.Object) -> tuple[float, float]:
    bpy.context.view_layer.update()
    corners = [obj.matrix_world @ vertex.co for vertex in obj.data.vertices]
    return tuple(max(c[axis] for c in corners) - min(c[axis] for c in corners) for axis in (0, 1))


@pytest.mark.parametrize("degrees", [0, 17, -30, 100])
def test_selected_objects_stand_straight_where_they_stood(extension: Import, degrees: float) -> None:
    extension("addon")
    obj = box("Straight", degrees)
    for other in bpy.context.selected_objects:
        other.select_set(False)
    obj.select_set(True)
    bpy.context.view_layer.objects.active = obj
    assert bpy.ops.flashvdm.straighten() == ({"FINISHED"} if degrees else {"CANCELLED"})
    assert sorted(footprint(obj)) == pytest.approx([2, 4], abs=0.01)
    assert tuple(obj.matrix_world.translation) == pytest.approx((3, 4, 5))
    assert bpy.ops.flashvdm.straighten() == {"CANCELLED"}, "it stands straight already"
    bpy.data.objects.remove(obj)


def test_a_new_object_and_a_child_stay_where_they_are(extension: Import) -> None:
    straighten = extension("addon.scene.straighten").straighten
    new = box("New", 25)
    assert straighten(new) == pytest.approx(radians(-25), abs=0.01), "before Blender has looked at it"
    assert sorted(footprint(new)) == pytest.approx([2, 4], abs=0.01)
    assert tuple(new.matrix_world.translation) == pytest.approx((3, 4, 5))
    parent, child = bpy.data.objects.new("Parent", None), box("Child", 0)
    bpy.context.scene.collection.objects.link(parent)
    child.parent, parent.rotation_euler.z, parent.location = parent, radians(30), (1, 1, 1)
    bpy.context.view_layer.update()
    before = tuple(child.matrix_world.translation)
    assert straighten(child) == pytest.approx(radians(-30), abs=0.01)
    assert sorted(footprint(child)) == pytest.approx([2, 4], abs=0.01)
    assert tuple(child.matrix_world.translation) == pytest.approx(before)
    for obj in (new, child, parent):
        bpy.data.objects.remove(obj)


def test_a_result_stands_straight_where_it_was_put(extension: Import) -> None:
    """As `Straighten` is switched on: right after the object was made."""
    placement = extension("addon.scene.placement").Placement(
        "Placed", extension("addon.scene.mesh_builder").Size(2.0), (7, 8, 9), True
    )
    pending = extension("addon.scene.pending")
    new = pending.NewObject(placement, bpy.context.scene, bpy.context.scene.collection).create(box("Source", 40).data)
    new.rotation_euler.z = radians(40)
    extension("addon.scene.straighten").straighten(new)
    assert sorted(footprint(new)) == pytest.approx([2, 4], abs=0.01)
    assert tuple(new.matrix_world.translation) == pytest.approx((7, 8, 9))
    for name in ("Placed", "Source"):
        bpy.data.objects.remove(bpy.data.objects[name])
