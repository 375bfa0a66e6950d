"""What an object knows of how it was made: one property group, `obj.flashvdm`.

The only place that knows how older versions kept the same: as loose custom properties named `flashvdm_*`. What they left
is moved into the group when a file is loaded, or when an object that came later, by Append for example, is first asked.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, FloatProperty, FloatVectorProperty, IntProperty, PointerProperty, StringProperty

from ..settings.given import kept_path
from ..settings.properties import with_properties
from .own_settings import own_properties
from .stored_values import of_kind, table

_HIDDEN: Any = {"HIDDEN"}
_MESH_PREVIEW = "flashvdm_preview"
"""Custom property of a mesh that belongs to a task under way."""


def _property(kind: Callable[..., Any], description: str, **options: Any) -> Any:
    return kind(name="", description=description, options=_HIDDEN, **options)


@with_properties(
    settings=_property(StringProperty, "Every setting that was used, as JSON"),
    draft=_property(StringProperty, "The settings that its next mesh is to have in place of these, as JSON; see own_settings"),
    seed=_property(IntProperty, "The seed that was used"),
    model=_property(StringProperty, "Name of the model that made it"),
    model_identity=_property(StringProperty, "Tells the weights that made its latents from any others"),
    images=_property(StringProperty, "The paths of the images, as JSON: view to path"),
    seconds=_property(FloatProperty, "How long it took"),
    latents=_property(StringProperty, "What the mesh was decoded from; see stored_latents"),
    pixels=_property(StringProperty, "What was read of the picture beside the latents; see stored_latents"),
    block_out=_property(StringProperty, "The mesh that it was started from and is held to; see stored_latents"),
    strength=_property(FloatProperty, "How far it may go from that"),
    entry=_property(StringProperty, "The history's entry that tells of it"),
    picture=_property(PointerProperty, "The packed cut-out that its texture is from", type=bpy.types.Image),
    yaw=_property(FloatProperty, "From which side the picture was seen, in degrees; 0 is the front"),
    elevation=_property(FloatProperty, "From how far above the picture was seen, in degrees"),
    row=_property(StringProperty, "The same on all variants of one row; empty where it is none"),
    place=_property(FloatVectorProperty, "Where the chosen variant goes, in world space", size=3),
    preview=_property(BoolProperty, "It is only a preview: without a task that is under way it is removed"),
    preview_of=_property(StringProperty, "The Blender and the object that it is a preview in: a copy is none"),
    landmarks=_property(StringProperty, "Where vertices lay when it was made; see landmarks"),
    made_as=_property(StringProperty, "The name under which it came into the file: a copy has another"),
    **own_properties(),
)
class FlashVDMObject(bpy.types.PropertyGroup):
    """What an object knows of its making."""

    if TYPE_CHECKING:
        settings: str
        draft: str
        topology: str
        seed: int
        model: str
        model_identity: str
        images: str
        seconds: float
        latents: str
        pixels: str
        block_out: str
        strength: float
        entry: str
        picture: bpy.types.Image | None
        yaw: float
        elevation: float
        row: str
        place: Sequence[float]
        preview: bool
        preview_of: str
        landmarks: str
        made_as: str


def data_of(obj: bpy.types.Object) -> FlashVDMObject | None:
    """What `obj` knows of its making, to be read; None where that is nothing."""
    former = _former(obj)
    if former:
        try:
            _move(obj, former)
        except AttributeError:
            return _Former(former)  # pyright: ignore[reportReturnType] - has the same attributes
    # Not asked for where it is not set: older Blender versions make an empty group whenever one is read.
    return _group(obj) if obj.is_property_set("flashvdm") else None


def new_data(obj: bpy.types.Object) -> FlashVDMObject:
    """What `obj` knows of its making, to be written."""
    data_of(obj)
    return _group(obj)


def forget(obj: bpy.types.Object) -> None:
    """`obj` is the user's own from now on."""
    data_of(obj)
    obj.property_unset("flashvdm")


def settings_of(obj: bpy.types.Object) -> dict[str, Any]:
    """Every setting that was used for `obj`; empty where that is not known."""
    data = data_of(obj)
    return table(data.settings) if data is not None else {}


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings as they are kept, to be read by `settings_of`."""
    return json.dumps({name: kept_path(value) if name == "model" else value for name, value in settings.items()})


def is_preview(block: bpy.types.Object | bpy.types.Mesh) -> bool:
    """An object or a mesh that a task of this Blender has put into the file for its own sake.

    A copy that the user has made of one is none, and neither is what came from another file: their marks name another.
    """
    return _preview_mark(block) == _mark_here(block)


def was_preview(block: bpy.types.Object | bpy.types.Mesh) -> bool:
    """The same in a file that was opened, which may come from another Blender: a copy is known by its other name."""
    if isinstance(block, bpy.types.Mesh):
        return _MESH_PREVIEW in block
    data = data_of(block)
    return data is not None and data.preview and data.made_as in ("", block.name)  # older versions wrote no name


def is_copied_preview(block: bpy.types.Object | bpy.types.Mesh) -> bool:
    """It bears the mark of a preview that it is none of: it is the user's."""
    mark = _preview_mark(block)
    return bool(mark) and mark != _mark_here(block)


