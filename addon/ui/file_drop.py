"""Image files that are dropped on the 3D viewport."""

import bpy

from ...flashvdm_core.files import IMAGE_SUFFIXES
from ..blender.api_types import Context


class FLASHVDM_FH_images(bpy.types.FileHandler):  # noqa: N801
    """Hands image files to `flashvdm.drop_images`. Blender asks where it has another use for them, too."""

    bl_idname = "FLASHVDM_FH_images"
    bl_label = "Image to 3D (FlashVDM)"
    bl_import_operator = "flashvdm.drop_images"
    bl_file_extensions = ";".join(IMAGE_SUFFIXES)

    @classmethod
    def poll_drop(cls, context: Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D"


CLASSES = (FLASHVDM_FH_images,)
