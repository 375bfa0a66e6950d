"""Choosing images by the file browser's operator, in real Blender."""

from __future__ import annotations

import bpy
import pytest

from .conftest import Import


@pytest.mark.parametrize(("view", "chosen"), [("", "image"), ("left", "image_left"), ("back", "image_back")])
def test_the_image_goes_to_the_view_that_was_asked_for(extension: Import, image: str, view: str, chosen: str) -> None:
    assert bpy.ops.flashvdm.open_image(filepath=image, view=view) == {"FINISHED"}
    settings = bpy.context.scene.flashvdm
    found = {name: getattr(settings, name) for name in ("image", "image_left", "image_back", "image_right")}
    assert found == dict.fromkeys(found, "") | {chosen: image}


def test_the_browser_shows_folders_and_images_as_thumbnails(extension: Import) -> None:
    """The file browser reads these properties of the operator."""
    asked = bpy.ops.flashvdm.open_image.get_rna_type().properties
    assert asked["filter_image"].default
    assert asked["filter_folder"].default
    known = bpy.types.FileSelectParams.bl_rna.properties["display_type"].enum_items
    assert asked["display_type"].enum_items[0].value == known["THUMBNAIL"].value
