"""A mesh as a file for other programs, with its texture."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ....flashvdm_core.api.errors import OutputError
from ...blender.api_types import Context, Event, Returned
from ...blender.texts import report
from ...scene import export
from ...settings.properties import with_properties
from ...translations import sentence

_HIDDEN: Any = {"HIDDEN", "SKIP_SAVE"}

_FORMATS = (
    (".glb", "glTF", "For engines and the web, with the texture in the file"),
    (".obj", "OBJ", "With the texture as a file beside it"),
    (".fbx", "FBX", "For Unity and Unreal, with the texture as a file beside it"),
    (".usdc", "USD", "With the texture in a folder beside it"),
    (".stl", "STL", "For printing: z up, in millimetres, without colors"),
    (".ply", "PLY", "Z up, in millimetres, without a texture"),
)


@with_properties(
    filepath=StringProperty(subtype="FILE_PATH", options=_HIDDEN),
    check_existing=BoolProperty(default=True, options=_HIDDEN),
    filter_glob=StringProperty(default="*.glb;*.obj;*.fbx;*.usdc;*.stl;*.ply", options=_HIDDEN),
    format=EnumProperty(name="Format", description="Kind of file, where its name has no ending", items=_FORMATS),
)
class FLASHVDM_OT_export(bpy.types.Operator):  # noqa: N801
    """Write the selected mesh objects to one file.

    Args (from a script): `filepath`, whose ending says the format. Raises RuntimeError where it cannot be written.
    """

    bl_idname = "flashvdm.export"
    bl_label = "Export…"
    bl_description = "Write the selected mesh objects to a file for other programs, with textures, upright and in the right size"

    if TYPE_CHECKING:
        filepath: str
        format: str

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not _meshes(context):
            cls.poll_message_set("Select a mesh object")
            return False
        if context.mode != "OBJECT":
            cls.poll_message_set("Only in Object Mode")
            return False
        return True

    def invoke(self, context: Context, event: Event) -> Returned:
        beside = Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()
        self.filepath = str(beside / f"{bpy.path.clean_name(_meshes(context)[0].name)}{self.format}")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context: Context) -> bool:
        """Called by the file browser: the name has the ending of the format that is chosen."""
        path = Path(self.filepath)
        if not _names_file(self.filepath):
            return False
        wanted = path.with_suffix(self.format) if path.suffix.lower() in export.EXPORTERS else Path(f"{path}{self.format}")
        changed = wanted != path
        self.filepath = str(wanted)
        return changed

    def execute(self, context: Context) -> Returned:
        path = Path(bpy.path.abspath(self.filepath))
        if not _names_file(str(path)):
            self.report({"ERROR"}, report("Name the file first"))
            return {"CANCELLED"}
        if path.suffix.lower() not in export.EXPORTERS:
            path = Path(f"{path}{self.format}")
        try:
            export.check_path(path)
            export.export_objects(_meshes(context), path)
        except OutputError as error:
            self.report({"ERROR"}, sentence(str(error)))
            return {"CANCELLED"}
        except (OSError, RuntimeError) as error:
            reason = export.reason_of(error)
            self.report({"ERROR"}, report("'{file}' could not be written ({reason})", file=path.name, reason=reason))
            return {"CANCELLED"}
        self.report({"INFO"}, report("'{file}' is written", file=path.name))
        return {"FINISHED"}


def _names_file(path: str) -> bool:
    """It is more than a folder and an ending."""
    name = os.path.basename(path).strip()
    return bool(name.strip(".")) and name.lower() not in export.EXPORTERS and not (os.path.isdir(path) and not Path(path).suffix)


def _meshes(context: Context) -> list[bpy.types.Object]:
    """The selected mesh objects, else the active one, unless it is hidden: exporters leave that out."""
    selected = [obj for obj in context.selected_objects or () if obj.type == "MESH"]
    active = context.active_object
    if selected or active is None or active.type != "MESH" or not active.visible_get():
        return selected
    return [active]


CLASSES = (FLASHVDM_OT_export,)
