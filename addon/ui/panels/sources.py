"""The menu of images that are no file yet."""

import bpy

from ...blender.api_types import Context
from ...blender.texts import interface

_OPERATOR = "flashvdm.take_image"


class FLASHVDM_MT_image_sources(bpy.types.Menu):  # noqa: N801
    """Where else the image can come from."""

    bl_label = "Image From"

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator(_OPERATOR, text=interface("Clipboard"), translate=False, icon="PASTEDOWN").source = "CLIPBOARD"
        layout.operator(_OPERATOR, text=interface("Viewport Render"), translate=False, icon="VIEW3D").source = "VIEW"
        layout.operator(_OPERATOR, text=interface("Render Image"), translate=False, icon="CAMERA_DATA").source = "CAMERA"
        drawing = layout.operator(_OPERATOR, text=interface("Grease Pencil Drawing"), translate=False, icon="GREASEPENCIL")
        drawing.source = "DRAWING"
        layout.separator()
        layout.menu("FLASHVDM_MT_images_of_file", icon="IMAGE_DATA")


class FLASHVDM_MT_images_of_file(bpy.types.Menu):  # noqa: N801
    """The images of the .blend file."""

    bl_label = "Blender Image"

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        images = [image for image in bpy.data.images if image.type not in ("RENDER_RESULT", "COMPOSITING")]
        if not images:
            layout.label(text=interface("No images in this file"), translate=False)
        for image in images:
            button = layout.operator(_OPERATOR, text=image.name, icon="IMAGE_DATA", translate=False)
            button.source, button.image = "DATA", image.name


CLASSES = (FLASHVDM_MT_images_of_file, FLASHVDM_MT_image_sources)
