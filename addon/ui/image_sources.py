"""Images that are no file yet: of the .blend, of the clipboard, of the camera, of the viewport. Each becomes a PNG file.

The files lie in Blender's own temporary folder, which goes with the session.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...flashvdm_core.api.colour import linear_to_srgb
from ...flashvdm_core.api.errors import ImageError
from ...flashvdm_core.files import IMAGE_SUFFIXES
from ..scene.camera_picture import Change, changed, checked, new_path, picture_settings, render_camera
from ..scene.stored_images import with_four_channels
from . import drawings


def from_datablock(image: bpy.types.Image) -> Path:
    """Save an image of the .blend, whether packed, generated, rendered or on disk, with its transparency.

    Of a sequence or a moving picture it is the first one.

    Raises:
        ImageError: it has no pixels.
    """
    if image.type in ("RENDER_RESULT", "COMPOSITING"):
        return _saved_render(image)
    if image.source in ("SEQUENCE", "MOVIE"):
        return _first_of(image)
    size: Any = image.size
    width, height = size
    if not width or not height:
        raise ImageError(_why_no_pixels(image))
    pixels = np.empty(width * height * image.channels, np.float32)
    source: Any = image.pixels
    source.foreach_get(pixels)
    rgba = np.nan_to_num(with_four_channels(pixels.reshape(-1, image.channels)))
    if image.alpha_mode in ("NONE", "CHANNEL_PACKED"):
        rgba[:, 3] = 1.0  # it covers nothing: another picture may be kept in it
    # Images of bytes hold straight colours as they are shown; images of floats hold light, multiplied by its coverage.
    return _written(as_shown(rgba) if image.is_float else rgba, width, height, image.name)


def from_clipboard(context: bpy.types.Context) -> Path:
    """Save what was copied to the clipboard.

    Raises:
        ImageError: there is no image in it, or Blender cannot read the clipboard on this system.
    """
    before = set(bpy.data.images)
    paste: Any = bpy.ops.image.clipboard_paste
    with _image_editor(context):
        if not paste.poll():
            raise ImageError("There is no image in the clipboard that Blender can read; copy one, or save it and open the file.")
        paste()
    pasted = [image for image in bpy.data.images if image not in before]
    if not pasted:
        raise ImageError("The image in the clipboard cannot be read; save it and open the file.")
    try:
        return from_datablock(pasted[0])
    finally:
        bpy.data.images.remove(pasted[0])


def from_camera(scene: bpy.types.Scene) -> Path:
    """Render the scene's camera, as `render_camera` does, without returning before it is there. Raises ImageError."""
    path = new_path("camera")
    render_camera(scene, path)
    return path


def from_view(context: bpy.types.Context) -> Path:
    """Draw the 3D viewport as it is shaded, without its overlays, transparent where nothing is.

    Raises:
        ImageError: there is no viewport, or it made no picture.
    """
    scene, space, region = context.scene, context.space_data, context.region
    if scene is None or not isinstance(space, bpy.types.SpaceView3D) or context.area is None:
        raise ImageError("There is no 3D viewport here; call it from one.")
    region = next(region for region in context.area.regions if region.type == "WINDOW")
    path, render = new_path("view"), scene.render
    size: list[Change] = [
        (render, "resolution_x", max(region.width, 4)),
        (render, "resolution_y", max(region.height, 4)),
        (render, "resolution_percentage", 100),
        (render, "pixel_aspect_x", 1.0),
        (render, "pixel_aspect_y", 1.0),
        (space.overlay, "show_overlays", False),
        (space, "show_gizmo", False),
    ]
    with changed([*picture_settings(scene, path), *size]):
        bpy.ops.render.opengl(write_still=True, view_context=True)
    return checked(path, "There is nothing to be seen in this view; turn it to the object.")


def from_drawing(context: bpy.types.Context) -> Path:
    """Draw the active Grease Pencil object as it is seen in this viewport, black on white.

    Raises:
        ImageError: it is no drawing, or nothing is drawn.
    """
    obj, space = context.active_object, context.space_data
    seen = space.region_3d.view_matrix if isinstance(space, bpy.types.SpaceView3D) and space.region_3d is not None else None
    picture = drawings.drawn(obj, seen)
    assert obj is not None
    return _written(picture.reshape(-1, 4), picture.shape[1], picture.shape[0], obj.name)


def as_shown(rgba: np.ndarray) -> np.ndarray:
    """Linear light with premultiplied alpha [P, 4] -> sRGB with straight alpha, 0 to 1."""
    alpha = np.clip(rgba[:, 3:], 0.0, 1.0)
    light = np.clip(rgba[:, :3] / np.where(alpha > 0, alpha, 1.0), 0.0, 1.0)
    return np.concatenate((linear_to_srgb(light), alpha), axis=1).astype(np.float32)


def _written(rgba: np.ndarray, width: int, height: int, name: str) -> Path:
    """Write straight sRGB pixels [P, 4], lowest row first, as a PNG file that is named after `name`."""
    path = new_path(name)
    image = bpy.data.images.new(path.stem, width, height, alpha=True)
    try:
        pixels: Any = image.pixels
        pixels.foreach_set(np.ascontiguousarray(rgba, np.float32).ravel())
        image.filepath_raw, image.file_format = str(path), "PNG"
        image.save()
    finally:
        bpy.data.images.remove(image)
    return checked(path)


def _saved_render(image: bpy.types.Image) -> Path:
    """The picture that was rendered last, which has no pixels of its own."""
    scene, path = bpy.context.scene, new_path(image.name)
    assert scene is not None
    with changed(picture_settings(scene, path)):
        try:
            image.save_render(str(path), scene=scene)
        except RuntimeError:
            raise ImageError("Nothing was rendered yet; render first, or take a Render Image.") from None
    return checked(path)


def _first_of(image: bpy.types.Image) -> Path:
    """A file of the first picture of several."""
    path = Path(bpy.path.abspath(image.filepath, library=image.library))
    if path.suffix.lower() in IMAGE_SUFFIXES and os.path.isfile(path):
        return path
    if image.source == "SEQUENCE" and os.path.isfile(path):
        still = bpy.data.images.load(str(path))
        try:
            return from_datablock(still)
        finally:
            bpy.data.images.remove(still)
    if os.path.isfile(path):
        raise ImageError(f"'{image.name}' is a film; save one of its pictures as an image, and open that.")
    raise ImageError(_why_no_pixels(image))


def _why_no_pixels(image: bpy.types.Image) -> str:
    path = bpy.path.abspath(image.filepath, library=image.library)
    if image.packed_file is None and path and not os.path.isfile(path) and image.source != "TILED":
        return f"The file of '{image.name}' does not exist any more ({Path(path).name}); find it, or choose another image."
    return f"The image '{image.name}' has no pixels; choose another, or render it first."


@contextlib.contextmanager
def _image_editor(context: bpy.types.Context) -> Iterator[None]:
    """The context of an image editor, which some operators need: an area is one for as long as this lasts."""
    area = context.area or next((area for window in _windows(context) for area in window.screen.areas), None)
    if area is None:
        raise ImageError("There is no window to paste in; open an image file instead.")
    before = area.ui_type
    area.ui_type = "IMAGE_EDITOR"
    try:
        region = next(region for region in area.regions if region.type == "WINDOW")
        override: Any = bpy.context.temp_override(area=area, region=region)  # 5.2's stubs lack its __enter__
        with override:
            yield
    finally:
        area.ui_type = before


def _windows(context: bpy.types.Context) -> list[bpy.types.Window]:
    return list(context.window_manager.windows) if context.window_manager is not None else []