def mark_preview(block: bpy.types.Object | bpy.types.Mesh) -> None:
    """Say so of it."""
    if isinstance(block, bpy.types.Mesh):
        block[_MESH_PREVIEW] = _mark_here(block)
    else:
        data = new_data(block)
        data.preview, data.preview_of, data.made_as = True, _mark_here(block), block.name


def unmark_preview(block: bpy.types.Object | bpy.types.Mesh) -> None:
    """It is a result, part of one, or the user's, now."""
    if isinstance(block, bpy.types.Mesh):
        block.pop(_MESH_PREVIEW, None)
    elif data_of(block) is not None:
        for name in ("preview", "preview_of"):
            _group(block).property_unset(name)


def _preview_mark(block: bpy.types.Object | bpy.types.Mesh) -> str:
    """ "" for what has none, and for what an older version has marked."""
    if isinstance(block, bpy.types.Mesh):
        mark = block.get(_MESH_PREVIEW)
        return mark if isinstance(mark, str) else ""
    return _group(block).preview_of if block.is_property_set("flashvdm") and _group(block).preview else ""


def _mark_here(block: bpy.types.ID) -> str:
    """Blender's temporary folder is its own for as long as it runs; the number is the block's, in this Blender alone.

    An object has the number of its vertices in it, too: one into which the user has joined another is the user's.
    """
    mesh = block.data if isinstance(block, bpy.types.Object) else None
    size = f" {len(mesh.vertices)}" if isinstance(mesh, bpy.types.Mesh) else ""
    return f"{Path(bpy.app.tempdir).name} {block.session_uid}{size}"


def migrate_file() -> None:
    """Move what older versions left on the objects of this file."""
    for obj in bpy.data.objects:
        data_of(obj)


# --- what older versions wrote: custom properties, but for the latents, which were a property of their own ----------
_FORMER_KEYS: Mapping[str, str] = {
    "flashvdm_settings": "settings",
    "flashvdm_seed": "seed",
    "flashvdm_model": "model",
    "flashvdm_seconds": "seconds",
    "flashvdm_entry": "entry",
    "flashvdm_picture": "picture",
    "flashvdm_variants": "row",
    "flashvdm_place": "place",
    "flashvdm_preview": "preview",
    "flashvdm_image": "images",
    "flashvdm_view": "view",
}
_FORMER_LATENTS = "flashvdm_latents"


class _Former:
    """What an older version wrote on an object, read as if it were in the group."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        if name not in FlashVDMObject.__annotations__:
            raise AttributeError(name)
        return of_kind(self._values.get(name), FlashVDMObject.bl_rna.properties[name])

    def is_property_set(self, name: str) -> bool:
        return name in self._values


def _former(obj: bpy.types.Object) -> dict[str, Any]:
    """What an older version wrote on `obj`, by the names of today; empty where there is nothing."""
    found: dict[str, Any] = {}
    keys: Any = obj.keys()  # 4.2's stubs say None
    if not _FORMER_KEYS.keys().isdisjoint(keys):  # all objects of a scene are asked at each drawing of a panel
        found = {name: obj[key] for key, name in _FORMER_KEYS.items() if key in obj}
    if obj.is_property_set(_FORMER_LATENTS):
        held: Any = obj
        found["latents"] = held.flashvdm_latents
    if "images" in found:
        found["images"] = json.dumps({"front": str(found["images"])})
    if "view" in found:
        view = found.pop("view")
        with contextlib.suppress(TypeError, ValueError):
            found["yaw"], found["elevation"] = view
    return found


def _move(obj: bpy.types.Object, former: Mapping[str, Any]) -> None:
    """Into the group.

    Raises:
        AttributeError: nothing may be written: the object is linked from another file, or Blender is drawing.
    """
    if obj.library is not None or obj.override_library is not None:
        raise AttributeError(f"'{obj.name}' is linked from another file")
    data = _group(obj)
    for name, value in former.items():
        with contextlib.suppress(TypeError, ValueError):  # the user has changed it to something else
            setattr(data, name, value)
    for key in _FORMER_KEYS:
        if key in obj:
            del obj[key]
    obj.property_unset(_FORMER_LATENTS)


def _group(obj: bpy.types.Object) -> FlashVDMObject:
    return obj.flashvdm  # pyright: ignore[reportAttributeAccessIssue]


def register() -> None:
    kind: Any = bpy.types.Object
    kind.flashvdm = PointerProperty(type=FlashVDMObject)
    kind.flashvdm_latents = _property(StringProperty, "What the mesh was decoded from, as older versions kept it")


def unregister() -> None:
    kind: Any = bpy.types.Object
    del kind.flashvdm, kind.flashvdm_latents


CLASSES = (FlashVDMObject,)
