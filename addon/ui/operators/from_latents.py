"""What can be made of kept latents without new sampling: another mesh, and a shape between two."""

from typing import TYPE_CHECKING

import bpy

from ....flashvdm_core.api.errors import FlashVDMError
from ....flashvdm_core.api.tasks import Blend, Remesh
from ...blender.host_types import Context, Event, Returned
from ...link.job import State
from ...link.task_queue import QueueItem
from ...scene import stored_latents, texture
from ...scene.changed_object import BlendedObject, ChangedObject
from ...scene.mesh_builder import Size
from ...scene.result_object import Placement
from ...scene.stored_images import pixels_of
from ...session.session import session
from ...settings.properties import blend_property, setting_properties, with_properties

CHANGEABLE = ("resolution", "level", "largest_parts", "face_budget")
"""The settings that another mesh may differ in."""


class _FromLatents:
    """Base of the operators: invoked they line a task up and return, executed they wait for its end."""

    # The undo step is pushed when the mesh is there.
    bl_options = set()

    def execute(self, context: Context) -> Returned:
        entry = self._started(context)
        if entry is None:
            return {"CANCELLED"}
        job = session.run_to_end(entry)
        for warning in job.warnings:
            self.report({"WARNING"}, warning)  # pyright: ignore[reportAttributeAccessIssue] - of bpy.types.Operator
        if job.state is State.FAILED:
            self.report({"ERROR"}, job.error)  # pyright: ignore[reportAttributeAccessIssue]
        return {"FINISHED"} if job.state is State.DONE else {"CANCELLED"}

    def invoke(self, context: Context, event: Event) -> Returned:
        if self._started(context) is None:
            return {"CANCELLED"}
        session.run_live()
        return {"FINISHED"}

    def _started(self, context: Context) -> QueueItem | None:
        try:
            return self._enqueue(context)
        except FlashVDMError as error:
            self.report({"ERROR"}, str(error))  # pyright: ignore[reportAttributeAccessIssue]
            return None

    def _enqueue(self, context: Context) -> QueueItem:
        raise NotImplementedError


@with_properties(**setting_properties(CHANGEABLE, {"SKIP_SAVE"}))
class FLASHVDM_OT_remesh(_FromLatents, bpy.types.Operator):  # noqa: N801
    """Another mesh of the active result, in its place; what is not given stays as it was."""

    bl_idname = "flashvdm.remesh"
    bl_label = "Change Mesh"
    bl_description = (
        "Make the mesh of this result anew with these settings, without generating it again. "
        "Its place, name, materials and modifiers stay, edits of the mesh are lost"
    )

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = _why_not(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def _enqueue(self, context: Context) -> QueueItem:
        obj = context.active_object
        given = {name: getattr(self, name) for name in CHANGEABLE if self.properties.is_property_set(name)}
        picture = texture.picture_of(obj)
        task = Remesh(
            stored_latents.latents_of(obj),
            stored_latents.settings_of(obj) | given | {"preview": False},
            None if picture is None else pixels_of(picture),
        )
        return session.enqueue(task, obj.name, ChangedObject(obj, context))


@with_properties(amount=blend_property())
class FLASHVDM_OT_blend(_FromLatents, bpy.types.Operator):  # noqa: N801
    """A new object between two selected results."""

    bl_idname = "flashvdm.blend"
    bl_label = "Blend"
    bl_description = "Make a new object whose shape is between the two selected results, without generating anew"

    if TYPE_CHECKING:
        amount: float

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = _why_not(context) or _why_not_two(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def _enqueue(self, context: Context) -> QueueItem:
        obj, other = context.active_object, other_result(context)
        settings = stored_latents.settings_of(obj) | {"preview": False}
        task = Blend(stored_latents.latents_of(obj), stored_latents.latents_of(other), self.amount, settings)
        middle = (obj.matrix_world.translation + other.matrix_world.translation) / 2
        size = Size(_longest(obj) * (1 - self.amount) + _longest(other) * self.amount)
        placement = Placement(f"{obj.name[:28]} + {other.name[:28]}", size, tuple(middle))
        return session.enqueue(task, placement.name, BlendedObject(placement, context.scene, context.collection))


def other_result(context: Context) -> bpy.types.Object:
    """The selected object that is not the active one; there must be one."""
    return next(obj for obj in context.selected_objects if obj != context.active_object)


def _longest(obj: bpy.types.Object) -> float:
    """The longest side of an object as it stands in the world."""
    x, y, z = obj.dimensions
    return max(x, y, z)


def _why_not(context: Context) -> str:
    """What keeps the active object's mesh from being made anew; "" if nothing does."""
    obj = context.active_object
    if obj is None or obj.type != "MESH" or "flashvdm_settings" not in obj:
        return "Select an object that was generated"
    if context.mode != "OBJECT":
        return "Only in Object Mode"
    if obj.library is not None or obj.data.library is not None:
        return "The object is linked from another file"
    return "" if stored_latents.has_latents(obj) else "Its latents were not kept: generate it again"


def _why_not_two(context: Context) -> str:
    """What keeps two results from being blended; "" if nothing does."""
    chosen = context.selected_objects
    if len(chosen) != 2 or not all(stored_latents.has_latents(obj) for obj in chosen):
        return "Select two objects that were generated by one model"
    return "" if context.active_object in chosen else "One of the two must be the active object"


CLASSES = (FLASHVDM_OT_remesh, FLASHVDM_OT_blend)
