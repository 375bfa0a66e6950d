"""`bpy.ops.flashvdm.batch`: a folder of images, or a manifest, into mesh files."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ....flashvdm_core.api.errors import WorkerError
from ....flashvdm_core.cli.common import EXIT_OK, as_options
from ....flashvdm_core.files import MESH_SUFFIXES
from ...blender.api_types import Context, Event, Returned
from ...blender.texts import interface
from ...session.session import session
from ...settings.given import absolute_model, absolute_path, given_to, value_of
from ...settings.properties import MACHINE, OF_SCENE, setting_properties, with_properties
from ...translations import sentence

_GIVEN: set[Any] = {"SKIP_SAVE"}
_FORMATS = tuple((suffix[1:], suffix[1:].upper(), f"Meshes as {suffix}") for suffix in MESH_SUFFIXES)


@with_properties(
    input=StringProperty(name="Input", description="Folder of images, or a .csv or .json manifest", subtype="FILE_PATH"),
    output=StringProperty(name="Output", description="Folder of the meshes and the log", subtype="DIR_PATH"),
    format=EnumProperty(name="Format", description="Of the meshes whose output the manifest does not name", items=_FORMATS),
    overwrite=BoolProperty(name="Overwrite", description="Replace files that the batch did not make itself", options=_GIVEN),
    shard=StringProperty(name="Shard", description="Make only part I of N, written I/N", options=_GIVEN),
    ray=StringProperty(name="Ray", description="Address of a Ray cluster that shares the work", options=_GIVEN),
    **setting_properties((*OF_SCENE, *MACHINE), _GIVEN),
)
class FLASHVDM_OT_batch(bpy.types.Operator):  # noqa: N801
    """Make a mesh file from each image of a folder or each row of a manifest.

    What is not given as a property is taken from the scene's settings and the preferences. Invoked from the user
    interface, it asks for the folders and returns; executed from a script or in the background, it blocks, and raises
    RuntimeError when a mesh could not be made. What was made before is kept.
    """

    bl_idname = "flashvdm.batch"
    bl_label = "Batch"
    bl_description = "Make a mesh file from each image of a folder or each row of a manifest; what was made before is kept"

    if TYPE_CHECKING:
        input: str
        output: str
        format: str
        overwrite: bool
        shard: str
        ray: str

    _live = False

    @classmethod
    def poll(cls, context: Context) -> bool:
        if session.batch.running:
            cls.poll_message_set("A batch is running")
            return False
        return True

    def invoke(self, context: Context, event: Event) -> Returned:
        self._live = True
        return context.window_manager.invoke_props_dialog(self, width=400)

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        layout.use_property_split, layout.use_property_decorate = True, False
        for name in ("input", "output", "format", "print_size", "overwrite"):
            layout.prop(self, name)
        layout.label(text=interface("The settings are those of the scene"), translate=False)

    def execute(self, context: Context) -> Returned:
        if not self.input or not self.output:
            self.report({"ERROR"}, "Name a folder of images or a manifest as input, and a folder as output")
            return {"CANCELLED"}
        try:
            session.run_batch(self._arguments(context), self._live)
        except WorkerError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        return {"FINISHED"} if self._live else self._reported()

    def _reported(self) -> Returned:
        batch = session.batch
        for error in batch.errors:
            self.report({"WARNING"}, sentence(error))
        self.report({"INFO"} if batch.status == EXIT_OK else {"ERROR"}, sentence(batch.end))
        return {"FINISHED"} if batch.status == EXIT_OK else {"CANCELLED"}

    def _arguments(self, context: Context) -> list[str]:
        source, output = (str(Path(absolute_path(path))) for path in (self.input, self.output))
        options = [f"--format={self.format}"]
        options += ["--overwrite"] if self.overwrite else []
        options += [f"--{name}={value}" for name, value in (("shard", self.shard), ("ray", self.ray)) if value]
        given = given_to(self)
        settings = {name: value_of(name, given, context.scene) for name in (*OF_SCENE, *MACHINE)}
        settings["preview"] = False
        settings["model"] = absolute_model(settings["model"])
        return [source, f"--output={output}", *options, *as_options(settings)]


class FLASHVDM_OT_batch_cancel(bpy.types.Operator):  # noqa: N801
    """Stop the batch."""

    bl_idname = "flashvdm.batch_cancel"
    bl_label = "Cancel Batch"
    bl_description = "Stop the batch; what is made stays, and the same batch goes on from there when started again"

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not session.batch.running:
            cls.poll_message_set("Nothing is running")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        session.batch.interrupt()
        return {"FINISHED"}


CLASSES = (FLASHVDM_OT_batch, FLASHVDM_OT_batch_cancel)
