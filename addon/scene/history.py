"""What was generated in a scene: stored with it, and for longer than the objects.

An entry holds what is needed to make the same mesh once more, the images among it where they are stored.
"""

import hashlib
import json
import os
import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.events import Result
from ...flashvdm_core.api.settings import SETTINGS, VIEWS, Value
from ...flashvdm_core.api.units import GIB
from ..settings.given import absolute_path, kept_path
from ..settings.properties import MACHINE, OF_SCENE, with_properties
from .object_data import data_of, new_data, settings_text
from .stored_images import digest_of, drop, file_of, packed_file
from .stored_values import table, texts

_COMPARED = 3  # of the entries: more columns do not fit into the sidebar


@with_properties(
    entry=StringProperty(name="Entry", description="The name by which objects know it", options={"HIDDEN"}),
    time=StringProperty(name="Time", description="When it was generated"),
    seed=IntProperty(name="Seed", description="The seed that was used"),
    model=StringProperty(name="Model", description="The model that made it"),
    seconds=FloatProperty(name="Seconds", description="How long it took"),
    memory=FloatProperty(name="Memory", description="The most that was in use at a time, in GiB; 0 where it is not known"),
    triangles=IntProperty(name="Triangles", description="Of the mesh when it was new"),
    settings=StringProperty(name="Settings", description="Every setting that was used, as JSON"),
    images=StringProperty(name="Images", description="The paths of the images, as JSON"),
    digests=StringProperty(options={"HIDDEN"}),  # tell whether the image files still hold what was read, as JSON
    compared=BoolProperty(name="Compare", description="Show how this one differs from the others that are ticked"),
    **{view: PointerProperty(type=bpy.types.Image, name=view.title(), description="The packed image") for view in VIEWS},
)
class FlashVDMHistoryEntry(bpy.types.PropertyGroup):
    """One generation."""

    if TYPE_CHECKING:
        entry: str
        time: str
        seed: int
        model: str
        seconds: float
        memory: float
        triangles: int
        settings: str
        images: str
        digests: str
        compared: bool


@with_properties(
    entries=CollectionProperty(type=FlashVDMHistoryEntry, name="History", description="What was generated in this scene"),
    active=IntProperty(name="Entry", description="The entry whose details are shown"),
)
class FlashVDMHistory(bpy.types.PropertyGroup):
    """The generations of a scene, the newest last."""

    if TYPE_CHECKING:
        entries: Any
        active: int


def history_of(scene: bpy.types.Scene) -> FlashVDMHistory:
    """What was generated in `scene`."""
    return scene.flashvdm_history  # pyright: ignore[reportAttributeAccessIssue]


def record(
    scene: bpy.types.Scene,
    obj: bpy.types.Object,
    result: Result,
    images: Mapping[str, str],
    contents: Mapping[str, bytes],
    seconds: float,
    keep_images: bool,
) -> None:
    """Write a generation down: how `obj` was made, and with its images packed where they shall be stored.

    `contents` is what the files `images` held when they were read; they may hold something else by now.
    """
    history = history_of(scene)
    entry: FlashVDMHistoryEntry = history.entries.add()
    entry.name, entry.entry = obj.name, uuid.uuid4().hex
    entry.time = time.strftime("%Y-%m-%d %H:%M:%S")
    entry.seed, entry.model = result.seed, result.model
    entry.seconds, entry.triangles = seconds, len(result.mesh.faces)
    entry.memory = (result.peak_memory or 0) / GIB
    entry.settings = settings_text(result.settings)
    entry.images = json.dumps({view: kept_path(path) for view, path in images.items()})
    entry.digests = json.dumps({view: hashlib.sha256(content).hexdigest() for view, content in contents.items() if content})
    for view, path in images.items() if keep_images else ():
        image = packed_file(path, contents.get(view, b""))
        setattr(entry, view, image)
        if image is not None:
            image.preview_ensure()  # the list shows it
    history.active = len(history.entries) - 1
    new_data(obj).entry = entry.entry


def remove(scene: bpy.types.Scene, index: int) -> None:
    """Take an entry out, and with it the packed images that nothing else uses."""
    history = history_of(scene)
    images = {getattr(history.entries[index], view) for view in VIEWS}
    history.entries.remove(index)
    history.active = max(0, min(history.active, len(history.entries) - 1))
    for image in images:
        drop(image)


def active_entry(scene: bpy.types.Scene) -> FlashVDMHistoryEntry | None:
    """The entry that is chosen in the list."""
    history = history_of(scene)
    return history.entries[history.active] if 0 <= history.active < len(history.entries) else None


def object_of(entry: FlashVDMHistoryEntry, scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The object that was made, if it is still in the scene."""
    return next((obj for obj in scene.objects if (data := data_of(obj)) is not None and data.entry == entry.entry), None)


def changed_images(entry: FlashVDMHistoryEntry) -> list[str]:
    """The paths of the images of which neither the file nor a packed copy holds any more what was read."""
    digests = texts(entry.digests)
    found = {view: path for view, path in images_of(entry).items() if view in digests}
    return [path for view, path in found.items() if os.path.exists(path) and digest_of(path) != digests[view]]


def images_of(entry: FlashVDMHistoryEntry) -> dict[str, str]:
    """View -> a path where its image can be read now; the packed copy is written to one where the file has moved."""
    return {view: file_of(getattr(entry, view), path) for view, path in names_of(entry).items()}


def names_of(entry: FlashVDMHistoryEntry) -> dict[str, str]:
    """View -> the path that its image had."""
    return {view: absolute_path(path) for view, path in texts(entry.images).items() if view in VIEWS}


def settings_of(entry: FlashVDMHistoryEntry) -> dict[str, Value]:
    """The settings of a scene that were used: of those that this version knows, as far as they are still allowed."""
    found = {}
    for name, value in table(entry.settings).items():
        if name in OF_SCENE:
            try:
                found[name] = SETTINGS[name].checked(value)
            except SettingsError:  # from a version with other choices
                continue
    return found


def compared(scene: bpy.types.Scene) -> tuple[list[FlashVDMHistoryEntry], dict[str, list[str]]]:
    """The entries that are ticked, and label -> their values as text, for everything in which they differ."""
    entries = [entry for entry in history_of(scene).entries if entry.compared][-_COMPARED:]
    tables = [table(entry.settings) for entry in entries]
    names = [name for name in SETTINGS if name not in MACHINE]
    rows = {SETTINGS[name].label: [_text(kept.get(name)) for kept in tables] for name in names}
    rows["Image"] = [names_of(entry).get("front", "").replace("\\", "/").rpartition("/")[2] for entry in entries]
    rows["Triangles"] = [f"{entry.triangles:,}" for entry in entries]
    rows["Seconds"] = [f"{entry.seconds:.1f}" for entry in entries]
    return entries, {label: values for label, values in rows.items() if len(set(values)) > 1}


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def register() -> None:
    bpy.types.Scene.flashvdm_history = PointerProperty(type=FlashVDMHistory)  # pyright: ignore[reportAttributeAccessIssue]


def unregister() -> None:
    del bpy.types.Scene.flashvdm_history  # pyright: ignore[reportAttributeAccessIssue]


CLASSES = (FlashVDMHistoryEntry, FlashVDMHistory)
