"""What the user can do with what was generated before."""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import StringProperty

from ...blender.api_types import Context, Event, Returned
from ...blender.texts import report
from ...blender.window import push_undo, select_only
from ...link.task_queue import QueueItem
from ...scene import history
from ...session import cutouts
from ...session.generation import enqueue_generation
from ...settings.properties import scene_settings, with_properties
from .from_latents import enqueue_remesh
from .queued import EnqueuesTasks


class _OnEntry:
    """Base of the operators that work on the chosen entry."""

    @classmethod
    def poll(cls, context: Context) -> bool:
        if context.scene is None or history.active_entry(context.scene) is None:
            cls.poll_message_set("Nothing is chosen in the history")  # pyright: ignore[reportAttributeAccessIssue] - of bpy.types.Operator
            return False
        return True


class FLASHVDM_OT_history_generate(_OnEntry, EnqueuesTasks, bpy.types.Operator):  # noqa: N801
    """The same images, seed and settings once more."""

    bl_idname = "flashvdm.history_generate"
    bl_label = "Generate Again"
    bl_description = (
        "Make the same mesh once more, with the seed and the settings from that run; a packed image need not exist as a file"
    )

    def enqueue(self, context: Context, live: bool) -> list[QueueItem]:
        entry = history.active_entry(context.scene)
        assert entry is not None
        for path in history.changed_images(entry):
            text = report("'{image}' has changed since, so the mesh will be another", image=Path(path).name)
            self.report({"WARNING"}, text)
        images = history.images_of(entry)
        given = {"filepath": images.pop("front", "")} | {f"filepath_{view}": path for view, path in images.items()}
        given |= history.settings_of(entry)
        return enqueue_generation(context, given | {"masks": history.masks_of(entry)}, live)


class FLASHVDM_OT_history_restore(_OnEntry, bpy.types.Operator):  # noqa: N801
    """Put images, seed and settings of then into the panel."""

    bl_idname = "flashvdm.history_restore"
    bl_label = "Use These Settings"
    bl_description = "Put the image, the seed and the settings from that run into the panel, to go on from there"
    bl_options = {"UNDO"}

    def execute(self, context: Context) -> Returned:
        entry = history.active_entry(context.scene)
        assert entry is not None
        settings = scene_settings(context.scene)
        for name, value in history.settings_of(entry).items():
            setattr(settings, name, value)
        images = history.images_of(entry)
        for view in history.VIEWS:
            setattr(settings, "image" if view == "front" else f"image_{view}", images.get(view, ""))
        painted = history.masks_of(entry)
        for view, path in images.items():
            cutouts.restore_strokes(path, painted.get(view))
        return {"FINISHED"}


class FLASHVDM_OT_history_select(_OnEntry, bpy.types.Operator):  # noqa: N801
    """Select the object that was made."""

    bl_idname = "flashvdm.history_select"
    bl_label = "Select Object"
    bl_description = "Select the object that was made"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not super().poll(context):
            return False
        entry = history.active_entry(context.scene)
        if entry is None or history.object_of(entry, context.scene) is None:
            cls.poll_message_set("The object is not in the scene any more")
            return False
        if context.mode != "OBJECT":
            cls.poll_message_set("Only in Object Mode")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        entry = history.active_entry(context.scene)
        obj = history.object_of(entry, context.scene) if entry is not None else None
        assert obj is not None
        select_only(obj)
        return {"FINISHED"}


@with_properties(entry=StringProperty(options={"HIDDEN", "SKIP_SAVE"}))
class FLASHVDM_OT_history_show(EnqueuesTasks, bpy.types.Operator):  # noqa: N801
    """Put the mesh of an entry in the place of the active result, or into the scene where there is none.

    Where its object has another mesh by now, this one is made again of what was kept with the object.
    """

    bl_idname = "flashvdm.history_show"
    bl_label = "Show"
    bl_description = "Put this mesh in the place of the active one, which stays in the history"

    if TYPE_CHECKING:
        entry: str

    @classmethod
    def poll(cls, context: Context) -> bool:
        if context.mode != "OBJECT":
            cls.poll_message_set("Only in Object Mode")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        return super().execute(context) if self._was_replaced(context) else self._show(context)

    def invoke(self, context: Context, event: Event) -> Returned:
        return super().invoke(context, event) if self._was_replaced(context) else self._show(context)

    def enqueue(self, context: Context, live: bool) -> list[QueueItem]:
        entry = history.choose(context.scene, self.entry)
        assert entry is not None
        assert entry.made is not None
        return [enqueue_remesh(context, entry.made, history.settings_of(entry), entry.of_quads)]

    def _was_replaced(self, context: Context) -> bool:
        entry = history.choose(context.scene, self.entry)
        return entry is not None and entry.made is not None and not history.has_its_mesh(entry)

    def _show(self, context: Context) -> Returned:
        entry = history.choose(context.scene, self.entry)
        if entry is None or entry.made is None:
            self.report({"WARNING"}, "Its mesh is gone: press Generate Again")
            return {"CANCELLED"}
        shown = history.show(context.scene, context.collection, entry, context.active_object)
        select_only(shown)
        push_undo(f"Show {shown.name}")
        return {"FINISHED"}


@with_properties(entry=StringProperty(options={"HIDDEN", "SKIP_SAVE"}))
class FLASHVDM_OT_history_discard(bpy.types.Operator):  # noqa: N801
    """Forget one entry, by its name."""

    bl_idname = "flashvdm.history_discard"
    bl_label = "Discard"
    bl_description = "Take this out of the history; an object in the scene stays"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        entry: str

    def execute(self, context: Context) -> Returned:
        if history.choose(context.scene, self.entry) is None:
            return {"CANCELLED"}
        history.remove(context.scene, history.history_of(context.scene).active)
        return {"FINISHED"}


class FLASHVDM_OT_history_remove(_OnEntry, bpy.types.Operator):  # noqa: N801
    """Forget one generation."""

    bl_idname = "flashvdm.history_remove"
    bl_label = "Remove"
    bl_description = "Take it out of the history; the object stays"
    bl_options = {"UNDO"}

    def execute(self, context: Context) -> Returned:
        history.remove(context.scene, history.history_of(context.scene).active)
        return {"FINISHED"}


class FLASHVDM_OT_history_clear(bpy.types.Operator):  # noqa: N801
    """Forget all generations of the scene."""

    bl_idname = "flashvdm.history_clear"
    bl_label = "Clear History"
    bl_description = "Empty the history of this scene, and with it the packed images that nothing else uses; all objects stay"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        if context.scene is None or not history.history_of(context.scene).entries:
            cls.poll_message_set("The history is empty")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        for index in reversed(range(len(history.history_of(context.scene).entries))):
            history.remove(context.scene, index)
        return {"FINISHED"}


CLASSES = (
    FLASHVDM_OT_history_generate,
    FLASHVDM_OT_history_restore,
    FLASHVDM_OT_history_select,
    FLASHVDM_OT_history_show,
    FLASHVDM_OT_history_discard,
    FLASHVDM_OT_history_remove,
    FLASHVDM_OT_history_clear,
)
