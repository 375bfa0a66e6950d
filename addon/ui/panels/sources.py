"""The menu of images that are no file yet."""

import bpy

from ...blender.api_types import Context

_OPERATOR = "flashvdm.take_image"


class FLASHVDM_MT_image_sources(bpy.types.Menu):  # noqa: N801
    """Where else the image can come from."""

    bl_label = "Image From"

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        layout.operator(_OPERATOR, text="Clipboard", icon="PASTEDOWN").source = "CLIPBOARD"
        layout.operator(_OPERATOR, text="This View", icon="VIEW3D").source = "VIEW"
        layout.operator(_OPERATOR, text="Render of the Camera", icon="CAMERA_DATA").source = "CAMERA"
        layout.separator()
        layout.menu("FLASHVDM_MT_images_of_file", icon="IMAGE_DATA")


class FLASHVDM_MT_images_of_file(bpy.types.Menu):  # noqa: N801
    """The images of the .blend file."""

    bl_label = "Image of This File"

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        images = [image for image in bpy.data.images if image.type not in ("RENDER_RESULT", "COMPOSITING")]
        if not images:
            layout.label(text="No images in this file")
        for image in images:
            button = layout.operator(_OPERATOR, text=image.name, icon="IMAGE_DATA", translate=False)
            button.source, button.image = "DATA", image.name


CLASSES = (FLASHVDM_MT_images_of_file, FLASHVDM_MT_image_sources)
