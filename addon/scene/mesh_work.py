"""What is done to a mesh that is there: other faces, an image projected on it. In this Blender, or by another one.

Another Blender gets a folder with the order, the mesh and the picture, and leaves the new mesh, its texture and what to say of
it there. Both do the same, by `perform`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.fields import parse_json
from ...flashvdm_core.api.mesh import Colouring, TriangleMesh
from ...flashvdm_core.api.npy import read_npy_file
from ...flashvdm_core.files import read_file
from ...flashvdm_core.geometry.png import whole_png
from ...flashvdm_core.texture import (
    MatrixCamera,
    OrthographicCamera,
    Photo,
    fit_camera,
    project_photos,
    project_texture,
)
from ..link.background_blender import ORDER, Step
from .mesh_builder import Size, corners_of, fill_in_slices, mesh_of, points_of, surface_of
from .retopology import Faces, Method, Remark, give_faces
from .symmetric import make_symmetric
from .uv_map import set_uvs

_MESH, _MADE, _TEXTURE, _ANSWER = "mesh.blend", "made.blend", "texture.png", "answer.json"
_ARRAYS = ("vertices", "faces")
_PICTURE, _UVS = "picture.npy", "uvs.npy"
_LARGEST_ANSWER, _LARGEST_TEXTURE = 1 << 20, 1 << 30  # bytes

Say = Callable[[Step, float, float], None]
"""Told what goes on, from which fraction of the whole to which."""


@dataclass(frozen=True, eq=False)
class Projection:
    """An image that a mesh gets its colours from.

    Attributes:
        picture: uint8 [H, W, 4], straight alpha, row 0 at the top.
        view: where it was seen from; None: from where its silhouette fits.
        camera: a camera of Blender's that it was seen through, in the place of both.
    """

    picture: np.ndarray
    view: OrthographicCamera | None = None
    camera: MatrixCamera | None = None


@dataclass(frozen=True, eq=False)
class MeshWork:
    """What shall be done; `faces` first.

    Attributes:
        faces: other faces.
        projection: an image on them.
        warning: what cannot be done of it, for the user.
        symmetric: its better half mirrored in the place of the other, and nothing else.
    """

    faces: Faces | None = None
    projection: Projection | None = None
    warning: str = ""
    symmetric: bool = False

    @property
    def makes_mesh(self) -> bool:
        """The mesh itself becomes another."""
        return self.faces is not None or self.symmetric


@dataclass(frozen=True, eq=False)
class Texture:
    """A texture as a file.

    Attributes:
        uvs: float32 [L, 2], where each corner lies in it; None where the mesh has them already.
        png: the file.
        shape: of its pixels.
        view: where the picture was seen from; None: through a camera.
    """

    uvs: np.ndarray | None
    png: bytes
    shape: tuple[int, ...]
    view: OrthographicCamera | None


@dataclass(frozen=True, eq=False)
class Outcome:
    """What has come of it."""

    remarks: tuple[Remark, ...] = ()
    texture: Texture | None = None


def perform(obj: bpy.types.Object, work: MeshWork, say: Say = lambda *_: None) -> Outcome:
    """Do it to the mesh of `obj`, which is the active object.

    Raises:
        SettingsError: it shall be symmetric, and has no two halves that are nearly alike.
    """
    remarks: list[Remark] = []
    if work.symmetric:
        say(Step.MIRROR, 0.15, 0.95)
        make_symmetric(obj)
    if work.faces is not None:
        say(Step.REDUCE if work.faces.method is Method.TRIANGLES else Step.QUADS, 0.15, 0.7)
        remarks = give_faces(obj, work.faces)
    texture = None
    if work.projection is not None:
        say(Step.PROJECT, 0.7 if work.faces else 0.15, 0.95)
        texture = project(mesh_of(obj), work.projection)
    return Outcome(tuple(remarks), texture)


def project(mesh: bpy.types.Mesh, projection: Projection) -> Texture:
    """The colours of an image on a mesh."""
    surface = surface_of(mesh)
    if projection.camera is not None:
        texture, uvs = project_photos(surface, [Photo(projection.picture, projection.camera)])
        return Texture(uvs, whole_png(texture), texture.shape, None)
    view = projection.view or fit_camera(surface, projection.picture[..., 3])
    return as_file(project_texture(surface, projection.picture, view))


def as_file(colouring: Colouring) -> Texture:
    """The texture of a colouring."""
    view = OrthographicCamera(colouring.yaw, colouring.elevation)
    return Texture(colouring.uvs, whole_png(colouring.texture), colouring.texture.shape, view)


def fingerprint(mesh: bpy.types.Mesh) -> bytes:
    """Tells whether a mesh is still the one that was sent away."""
    return hashlib.sha1(points_of(mesh).tobytes() + corners_of(mesh).tobytes(), usedforsecurity=False).digest()


# --- the folder ------------------------------------------------------------------------------------------------------
def write_order(folder: Path, mesh: bpy.types.Mesh | TriangleMesh, work: MeshWork, size: Size | None = None) -> None:
    """Put down what another Blender shall do; a mesh that is no object's yet comes as arrays, and becomes `size`."""
    order: dict[str, Any] = {"kind": "mesh", "faces": None, "projection": None, "symmetric": work.symmetric}
    if work.faces is not None:
        order["faces"] = [work.faces.method.value, work.faces.wanted]
    if work.projection is not None:
        camera = work.projection.camera
        order["projection"] = {
            "view": _numbers(work.projection.view),
            "camera": None if camera is None else [camera.matrix.tolist(), list(camera.eye)],
        }
        np.save(folder / _PICTURE, work.projection.picture, allow_pickle=False)
    if isinstance(mesh, TriangleMesh):
        assert size is not None
        order["size"] = [size.length, size.of_height]
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(mesh, name), allow_pickle=False)
    else:
        _write_mesh(folder / _MESH, mesh)
    (folder / ORDER).write_text(json.dumps(order), encoding="utf-8")


