"""What other add-ons export of an object or a scene: nothing of what this one keeps there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from ...flashvdm_core.api.errors import OutputError
from .stored_images import content_of, plain_name

MILLIMETRES = 1000.0
"""In a metre. Slicers take the numbers of STL and PLY for millimetres."""

_TEXTURES_BESIDE = (".obj", ".fbx")
"""Formats that name image files, which Blender's exporters don't write where they are packed."""

_PRIVATE = ("flashvdm", "flashvdm_history")


class glTF2ExportUserExtension:  # noqa: N801 - the name by which the glTF exporter finds it
    """Takes paths, settings and latents out of exported glTF: before Blender 5 they count as custom properties there."""

    def gather_node_hook(self, node: Any, obj: object, settings: object) -> None:
        """Called for each object that is exported."""
        _clean(node)

    def gather_scene_hook(self, scene: Any, blender_scene: object, settings: object) -> None:
        """Called for each scene that is exported."""
        _clean(scene)


def _clean(exported: Any) -> None:
    if isinstance(exported.extras, dict):
        for name in _PRIVATE:
            exported.extras.pop(name, None)
        exported.extras = exported.extras or None


def check_path(path: Path) -> None:
    """Whether a file can be written there, as far as that is known before. Raises OutputError."""
    if path.is_dir():
        raise OutputError(f"'{path}' is a folder; choose another name for the file.")
    if not path.parent.is_dir():
        raise OutputError(f"The folder '{path.parent}' does not exist; create it or choose another.")


def reason_of(error: Exception) -> str:
    """In one line what an exporter says: where it is written in Python, its error ends in what went wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.startswith("Location:")]
    return lines[-1] if lines else type(error).__name__


def export_objects(objects: Sequence[bpy.types.Object], path: Path) -> None:
    """Write mesh objects to a file of Blender's own exporters, whole: with their textures, and with a size in STL and PLY.

    Args:
        path: its ending says the format: one of `EXPORTERS`.

    Raises:
        RuntimeError: Blender's exporter failed.
        OSError: a texture cannot be written.
    """
    suffix = path.suffix.lower()
    with _alone_selected(objects), _textures_beside(objects if suffix in _TEXTURES_BESIDE else (), path):
        finished = EXPORTERS[suffix](str(path)) == {"FINISHED"}
    if not finished or not path.is_file():
        raise RuntimeError("Blender's exporter wrote no file")


# What Blender's operators return: the stubs of its versions disagree about it.
def _gltf(path: str) -> Any:
    return bpy.ops.export_scene.gltf(filepath=path, use_selection=True, export_format="GLB")


def _obj(path: str) -> Any:
    return bpy.ops.wm.obj_export(filepath=path, export_selected_objects=True, path_mode="STRIP")


def _fbx(path: str) -> Any:
    return bpy.ops.export_scene.fbx(filepath=path, use_selection=True, path_mode="STRIP")


def _usd(path: str) -> Any:
    return bpy.ops.wm.usd_export(filepath=path, selected_objects_only=True)


def _stl(path: str) -> Any:
    return bpy.ops.wm.stl_export(filepath=path, export_selected_objects=True, global_scale=_millimetres())


def _ply(path: str) -> Any:
    with _turned_outwards():
        return bpy.ops.wm.ply_export(filepath=path, export_selected_objects=True, global_scale=_millimetres())


EXPORTERS: Mapping[str, Any] = {
    ".glb": _gltf,
    ".obj": _obj,
    ".fbx": _fbx,
    ".usdc": _usd,
    ".stl": _stl,
    ".ply": _ply,
}
"""File ending -> what writes the selected objects to a path."""


@contextmanager
def _turned_outwards() -> Iterator[None]:
    """Blender's exporter of PLY forgets that a mirrored object's faces look the other way."""
    layer = bpy.context.view_layer
    assert layer is not None
    selected = [obj for obj in layer.objects if obj.select_get() and isinstance(obj.data, bpy.types.Mesh)]
    before = [(obj, obj.data) for obj in selected if obj.matrix_world.determinant() < 0]
    copies: list[bpy.types.Mesh] = []
    try:
        for obj, mesh in before:
            assert isinstance(mesh, bpy.types.Mesh)
            copies.append(mesh.copy())
            copies[-1].flip_normals()
            obj.data = copies[-1]
        yield
    finally:
        for obj, mesh in before:
            obj.data = mesh
        for copy in copies:
            bpy.data.meshes.remove(copy)


def _millimetres() -> float:
    """From units of the scene."""
    scene = bpy.context.scene
    return MILLIMETRES * (scene.unit_settings.scale_length if scene is not None else 1.0)


@contextmanager
def _alone_selected(objects: Sequence[bpy.types.Object]) -> Iterator[None]:
    """Exporters write what is selected."""
    layer = bpy.context.view_layer
    assert layer is not None
    before = [obj for obj in layer.objects if obj.select_get()]
    try:
        for obj in layer.objects:
            obj.select_set(obj in objects)
        yield
    finally:
        for obj in layer.objects:
            obj.select_set(obj in before)


@contextmanager
def _textures_beside(objects: Sequence[bpy.types.Object], path: Path) -> Iterator[None]:
    """The packed images of the objects' materials as files beside `path`, which the images name meanwhile."""
    named: list[tuple[bpy.types.Image, str]] = []
    try:
        for image in _packed_images(objects):
            content = bytes(image.packed_file.data)  # pyright: ignore[reportArgumentType, reportOptionalMemberAccess] - bytes
            name = plain_name(image.filepath_raw.replace("\\", "/")) or f"{plain_name(image.name)}.png"
            file = _free(path.parent / f"{path.stem} {name}", content)
            file.write_bytes(content)
            named.append((image, image.filepath_raw))
            image.filepath_raw = str(file)
        yield
    finally:
        for image, before in named:
            image.filepath_raw = before


def _packed_images(objects: Sequence[bpy.types.Object]) -> list[bpy.types.Image]:
    """Each once."""
    trees = [
        slot.material.node_tree
        for obj in objects
        for slot in obj.material_slots
        if slot.material is not None and slot.material.node_tree is not None
    ]
    nodes = [node for tree in trees for node in tree.nodes if isinstance(node, bpy.types.ShaderNodeTexImage)]
    images = {node.image.name_full: node.image for node in nodes if node.image is not None}
    return [image for image in images.values() if image.packed_file is not None]


def _free(path: Path, content: bytes) -> Path:
    """`path`, or with a number behind it where another file lies there."""
    number, tried = 1, path
    while tried.exists() and content_of(str(tried)) != content:
        number, tried = number + 1, path.with_stem(f"{path.stem} {number + 1}")
    return tried
