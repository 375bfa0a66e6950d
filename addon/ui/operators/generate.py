"""`bpy.ops.flashvdm.generate`: from an image file to a mesh object."""

import bpy
from bpy.props import BoolProperty, IntProperty

from ...blender.api_types import Context
from ...link.task_queue import QueueItem
from ...session.generation import enqueue_generation
from ...settings.given import given_to
from ...settings.properties import (
    MACHINE,
    OF_SCENE,
    image_properties,
    placement_properties,
    setting_properties,
    strength_property,
    topology_property,
    with_properties,
)
from .queued import EnqueuesTasks

_GIVEN = {"SKIP_SAVE"}  # only what this call sets overrides the scene, never what an earlier call had set


@with_properties(
    **image_properties("filepath", _GIVEN),
    **setting_properties((*OF_SCENE, *MACHINE), _GIVEN),
    **placement_properties(_GIVEN),
    topology=topology_property(_GIVEN),
    variants=IntProperty(
        name="Variants", description="Number of meshes in a row, each with the next seed", default=1, min=1, max=100,
        options={"SKIP_SAVE"},
    ),
    block_out=BoolProperty(
        name="From Block-Out", description="Start from the active mesh object, and put the result in its place",
        options={"SKIP_SAVE"},
    ),
    strength=strength_property(_GIVEN),
)  # fmt: skip
class FLASHVDM_OT_generate(EnqueuesTasks, bpy.types.Operator):  # noqa: N801 - Blender's naming rule
    """Make a 3D mesh from the image.

    What is not given as a property is taken from the scene's settings and the preferences. Invoked from the
    user interface, it returns at once and previews grow in the viewport; executed from a script or in the
    background, it blocks until the mesh is there, and raises RuntimeError if it cannot be made.
    """

    bl_idname = "flashvdm.generate"
    bl_label = "Generate"
    bl_description = "Make a 3D mesh from the image"

    def enqueue(self, context: Context, live: bool) -> list[QueueItem]:
        return enqueue_generation(context, given_to(self), live)


CLASSES = (FLASHVDM_OT_generate,)
