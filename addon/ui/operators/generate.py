"""`bpy.ops.flashvdm.generate`: from an image file to a mesh object."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, IntProperty

from ....flashvdm_core.api.errors import FlashVDMError, SettingsError
from ....flashvdm_core.api.settings import SETTINGS
from ....flashvdm_core.api.tasks import BlockOut, Request
from ...blender.host_types import Context, Event, Returned
from ...link.job import Job, State
from ...link.task_queue import QueueItem
from ...scene.block_out import block_out_mesh, placement_of
from ...scene.mesh_builder import Size
from ...scene.result_object import Placement, ResultObject, name_for
from ...scene.variants import new_row
from ...session.session import session
from ...settings.preferences import preferences
from ...settings.properties import (
    MACHINE,
    OF_SCENE,
    VIEW_LABELS,
    image_properties,
    placement_properties,
    scene_settings,
    setting_properties,
    strength_property,
    with_properties,
)

_GIVEN = {"SKIP_SAVE"}  # only what this call sets overrides the scene, never what an earlier call had set


@with_properties(
    **image_properties("filepath", _GIVEN),
    **setting_properties((*OF_SCENE, *MACHINE), _GIVEN),
    **placement_properties(_GIVEN),
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
class FLASHVDM_OT_generate(bpy.types.Operator):  # noqa: N801 - Blender's naming rule
    """Make a 3D mesh from the image.

    What is not given as a property is taken from the scene's settings and the preferences. Invoked from the
    user interface, it returns at once and previews grow in the viewport; executed from a script or in the
    background, it blocks until the mesh is there, and raises RuntimeError if it cannot be made.
    """

    bl_idname = "flashvdm.generate"
    bl_label = "Generate"
    bl_description = "Make a 3D mesh from the image"
    # No UNDO here: the step is pushed when the mesh is there, long after `invoke` has returned.
    # No REGISTER: it would generate anew at each change in the redo panel.
    bl_options = set()

    if TYPE_CHECKING:
        filepath: str
        variants: int
        block_out: bool
        strength: float

    def execute(self, context: Context) -> Returned:
        entries = self._enqueue(context, live=False)
        ended = [self._reported(session.run_to_end(entry)) for entry in entries]
        return {"FINISHED"} if {"FINISHED"} in ended else {"CANCELLED"}

    def invoke(self, context: Context, event: Event) -> Returned:
        if not self._enqueue(context, live=True):
            return {"CANCELLED"}
        session.run_live()
        return {"FINISHED"}

    def _enqueue(self, context: Context, live: bool) -> list[QueueItem]:
        """Line up one task, or one for each variant; none where that cannot be."""
        entries: list[QueueItem] = []
        try:
            request = self._request(context, live)
            image = Path(request.images["front"])
            placement = self._placement(context, image.name)
            if self.block_out:
                request, placement = self._from_block_out(context, request)
            row = new_row(placement.beside(_taken(context)).location) if self.variants > 1 else None
            for seed in self._seeds(int(request.settings["seed"])):
                task = replace(request, settings=dict(request.settings) | {"seed": seed})
                target = ResultObject(placement.beside(_taken(context)), context.scene, context.collection, row)
                label = f"{image.name}, seed {seed}" if row else image.name
                entries.append(session.enqueue(task, label, target))
        except FlashVDMError as error:
            self.report({"ERROR"}, str(error))
        return entries

    def _seeds(self, first: int) -> list[int]:
        """The first seed and those behind it, from the beginning again after the largest."""
        largest = SETTINGS["seed"].maximum
        assert largest is not None
        return [(first + number) % (int(largest) + 1) for number in range(self.variants)]

    def _reported(self, job: Job) -> Returned:
        for warning in job.warnings:
            self.report({"WARNING"}, warning)
        if job.state is State.FAILED:
            self.report({"ERROR"}, job.error)
        return {"FINISHED"} if job.state is State.DONE else {"CANCELLED"}

    def _value(self, name: str, context: Context, scene_name: str = "") -> Any:
        """What this call gave, else what the preferences or the scene say."""
        if self.properties.is_property_set(name):
            return getattr(self, name)
        owner = preferences() if name in MACHINE else scene_settings(context.scene)
        return getattr(owner, scene_name or name)

    def _request(self, context: Context, live: bool) -> Request:
        images = {"front": self._value("filepath", context, "image")}
        if not images["front"]:
            raise SettingsError("There is no image yet; choose an image file first.")
        # Other views belong to the scene's image: a call that brings its own image brings its own views, too.
        if not self.properties.is_property_set("filepath"):
            images |= {view: self._value(f"filepath_{view}", context, f"image_{view}") for view in VIEW_LABELS}
        else:
            images |= {view: getattr(self, f"filepath_{view}") for view in VIEW_LABELS}
        settings = {name: self._value(name, context) for name in (*OF_SCENE, *MACHINE)}
        settings["preview"] = bool(settings["preview"]) and live
        # An emptied field means the built-in model.
        embedded = SETTINGS["model"].default
        settings["model"] = embedded if settings["model"] in ("", embedded) else bpy.path.abspath(settings["model"])
        return Request(
            {view: bpy.path.abspath(path) for view, path in images.items() if path}, settings, preferences().keep_latents
        )

    def _from_block_out(self, context: Context, request: Request) -> tuple[Request, Placement]:
        """The request with the active object to start from, and that object's place."""
        obj = context.active_object
        if obj is None or obj.type != "MESH":
            raise SettingsError("There is no block-out; select a mesh object first.")
        mesh = block_out_mesh(obj, context.evaluated_depsgraph_get())
        return replace(request, block_out=BlockOut(mesh, self._value("strength", context))), placement_of(obj, mesh)

    def _placement(self, context: Context, image: str) -> Placement:
        x, y, z = context.scene.cursor.location
        place = self._value("placement", context)
        location = {"CURSOR": (x, y, z), "FLOOR": (x, y, 0.0), "ORIGIN": (0.0, 0.0, 0.0)}[place]
        size = Size(self._value("size", context), self._value("size_of", context) == "HEIGHT")
        return Placement(name_for(image), size, location)


def _taken(context: Context) -> list[Placement]:
    """Where those stand that lined up before: none is to hide another."""
    others = session.tasks.queue.sinks(ResultObject)
    return [other.placement for other in others if other.scene == context.scene.session_uid]


CLASSES = (FLASHVDM_OT_generate,)
