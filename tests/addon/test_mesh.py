"""From arrays to a Blender mesh, in real Blender."""

from __future__ import annotations

import time

import bpy
import numpy as np
import pytest

from flashvdm_core.api.mesh import MeshEdges, TriangleMesh
from flashvdm_core.geometry.edges import with_edges

from .conftest import Import

TETRAHEDRON = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], np.float32)
FACES = np.array([(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)], np.int32)


def made(extension: Import, faces: np.ndarray, vertices: np.ndarray = TETRAHEDRON) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new("Made")
    builder = extension("addon.scene.mesh_builder")
    for _ in builder.fill_in_slices(lambda: mesh, TriangleMesh(vertices, faces), builder.Size(1.0)):
        pass
    return mesh


def torus(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Vertices [size^2, 3] and triangles [2 size^2, 3]."""
    i, j = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    a, b = i * (2 * np.pi / size), j * (2 * np.pi / size)
    vertices = np.stack(((1 + 0.3 * np.cos(b)) * np.cos(a), 0.3 * np.sin(b), (1 + 0.3 * np.cos(b)) * np.sin(a)), axis=-1)
    corners = [(i + k) % size * size + (j + m) % size for k, m in ((0, 0), (1, 0), (1, 1), (0, 1))]
    faces = [np.stack([corners[k] for k in three], axis=-1).reshape(-1, 3) for three in ((0, 2, 1), (0, 3, 2))]
    return vertices.reshape(-1, 3).astype(np.float32), np.concatenate(faces).astype(np.int32)


def test_every_corner_and_edge_arrives(extension: Import) -> None:
    mesh = made(extension, FACES)
    assert [tuple(face.vertices) for face in mesh.polygons] == [tuple(face) for face in FACES]
    assert len(mesh.edges) == 6
    assert not mesh.validate()


def test_faces_that_blender_does_not_allow_are_left_out(extension: Import) -> None:
    for extra in ((1, 1, 2), (1, 2, 1), (2, 1, 1), (1, 2, 0), (3, 2, 1)):
        mesh = made(extension, np.vstack((FACES, [extra])).astype(np.int32))
        assert not mesh.validate(), f"{extra} was left in"
        assert len(mesh.polygons) == 4


def test_a_mesh_without_anything_can_be_made(extension: Import) -> None:
    mesh = made(extension, FACES[:0], TETRAHEDRON[:0])
    assert (len(mesh.vertices), len(mesh.edges), len(mesh.polygons)) == (0, 0, 0)


def test_sharp_edges_are_those_that_blender_finds(extension: Import) -> None:
    mesh = made(extension, *reversed(torus(7)))
    found = [edge.use_edge_sharp for edge in mesh.edges]
    assert 0 < sum(found) < len(found)
    mesh.set_sharp_from_angle(angle=extension("addon.scene.mesh_builder").SMOOTH_ANGLE)
    assert [edge.use_edge_sharp for edge in mesh.edges] == found


def test_a_large_mesh_is_made_in_short_steps_and_like_a_small_one(extension: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = extension("addon.scene.mesh_builder")
    monkeypatch.setattr(builder, "_FACES_AT_ONCE", 100)
    vertices, faces = torus(300)
    source = with_edges(TriangleMesh(vertices, faces))
    mesh = bpy.data.meshes.new("Large")
    steps, longest = builder.fill_in_slices(lambda: mesh, source, builder.Size(1.0)), 0.0
    while True:
        start = time.thread_time()
        if next(steps, steps) is steps:
            break
        longest = max(longest, time.thread_time() - start)
    assert longest < 0.1, "by far less than the whole; the window's tour measures it"
    assert len(mesh.polygons) == 180_000
    assert not mesh.validate()
    assert tuple(mesh.polygons[179_999].vertices) == tuple(faces[-1])


DAMAGES = (
    "an edge of one vertex",
    "a doubled edge",
    "corners on other edges",
    "an edge that nothing uses",
    "a face with one vertex twice",
    "a face twice",
    "faces that were exchanged",
)


@pytest.mark.parametrize("damage", DAMAGES)
def test_edges_that_are_not_those_of_the_faces_do_not_reach_blender(extension: Import, damage: str) -> None:
    """They are in range each, and Blender crashes on them at the next operator."""
    good = with_edges(TriangleMesh(TETRAHEDRON, FACES))
    assert good.edges is not None
    faces, ends, sides, cosines = (
        array.copy() for array in (good.faces, good.edges.vertices, good.edges.of_corners, good.edges.cosines)
    )
    match damage:
        case "an edge of one vertex":
            ends[2] = ends[2, 0]
        case "a doubled edge":
            ends[3] = ends[2]
        case "corners on other edges":
            sides = np.roll(sides, 1, axis=1)
        case "an edge that nothing uses":
            ends, cosines = np.vstack((ends, ends[:1])), np.append(cosines, np.float32(0))
        case "a face with one vertex twice":
            faces[1, 1] = faces[1, 0]
        case "a face twice":
            faces, sides = np.vstack((faces, faces[:1])), np.vstack((sides, sides[:1]))
        case _:
            faces = faces[::-1].copy()
    source = TriangleMesh(TETRAHEDRON, faces, MeshEdges(ends, sides, cosines))
    mesh = bpy.data.meshes.new("Made")
    builder = extension("addon.scene.mesh_builder")
    for _ in builder.fill_in_slices(lambda: mesh, source, builder.Size(1.0)):
        pass
    assert not mesh.validate()
    assert len(mesh.polygons) == (3 if damage == "a face with one vertex twice" else 4)


def test_a_mesh_is_split_into_its_loose_parts_and_the_largest_stays_the_object(extension: Import) -> None:
    bpy.ops.mesh.primitive_cube_add(location=(5, 0, 0))
    small = bpy.context.object
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=2)
    obj = bpy.context.object
    obj.data.materials.append(bpy.data.materials.new("Brass"))
    obj.flashvdm.seed = 7
    small.select_set(True)
    bpy.ops.object.join()
    faces = len(obj.data.polygons)
    assert bpy.ops.flashvdm.split_parts() == {"FINISHED"}
    parts = sorted(bpy.data.objects, key=lambda part: -len(part.data.polygons))
    assert [len(part.data.polygons) for part in parts] == [faces - 6, 6]
    assert parts[0] == obj
    assert obj.flashvdm.seed == 7
    assert parts[1].flashvdm.seed == 0
    assert all(part.data.name == part.name for part in parts)
    assert bpy.ops.flashvdm.split_parts() == {"CANCELLED"}, "it is one part now"


def test_what_belongs_to_a_large_mesh_is_made_ready_in_short_steps(extension: Import) -> None:
    """Between two of them Blender comes round; the window's tour measures the whole."""
    events, jobs, tasks = (extension(name) for name in ("flashvdm_core.api.events", "addon.link.job", "flashvdm_core.api.tasks"))
    vertices, faces = torus(450)
    latents, pixels = np.random.default_rng(0).random((512, 64), np.float32), np.zeros((256, 256, 4), np.uint8)
    result = events.Result(TriangleMesh(vertices, faces), 0, "m", {}, {}, latents=latents, pixels=pixels, model_identity="w")
    job = jobs.Job(tasks.CutOutOnly({"front": "red chair.png"}), "red chair")
    steps, longest = extension("addon.scene.beside_mesh").make_ready(job, result, {"front": bytes(5_000_000)}), 0.0
    while True:
        start = time.thread_time()
        try:
            next(steps)
        except StopIteration as end:
            beside = end.value
            break
        longest = max(longest, time.thread_time() - start)
    assert len(faces) > 400_000
    assert longest < 0.1
    assert not job.warnings
    assert beside.picture
    assert beside.code.identity == "w"
    assert list(beside.digests) == ["front"]


@pytest.mark.parametrize("parts", [1, 3])
def test_another_object_with_the_same_mesh_is_not_split(extension: Import, parts: int) -> None:
    bpy.ops.mesh.primitive_cube_add()
    obj = bpy.context.object
    bpy.ops.object.mode_set(mode="EDIT")
    for number in range(1, parts):
        bpy.ops.mesh.primitive_cube_add(location=(4 * number, 0, 0))
    bpy.ops.object.mode_set(mode="OBJECT")
    other = obj.copy()
    bpy.context.collection.objects.link(other)
    before, meshes = other.data, len(bpy.data.meshes)
    assert bpy.ops.flashvdm.split_parts() == ({"FINISHED"} if parts > 1 else {"CANCELLED"})
    assert other.data == before
    assert len(other.data.polygons) == 6 * parts
    assert len(obj.data.polygons) == 6
    assert len(bpy.data.meshes) == meshes + (parts if parts > 1 else 0)


@pytest.fixture
def lopsided_head(extension: Import) -> bpy.types.Object:
    """A ball with UVs and quads, turned in its own mesh, of which one half is a little fatter."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=32, ring_count=24, radius=1.0)
    obj = bpy.context.object
    for vertex in obj.data.vertices:
        x, y, z = vertex.co
        x *= 0.6 if x > 0 else 0.57
        y *= 1.5 if y < 0 else 1.0
        vertex.co = (x * 0.8 - y * 0.6, x * 0.6 + y * 0.8, z + 0.2 * z * z)
    obj.data.materials.append(bpy.data.materials.new("Skin"))
    bpy.ops.ed.undo_push(message="Head")
    return obj


def test_make_symmetric_mirrors_the_better_half_and_undo_takes_it_back(
    lopsided_head: bpy.types.Object, extension: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, planes = extension("addon.scene.symmetric"), []
    find = module.finer
    monkeypatch.setattr(module, "finer", lambda *arguments: planes.append(find(*arguments)) or planes[-1])

    def in_core() -> np.ndarray:
        x, y, z = np.array([tuple(vertex.co) for vertex in lopsided_head.data.vertices]).T
        return np.stack([x, z, -y], axis=1)

    def farthest(points: np.ndarray, others: np.ndarray) -> float:
        return np.linalg.norm(points[:, None] - others, axis=2).min(1).max()

    was, name = in_core(), lopsided_head.name
    faces, before = len(lopsided_head.data.polygons), [tuple(v.co) for v in lopsided_head.data.vertices]
    assert bpy.ops.flashvdm.make_symmetric("EXEC_DEFAULT", True) == {"FINISHED"}
    assert planes[0].angle == pytest.approx(-np.degrees(np.arctan2(0.6, 0.8)), abs=2)
    assert farthest(planes[0].mirrored(in_core()), in_core()) < 1e-5
    along = was @ planes[0].normal - planes[0].offset
    front = was[along * planes[0].normal[2] > 0.01]
    assert farthest(front, in_core()) < 1e-5, "what the front view shows stays"
    mesh = lopsided_head.data
    used = np.bincount([mesh.loops[corner].edge_index for polygon in mesh.polygons for corner in polygon.loop_indices])
    assert set(used.tolist()) == {2}, "it is closed"
    assert 0.7 * faces < len(mesh.polygons) < 1.4 * faces
    assert mesh.uv_layers.active is not None
    assert mesh.materials[0].name == "Skin"
    assert not mesh.validate()
    bpy.ops.ed.undo()
    assert [tuple(vertex.co) for vertex in bpy.data.objects[name].data.vertices] == before


def test_a_mesh_without_symmetry_is_left_alone_and_that_is_said(extension: Import) -> None:
    bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 0))
    one = bpy.context.object
    for place, scale in (((1.0, 0.2, 0.5), (0.6, 0.4, 1.6)), ((-0.5, 1.2, -0.3), (0.3, 1.3, 0.4))):
        bpy.ops.mesh.primitive_cube_add(size=1, location=place, scale=scale)
    for obj in bpy.data.objects:
        obj.select_set(obj.type == "MESH")
    bpy.context.view_layer.objects.active = one
    bpy.ops.object.join()
    before = [tuple(vertex.co) for vertex in one.data.vertices]
    with pytest.raises(RuntimeError, match="no two halves"):
        bpy.ops.flashvdm.make_symmetric()
    assert [tuple(vertex.co) for vertex in one.data.vertices] == before
