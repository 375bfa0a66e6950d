"""What can be made of stored latents without new sampling: another mesh, and a shape between two."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import bpy

from ....flashvdm_core.api.errors import SettingsError
from ....flashvdm_core.api.settings import SETTINGS, Value
from ....flashvdm_core.api.tasks import Blend, DecodeLatents
from ...blender.api_types import Context
from ...link.task_queue import QueueItem
from ...scene import stored_latents, texture
from ...scene.changed_object import BlendedObject, ChangedObject
from ...scene.edited_mesh import why_not_new_faces
from ...scene.mesh_builder import Size
from ...scene.object_data import data_of, settings_of
from ...scene.own_settings import CHANGEABLE, own_values
from ...scene.placement import Placement
from ...scene.worked_object import QUAD_INPUT, quads_for
from ...session.session import session
from ...settings.given import absolute_model, given_to
from ...settings.properties import blend_property, scene_settings, setting_properties, topology_property, with_properties
from ...translations import sentence
from .queued import EnqueuesTasks


@with_properties(**setting_properties((*CHANGEABLE, "model"), {"SKIP_SAVE"}), topology=topology_property({"SKIP_SAVE"}))
class FLASHVDM_OT_remesh(EnqueuesTasks, bpy.types.Operator):  # noqa: N801
    """Another mesh of the active result, in its place; what is neither given nor changed in the panel stays as it was.

    A model is given where its own folder holds other weights now, and those that made the result lie elsewhere.
    """

    bl_idname = "flashvdm.remesh"
    bl_label = "Update Mesh"
    bl_description = (
        "Make the mesh of this result anew with these settings, without generating it again. "
        "Its place, name, materials and modifiers stay, edits of the mesh are lost"
    )

    if TYPE_CHECKING:
        topology: str

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = _why_not(context) or why_not_new_faces(context.active_object)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def enqueue(self, context: Context, live: bool) -> list[QueueItem]:
        obj = context.active_object
        data = data_of(obj)
        own = own_values(data) if data is not None else {}
        try:
            texture.picture_pixels(obj)
        except SettingsError as error:
            self.report({"WARNING"}, sentence(error))
        given = given_to(self)
        given.pop("topology", None)
        return [enqueue_remesh(context, obj, own | given, self.topology == "QUADS")]


def enqueue_remesh(context: Context, obj: bpy.types.Object, given: Mapping[str, Value], of_quads: bool) -> QueueItem:
    """Line up another mesh of a result, made with what is given in the place of the settings by which it was made."""
    latents, pixels = stored_latents.latents_of(obj), stored_latents.pixels_of(obj)
    try:
        picture = texture.picture_pixels(obj)
    except SettingsError:  # its texture is lost: the mesh comes without
        picture = None
    settings = _settings_of(obj, context, given)
    quads = quads_for(int(settings["face_budget"])) if of_quads else None
    if quads is not None:
        settings["face_budget"] = quads.wanted * QUAD_INPUT
    block_out = stored_latents.block_out_of(obj)
    task = DecodeLatents(latents, settings, picture, stored_latents.identity_of(obj), pixels, block_out)
    return session.enqueue(task, obj.name, ChangedObject(obj, quads))


@with_properties(amount=blend_property())
class FLASHVDM_OT_blend(EnqueuesTasks, bpy.types.Operator):  # noqa: N801
    """A new object between two selected results."""

    bl_idname = "flashvdm.blend"
    bl_label = "Interpolate"
    bl_description = "Make a new object whose shape is between the two selected results, without generating again"

    if TYPE_CHECKING:
        amount: float

    @classmethod
    def poll(cls, context: Context) -> bool:
        reason = _why_not(context) or _why_not_two(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def enqueue(self, context: Context, live: bool) -> list[QueueItem]:
        obj, other = context.active_object, other_result(context)
        task = Blend(
            stored_latents.latents_of(obj),
            stored_latents.latents_of(other),
            self.amount,
            _settings_of(obj, context),
            stored_latents.identity_of(obj),
            stored_latents.identity_of(other),
            stored_latents.pixels_of(obj),
            stored_latents.pixels_of(other),
        )
        nearest = obj if self.amount <= 0.5 else other
        middle = (obj.matrix_world.translation + other.matrix_world.translation) / 2
        size = Size(_longest(obj) * (1 - self.amount) + _longest(other) * self.amount)
        placement = Placement(f"{obj.name[:28]} + {other.name[:28]}", size, tuple(middle))
        return [session.enqueue(task, placement.name, BlendedObject(placement, context.scene, context.collection, nearest))]


def other_result(context: Context) -> bpy.types.Object:
    """The selected object that is not the active one; there must be one."""
    return next(obj for obj in context.selected_objects if obj != context.active_object)


def _settings_of(obj: bpy.types.Object, context: Context, given: Mapping[str, Value] | None = None) -> dict[str, Value]:
    """The settings by which `obj` was made, and what is given in their place; without previews.

    With the scene's model where its own has moved: the worker tells the weights by their identity, where that is known.
    """
    settings = stored_latents.settings_of(obj) | dict(given or {}) | {"preview": False}
    model = absolute_model(str(settings.get("model", "")))
    if model != SETTINGS["model"].default and not os.path.exists(model) and stored_latents.identity_of(obj):
        model = absolute_model(scene_settings(context.scene).model)
    return settings | {"model": model}


def _longest(obj: bpy.types.Object) -> float:
    """The longest side of an object as it stands in the world."""
    x, y, z = obj.dimensions
    return max(x, y, z)


def _why_not(context: Context) -> str:
    """What keeps the active object's mesh from being made anew; "" if nothing does."""
    obj = context.active_object
    if obj is None or obj.type != "MESH" or not settings_of(obj):
        return "Select an object that was generated"
    if context.mode != "OBJECT":
        return "Only in Object Mode"
    return "" if stored_latents.has_latents(obj) else "It was not kept editable: generate it again"


def _why_not_two(context: Context) -> str:
    """What keeps two results from being blended; "" if nothing does."""
    chosen = context.selected_objects
    if len(chosen) != 2 or not all(stored_latents.has_latents(obj) for obj in chosen):
        return "Select two objects that were generated by one model"
    if len({stored_latents.identity_of(obj) for obj in chosen} - {""}) > 1:
        return "Different models made the two: select two that one model has made"
    return "" if context.active_object in chosen else "One of the two must be the active object"


CLASSES = (FLASHVDM_OT_remesh, FLASHVDM_OT_blend)
