"""What was generated in a scene: stored with it, and for longer than the objects.

An entry holds what is needed to make the same mesh once more, the images among it where they are stored.
"""

import json
import os
import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from bpy.props import BoolProperty, CollectionProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.events import Result
from ...flashvdm_core.api.settings import SETTINGS, VIEWS, Value
from ...flashvdm_core.api.tasks import Request
from ...flashvdm_core.api.units import GIB
from ..settings.given import absolute_path, kept_path
from ..settings.properties import MACHINE, OF_SCENE, with_properties
from . import masks
from .beside_mesh import Beside
from .mesh_builder import mesh_of
from .object_data import data_of, new_data, settings_text
from .pending import home_for, remove_object
from .stored_images import digest_of, drop, file_of, packed_file
from .stored_values import table, texts

_COMPARED = 2  # of the entries: more pictures do not fit into the sidebar
_KEPT = (
    "name",
    "entry",
    "kind",
    "time",
    "seed",
    "model",
    "seconds",
    "triangles",
    "settings",
    "images",
    "masks",
    "digests",
    "picture",
    "of_quads",
)

KINDS = {"GENERATED": "Generated", "REFINED": "Remeshed by an image", "CHANGED": "Another mesh", "INTERPOLATED": "Interpolated"}
"""How an entry came about -> what an artist calls it."""


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
    masks=StringProperty(options={"HIDDEN"}),  # what was painted to correct the cut-outs, as JSON
    digests=StringProperty(options={"HIDDEN"}),  # tell whether the image files still hold what was read, as JSON
    compared=BoolProperty(name="Compare", description="Show it side by side with another that is selected"),
    kind=StringProperty(options={"HIDDEN"}),  # how it came about: one of KINDS
    picture=StringProperty(options={"HIDDEN"}),  # of the mesh; see mesh_picture
    made=PointerProperty(type=bpy.types.Object, name="Object", description="Keeps the mesh when it is deleted in the scene"),
    starred=BoolProperty(name="Star", description="Keep it at the front"),
    of_quads=BoolProperty(options={"HIDDEN"}),  # its mesh was laid anew of quads
    undone=BoolProperty(options={"HIDDEN"}),  # the mesh went with an undo step
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
        masks: str
        digests: str
        compared: bool
        front: bpy.types.Image | None
        kind: str
        picture: str
        made: bpy.types.Object | None
        starred: bool
        of_quads: bool
        undone: bool


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
    task: Request,
    beside: Beside,
    contents: Mapping[str, bytes],
    seconds: float,
    keep_images: bool,
    kind: str = "GENERATED",
) -> None:
    """Write a generation down: how `obj` was made by `task`, and with its images packed where they shall be stored.

    `contents` is what the files of the images held when they were read; they may hold something else by now. `kind` is one of
    KINDS.
    """
    entry = _new_entry(scene, obj, result, beside, seconds, kind)
    entry.images = json.dumps({view: kept_path(path) for view, path in task.images.items()})
    entry.masks = json.dumps({view: masks.as_text(strokes) for view, strokes in task.masks.items()})
    entry.digests = json.dumps(dict(beside.digests))
    for view, digest in beside.digests.items() if keep_images else ():
        setattr(entry, view, packed_file(task.images[view], contents[view], digest))
    _remember(scene, entry)


def record_change(scene: bpy.types.Scene, obj: bpy.types.Object, result: Result, beside: Beside, seconds: float) -> None:
    """Write down that `obj` has got another mesh. That of before can be made again of what was kept with the object."""
    before = next((entry for entry in history_of(scene).entries if entry.entry == new_data(obj).entry), None)
    index = list(history_of(scene).entries).index(before) if before is not None else -1
    entry = _new_entry(scene, obj, result, beside, seconds, "CHANGED")
    if index >= 0:  # the collection may have moved
        before = history_of(scene).entries[index]
        entry.images, entry.masks, entry.digests = before.images, before.masks, before.digests
        for view in VIEWS:
            setattr(entry, view, getattr(before, view))
    _remember(scene, entry)


def record_blend(scene: bpy.types.Scene, obj: bpy.types.Object, result: Result, beside: Beside, seconds: float) -> None:
    """Write down that `obj` was made between two others; there is no image to make it of once more."""
    _remember(scene, _new_entry(scene, obj, result, beside, seconds, "INTERPOLATED"))


def _new_entry(
    scene: bpy.types.Scene, obj: bpy.types.Object, result: Result, beside: Beside, seconds: float, kind: str
) -> FlashVDMHistoryEntry:
    history = history_of(scene)
    entry: FlashVDMHistoryEntry = history.entries.add()
    entry.name, entry.entry, entry.kind = obj.name, uuid.uuid4().hex, kind
    entry.time = time.strftime("%Y-%m-%d %H:%M:%S")
    entry.seed, entry.model = result.seed, result.model
    entry.seconds, entry.triangles = seconds, len(result.mesh.faces)
    entry.memory = (result.peak_memory or 0) / GIB
    entry.settings = settings_text(result.settings)
    entry.picture = beside.picture
    entry.made, entry.of_quads = obj, new_data(obj).topology == "QUADS"
    history.active = len(history.entries) - 1
    new_data(obj).entry = entry.entry
    return entry


