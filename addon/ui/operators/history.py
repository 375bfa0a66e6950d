"""What the user can do with what was generated before."""

from pathlib import Path

import bpy

from ...blender.api_types import Context, Returned
from ...blender.texts import report
from ...blender.window import select_only
from ...link.task_queue import QueueItem
from ...scene import history
from ...session.generation import enqueue_generation
from ...settings.properties import scene_settings
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
        return enqueue_generation(context, given | history.settings_of(entry), live)


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
    FLASHVDM_OT_history_remove,
    FLASHVDM_OT_history_clear,
)
