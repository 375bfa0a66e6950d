"""Images that are no file yet: of the .blend, of the clipboard, of the camera, of the viewport. Each becomes a PNG file.

The files lie in Blender's own temporary folder, which goes with the session.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...flashvdm_core.api.colour import linear_to_srgb
from ...flashvdm_core.api.errors import ImageError
from ...flashvdm_core.files import IMAGE_SUFFIXES
from ..scene.stored_images import with_four_channels

_Changed = tuple[Any, str, Any]


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
    """Render the scene's camera, transparent where nothing is, with the scene's own engine and size.

    Raises:
        ImageError: the scene has no camera, or the engine made no picture.
    """
    if scene.camera is None:
        raise ImageError("The scene has no active camera; add one, or take the view instead.")
    path, render = _new_path("camera"), scene.render
    changes = [*_picture_settings(scene, path), *_square_pixels(render), (render, "use_compositing", False)]
    layers = list(scene.view_layers)
    if not any(layer.use for layer in layers):
        changes += [(layer, "use", True) for layer in layers]
    with _changed(changes):
        bpy.ops.render.render(write_still=True, scene=scene.name)
    return _checked(path, "The camera sees nothing; turn it to the object, or take the view instead.")


def from_view(context: bpy.types.Context) -> Path:
    """Draw the 3D viewport as it is shaded, without its overlays, transparent where nothing is.

    Raises:
        ImageError: there is no viewport, or it made no picture.
    """
    scene, space, region = context.scene, context.space_data, context.region
    if scene is None or not isinstance(space, bpy.types.SpaceView3D) or context.area is None:
        raise ImageError("There is no 3D viewport here; call it from one.")
    region = next(region for region in context.area.regions if region.type == "WINDOW")
    path, render = _new_path("view"), scene.render
    size: list[_Changed] = [
        (render, "resolution_x", max(region.width, 4)),
        (render, "resolution_y", max(region.height, 4)),
        (render, "resolution_percentage", 100),
        (render, "pixel_aspect_x", 1.0),
        (render, "pixel_aspect_y", 1.0),
        (space.overlay, "show_overlays", False),
        (space, "show_gizmo", False),
    ]
    with _changed([*_picture_settings(scene, path), *size]):
        bpy.ops.render.opengl(write_still=True, view_context=True)
    return _checked(path, "There is nothing to be seen in this view; turn it to the object.")


def as_shown(rgba: np.ndarray) -> np.ndarray:
    """Linear light with premultiplied alpha [P, 4] -> sRGB with straight alpha, 0 to 1."""
    alpha = np.clip(rgba[:, 3:], 0.0, 1.0)
    light = np.clip(rgba[:, :3] / np.where(alpha > 0, alpha, 1.0), 0.0, 1.0)
    return np.concatenate((linear_to_srgb(light), alpha), axis=1).astype(np.float32)


def _written(rgba: np.ndarray, width: int, height: int, name: str) -> Path:
    """Write straight sRGB pixels [P, 4], lowest row first, as a PNG file that is named after `name`."""
    path = _new_path(name)
    image = bpy.data.images.new(path.stem, width, height, alpha=True)
    try:
        pixels: Any = image.pixels
        pixels.foreach_set(np.ascontiguousarray(rgba, np.float32).ravel())
        image.filepath_raw, image.file_format = str(path), "PNG"
        image.save()
    finally:
        bpy.data.images.remove(image)
    return _checked(path)


def _new_path(name: str) -> Path:
    """A file in a new folder of its own, so that it bears the name that the object will have."""
    folder = Path(bpy.app.tempdir) / f"flashvdm-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    ending = next((suffix for suffix in IMAGE_SUFFIXES if name.lower().endswith(suffix)), "")
    letters = "".join(letter if letter.isalnum() or letter in " ._-" else "_" for letter in name[: len(name) - len(ending)])
    return folder / f"{letters.strip(' .')[:60] or 'image'}.png"


def _saved_render(image: bpy.types.Image) -> Path:
    """The picture that was rendered last, which has no pixels of its own."""
    scene, path = bpy.context.scene, _new_path(image.name)
    assert scene is not None
    with _changed(_picture_settings(scene, path)):
        try:
            image.save_render(str(path), scene=scene)
        except RuntimeError:
            raise ImageError("Nothing was rendered yet; render first, or take a Render Image.") from None
    return _checked(path)


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


def _checked(path: Path, nothing: str = "") -> Path:
    """The file that Blender has made; `nothing` is what to say of one that shows nothing."""
    if not os.path.isfile(path):
        raise ImageError("Blender made no picture; look at its console for the reason, or open an image file.")
    if nothing and _is_empty(path):
        path.unlink()
        raise ImageError(nothing)
    return path


def _is_empty(path: Path) -> bool:
    """Every pixel of an image file is transparent."""
    image = bpy.data.images.load(str(path))
    try:
        held: Any = image
        pixels = np.empty(held.size[0] * held.size[1] * held.channels, np.float32)
        held.pixels.foreach_get(pixels)
        return held.channels == 4 and not pixels[3::4].any()
    finally:
        bpy.data.images.remove(image)


def _square_pixels(render: bpy.types.RenderSettings) -> list[_Changed]:
    """The same frame with square pixels, none of which is lost."""
    x, y = render.pixel_aspect_x, render.pixel_aspect_y
    if x == y:
        return []
    width, height = render.resolution_x * max(x / y, 1.0), render.resolution_y * max(y / x, 1.0)
    sizes = [(render, "resolution_x", round(width)), (render, "resolution_y", round(height))]
    return [*sizes, (render, "pixel_aspect_x", 1.0), (render, "pixel_aspect_y", 1.0)]


def _picture_settings(scene: bpy.types.Scene, path: Path) -> list[_Changed]:
    """What makes a render an 8-bit PNG file with transparency, in the order in which it must be set."""
    render, picture = scene.render, scene.render.image_settings
    media = [(picture, "media_type", "IMAGE")] if hasattr(picture, "media_type") else []  # Blender 5
    return [
        *media,
        (picture, "file_format", "PNG"),
        (picture, "color_mode", "RGBA"),
        (picture, "color_depth", "8"),
        (picture, "color_management", "FOLLOW_SCENE"),
        (render, "filepath", str(path)),
        (render, "use_file_extension", False),
        (render, "film_transparent", True),
        (render, "use_sequencer", False),
        (render, "use_multiview", False),  # one picture, and no pair for two eyes
        (render, "use_border", False),
        (render, "use_stamp", False),
    ]


@contextlib.contextmanager
def _changed(changes: list[_Changed]) -> Iterator[None]:
    """While this lasts, the settings have other values; they get their own back in any case."""
    before: list[_Changed] = []
    try:
        for owner, name, value in changes:
            before.append((owner, name, getattr(owner, name)))
            setattr(owner, name, value)
        yield
    finally:
        # What depends on another setting was set after it, and can be set back only once that is: twice serves both.
        for owner, name, value in (*before, *reversed(before)):
            with contextlib.suppress(TypeError):
                setattr(owner, name, value)


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