def do_order(folder: Path, order: dict[str, Any], say: Say) -> None:
    """What the other Blender does with it."""
    say(Step.READ, 0.1, 0.15)
    mesh = _from_arrays(folder, Size(*order["size"])) if "size" in order else _read_mesh(folder / _MESH)
    obj = bpy.data.objects.new("Mesh", mesh)
    scene, layer = bpy.context.scene, bpy.context.view_layer
    assert scene is not None
    assert layer is not None
    scene.collection.objects.link(obj)
    layer.objects.active = obj
    obj.select_set(True)
    layer.update()
    faces, projection = order["faces"], order["projection"]
    picture = read_npy_file(folder / _PICTURE, np.uint8, (None, None, 4)) if projection is not None else None
    work = MeshWork(
        None if faces is None else Faces(Method(faces[0]), int(faces[1])),
        None if picture is None or projection is None else _projection(picture, projection),
        symmetric=order["symmetric"],
    )
    outcome = perform(obj, work, say)
    texture = outcome.texture
    if work.makes_mesh:
        if texture is not None and texture.uvs is not None:
            set_uvs(mesh_of(obj), texture.uvs)
        _write_mesh(folder / _MADE, mesh_of(obj))
    elif texture is not None and texture.uvs is not None:
        np.save(folder / _UVS, texture.uvs, allow_pickle=False)
    answer: dict[str, Any] = {"remarks": [remark.value for remark in outcome.remarks], "texture": None}
    if texture is not None:
        (folder / _TEXTURE).write_bytes(texture.png)
        answer["texture"] = {"shape": list(texture.shape), "view": _numbers(texture.view)}
    (folder / _ANSWER).write_text(json.dumps(answer), encoding="utf-8")


def read_outcome(folder: Path) -> Outcome:
    """What the other Blender has left, beside the mesh."""
    answer = parse_json(read_file(folder / _ANSWER, _LARGEST_ANSWER))
    found = answer["texture"]
    texture = None
    if found is not None:
        uvs = read_npy_file(folder / _UVS, np.float32, (None, 2)) if (folder / _UVS).exists() else None
        texture = Texture(uvs, read_file(folder / _TEXTURE, _LARGEST_TEXTURE), tuple(found["shape"]), _view(found["view"]))
    return Outcome(tuple(Remark(remark) for remark in answer["remarks"]), texture)


def read_made(folder: Path) -> bpy.types.Mesh:
    """The mesh that the other Blender has left, in this file and nobody's yet."""
    return _read_mesh(folder / _MADE)


def _projection(picture: np.ndarray, given: dict[str, Any]) -> Projection:
    camera = given["camera"]
    seen = None if camera is None else MatrixCamera(np.array(camera[0]), tuple(camera[1]))
    return Projection(picture, _view(given["view"]), seen)


def _numbers(view: OrthographicCamera | None) -> list[float] | None:
    return None if view is None else [view.yaw, view.elevation]


def _view(given: list[float] | None) -> OrthographicCamera | None:
    return None if given is None else OrthographicCamera(*given)


def _write_mesh(path: Path, mesh: bpy.types.Mesh) -> None:
    """A .blend of the mesh alone: of its materials and their images only the slots."""
    copy = mesh.copy()
    try:
        for slot in range(len(copy.materials)):
            copy.materials[slot] = None
        bpy.data.libraries.write(str(path), {copy}, compress=False)
    except RuntimeError as error:
        raise SettingsError("The folder for temporary files cannot be written; free some space there.") from error
    finally:
        bpy.data.meshes.remove(copy)


def _read_mesh(path: Path) -> bpy.types.Mesh:
    loaded: Any = bpy.data.libraries.load(str(path), link=False)
    with loaded as (there, here):
        here.meshes = there.meshes
    for library in [library for library in bpy.data.libraries if Path(library.filepath) == path]:
        bpy.data.libraries.remove(library)
    return here.meshes[0]


def _from_arrays(folder: Path, size: Size) -> bpy.types.Mesh:
    mesh = bpy.data.meshes.new("Mesh")
    vertices = read_npy_file(folder / f"{_ARRAYS[0]}.npy", np.float32, (None, 3))
    source = TriangleMesh(vertices, read_npy_file(folder / f"{_ARRAYS[1]}.npy", np.int32, (None, 3)))
    for _ in fill_in_slices(lambda: mesh, source, size):
        pass
    return mesh
