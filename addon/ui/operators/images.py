"""Where the image comes from: a file, files that were dropped, the .blend, the clipboard, the camera, the viewport."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, StringProperty

from ....flashvdm_core.api.errors import FlashVDMError, ImageError
from ....flashvdm_core.files import IMAGE_SUFFIXES
from ...blender.api_types import Context, Event, Returned
from ...blender.texts import report
from ...blender.window import open_tab
from ...scene.camera_picture import why_no_camera
from ...scene.placement import under_pointer
from ...scene.rendered_camera import CameraPicture
from ...session.generation import enqueue_generation
from ...session.model_info import takes_several_views
from ...session.session import session
from ...settings.given import absolute_model
from ...settings.properties import TAB, VIEW_LABELS, scene_settings, with_properties
from ...translations import sentence
from .. import image_sources
from ..view_names import sorted_by_view

_HIDDEN: Any = {"HIDDEN", "SKIP_SAVE"}


def use(context: Context, path: str, view: str = "") -> None:
    """The next generation is made from the image file `path`."""
    setattr(scene_settings(context.scene), f"image_{view}" if view else "image", path)


@with_properties(
    filepath=StringProperty(subtype="FILE_PATH", options=_HIDDEN),
    filter_image=BoolProperty(default=True, options=_HIDDEN),
    filter_folder=BoolProperty(default=True, options=_HIDDEN),
    # The file browser asks the operator for this property and takes its number: 3 shows thumbnails.
    display_type=EnumProperty(items=(("THUMBNAIL", "Thumbnails", "", 3),), options=_HIDDEN),
    view=StringProperty(default="", options=_HIDDEN),
)
class FLASHVDM_OT_open_image(bpy.types.Operator):  # noqa: N801
    """Choose the image file in the file browser."""

    bl_idname = "flashvdm.open_image"
    bl_label = "Open Image"
    bl_description = "Choose the image that the mesh is made from"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        filepath: str
        view: str

    def invoke(self, context: Context, event: Event) -> Returned:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> Returned:
        use(context, self.filepath, self.view)
        return {"FINISHED"}


@with_properties(
    filepath=StringProperty(subtype="FILE_PATH", options=_HIDDEN),
    directory=StringProperty(subtype="DIR_PATH", options=_HIDDEN),
    files=CollectionProperty(type=bpy.types.OperatorFileListElement, options=_HIDDEN),
    filter_image=BoolProperty(default=True, options=_HIDDEN),
    filter_folder=BoolProperty(default=True, options=_HIDDEN),
    display_type=EnumProperty(items=(("THUMBNAIL", "Thumbnails", "", 3),), options=_HIDDEN),
)
class FLASHVDM_OT_drop_images(bpy.types.Operator):  # noqa: N801
    """A mesh of each image file: those that were dropped on the viewport, else those that are chosen in the file browser.

    The first becomes the scene's image.
    """

    bl_idname = "flashvdm.drop_images"
    bl_label = "Image to 3D"
    bl_description = "Generate a mesh from each image, one after the other, with the settings of the scene"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        filepath: str
        directory: str
        files: Sequence[Any]

    def invoke(self, context: Context, event: Event) -> Returned:
        if self.filepath or self.files:
            return self._take(context, under_pointer(context, event))
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> Returned:
        return self._take(context, None)

    def _take(self, context: Context, location: tuple[float, float, float] | None) -> Returned:
        paths = [str(Path(self.directory) / file.name) for file in self.files if file.name] or [self.filepath]
        paths = [path for path in paths if path.lower().endswith(IMAGE_SUFFIXES)]
        if not paths:
            self.report({"ERROR"}, report("These are no images; choose {kinds}", kinds=", ".join(IMAGE_SUFFIXES)))
            return {"CANCELLED"}
        views = sorted_by_view(paths)
        for view in ("front", *VIEW_LABELS):
            use(context, views.get(view, paths[0] if view == "front" else ""), "" if view == "front" else view)
        open_tab(TAB)
        try:
            self._enqueue(context, paths, views, {} if location is None else {"location": location})
        except FlashVDMError as error:
            self.report({"WARNING"}, sentence(error))
            return {"FINISHED"}  # the image is there, and the panel says what is missing
        names = Path(paths[0]).name if len(paths) == 1 or views else report("{count} images", count=len(paths))
        self.report({"INFO"}, report("Generating from {names}", names=names))
        session.run_live()
        return {"FINISHED"}

    def _enqueue(self, context: Context, paths: Sequence[str], views: Mapping[str, str], place: Mapping[str, Any]) -> None:
        """One generation for each image, or one of all sides, where the model takes them."""
        if not views:
            for path in paths:
                enqueue_generation(context, {"filepath": path, **place}, live=True)
            return
        front = {"filepath": views["front"], **place}
        others = {f"filepath_{view}": path for view, path in views.items() if view != "front"}
        several = takes_several_views(absolute_model(scene_settings(context.scene).model))
        enqueue_generation(context, front | (others if several else {}), live=True)
        if not several:
            self.report({"WARNING"}, report("This model takes the front image alone; Multi-View offers one that takes all"))


@with_properties(view=StringProperty(default="", options=_HIDDEN))
class FLASHVDM_OT_clear_image(bpy.types.Operator):  # noqa: N801
    """Take the image of one side away."""

    bl_idname = "flashvdm.clear_image"
    bl_label = "Clear Image"
    bl_description = "Do without an image of this side"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        view: str

    def execute(self, context: Context) -> Returned:
        use(context, "", self.view)
        return {"FINISHED"}


_SOURCES = (
    ("DATA", "Blender Image", ""),
    ("CLIPBOARD", "Clipboard", ""),
    ("CAMERA", "Render Image", ""),
    ("DRAWING", "Grease Pencil Drawing", ""),
    ("VIEW", "Viewport Render", ""),
)


def _tooltip(source: str) -> str:
    """What a source is: Blender translates no description that an operator puts together."""
    match source:
        case "CLIPBOARD":
            return report("Use the image that was copied to the clipboard")
        case "CAMERA":
            return report("Render the scene's camera, without a background")
        case "DRAWING":
            return report("Use the active Grease Pencil object as it is seen in this viewport")
        case "VIEW":
            return report("Use the viewport as it is shaded now, without its overlays")
        case _:
            return report("Use an image that is in the .blend file")


@with_properties(
    source=EnumProperty(name="From", items=_SOURCES, options=_HIDDEN),
    image=StringProperty(name="Image", description="Name of the image of the file", options=_HIDDEN),
    view=StringProperty(default="", options=_HIDDEN),
)
class FLASHVDM_OT_take_image(bpy.types.Operator):  # noqa: N801
    """Make an image file of something else, and use that."""

    bl_idname = "flashvdm.take_image"
    bl_label = "Use Image"
    bl_description = "Make an image file of something else and use that"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        source: str
        image: str
        view: str

    @classmethod
    def description(cls, context: Context, properties: Any) -> str:
        return _tooltip(properties.source)

    def invoke(self, context: Context, event: Event) -> Returned:
        """A render takes its time: another Blender makes it. All else is done at once."""
        if self.source != "CAMERA":
            return self.execute(context)
        if reason := why_no_camera(context.scene):
            self.report({"ERROR"}, reason)
            return {"CANCELLED"}
        sink = CameraPicture(context.scene, self.view)
        session.enqueue_background(sink.task, context.scene.camera.name, sink)
        session.run_live()
        return {"FINISHED"}

    def execute(self, context: Context) -> Returned:
        try:
            use(context, str(self._taken(context)), self.view)
        except (ImageError, RuntimeError) as error:  # the second: what Blender's own operators report
            self.report({"ERROR"}, sentence(str(error).removeprefix("Error: ").strip()))
            return {"CANCELLED"}
        return {"FINISHED"}

    def _taken(self, context: Context) -> Path:
        match self.source:
            case "CLIPBOARD":
                return image_sources.from_clipboard(context)
            case "CAMERA":
                return image_sources.from_camera(context.scene)
            case "DRAWING":
                return image_sources.from_drawing(context)
            case "VIEW":
                return image_sources.from_view(context)
            case _:
                image = bpy.data.images.get(self.image)
                if image is None:
                    raise ImageError(f"There is no image '{self.image}' in this file; choose another.")
                return image_sources.from_datablock(image)


CLASSES = (FLASHVDM_OT_open_image, FLASHVDM_OT_drop_images, FLASHVDM_OT_clear_image, FLASHVDM_OT_take_image)