_remembered: dict[str, tuple[int, dict[str, Any]]] = {}
"""What was recorded since the file was opened: undo takes a mesh and its entry away, but not the knowledge how it was made.

Name of the entry -> the session_uid of its scene, and its values.
"""


def _remember(scene: bpy.types.Scene, entry: FlashVDMHistoryEntry) -> None:
    _remembered[entry.entry] = scene.session_uid, {name: getattr(entry, name) for name in _KEPT}


def restore_undone() -> None:
    """After undo: entries whose meshes are gone with it are there again, and say so."""
    for scene in bpy.data.scenes:
        here = {entry.entry for entry in history_of(scene).entries}
        for name, (uid, values) in _remembered.items():
            if uid == scene.session_uid and name not in here and scene.library is None:
                entry = history_of(scene).entries.add()
                for key, value in values.items():
                    setattr(entry, key, value)
                entry.undone = True


def forget_undone() -> None:
    """Another file was opened."""
    _remembered.clear()


def remove(scene: bpy.types.Scene, index: int) -> None:
    """Take an entry out, and with it the packed images that nothing else uses."""
    history = history_of(scene)
    images = {getattr(history.entries[index], view) for view in VIEWS}
    made = history.entries[index].made
    _remembered.pop(history.entries[index].entry, None)
    history.entries.remove(index)
    if made is not None and not made.users_collection and not made.users:
        remove_object(made)  # the history alone had it
    history.active = max(0, min(history.active, len(history.entries) - 1))
    for image in images:
        drop(image)


def active_entry(scene: bpy.types.Scene) -> FlashVDMHistoryEntry | None:
    """The entry that is chosen in the list."""
    history = history_of(scene)
    return history.entries[history.active] if 0 <= history.active < len(history.entries) else None


def in_order(scene: bpy.types.Scene) -> list[int]:
    """The indices of the entries, those with a star first, then the newest first."""
    entries = history_of(scene).entries
    return sorted(range(len(entries)), key=lambda index: (not entries[index].starred, -index))


def object_of(entry: FlashVDMHistoryEntry, scene: bpy.types.Scene) -> bpy.types.Object | None:
    """The object that was made, if it is still in the scene."""
    return next((obj for obj in scene.objects if (data := data_of(obj)) is not None and data.entry == entry.entry), None)


def choose(scene: bpy.types.Scene, name: str) -> FlashVDMHistoryEntry | None:
    """Make the entry with that name the active one; None where there is none."""
    history = history_of(scene)
    index = next((index for index, entry in enumerate(history.entries) if entry.entry == name), None)
    if index is None:
        return None
    history.active = index
    return history.entries[index]


def has_its_mesh(entry: FlashVDMHistoryEntry) -> bool:
    """Its object has the mesh that the entry tells of, and not another that was made since."""
    data = data_of(entry.made) if entry.made is not None else None
    return data is not None and data.entry == entry.entry


def show(
    scene: bpy.types.Scene, collection: bpy.types.Collection, entry: FlashVDMHistoryEntry, active: bpy.types.Object | None
) -> bpy.types.Object:
    """Put the mesh of `entry` in the place of `active`, if that is a result; else where it was made. The object that shows it.

    In the second case it comes into `collection`.

    What was in that place leaves the scene; the history keeps it. A mesh that stands elsewhere in the scene stays there.
    """
    made = entry.made
    assert made is not None
    if made == active:
        return made
    replaced = active if active is not None and active.type == "MESH" and _entry_of(scene, active) is not None else None
    if made.users_collection and replaced is None:
        return made
    if made.users_collection:
        made = made.copy()
        made.data = mesh_of(made).copy()
    homes = list(replaced.users_collection) if replaced is not None else [home_for(scene, collection.session_uid)]
    for home in homes:
        home.objects.link(made)
        if replaced is not None:
            home.objects.unlink(replaced)
    if replaced is not None:
        made.matrix_world = replaced.matrix_world
    return made


def _entry_of(scene: bpy.types.Scene, obj: bpy.types.Object) -> FlashVDMHistoryEntry | None:
    """The entry that keeps `obj`."""
    return next((entry for entry in history_of(scene).entries if entry.made == obj), None)


def changed_images(entry: FlashVDMHistoryEntry) -> list[str]:
    """The paths of the images of which neither the file nor a packed copy holds any more what was read."""
    digests = texts(entry.digests)
    found = {view: path for view, path in images_of(entry).items() if view in digests}
    return [path for view, path in found.items() if os.path.exists(path) and digest_of(path) != digests[view]]


def images_of(entry: FlashVDMHistoryEntry) -> dict[str, str]:
    """View -> a path where its image can be read now; the packed copy is written to one where the file has moved."""
    return {view: file_of(getattr(entry, view), path) for view, path in names_of(entry).items()}


def masks_of(entry: FlashVDMHistoryEntry) -> dict[str, np.ndarray]:
    """What was painted to correct the cut-outs: view -> strokes, as `Request.masks` has them."""
    found = {view: masks.from_text(text) for view, text in texts(entry.masks).items() if view in VIEWS}
    return {view: strokes for view, strokes in found.items() if strokes is not None}


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
