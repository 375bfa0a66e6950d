"""Pictures that Blender makes: the settings that make them PNG files with transparency, and the render of the camera."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ...flashvdm_core.api.errors import ImageError
from ...flashvdm_core.files import IMAGE_SUFFIXES

Change = tuple[Any, str, Any]
"""What has a setting, the setting's name, and its value."""


def why_no_camera(scene: bpy.types.Scene) -> str:
    """What keeps the scene's camera from being rendered; "" if nothing does."""
    return "" if scene.camera is not None else "The scene has no active camera; add one, or take the view instead."


def render_camera(scene: bpy.types.Scene, path: Path) -> None:
    """Render the scene's camera into a file, transparent where nothing is, with the scene's own engine and size.

    Raises:
        ImageError: the scene has no camera, or the engine made no picture.
    """
    if reason := why_no_camera(scene):
        raise ImageError(reason)
    render = scene.render
    changes = [*picture_settings(scene, path), *_square_pixels(render), (render, "use_compositing", False)]
    layers = list(scene.view_layers)
    if not any(layer.use for layer in layers):
        changes += [(layer, "use", True) for layer in layers]
    with changed(changes):
        bpy.ops.render.render(write_still=True, scene=scene.name)
    checked(path, "The camera sees nothing; turn it to the object, or take the view instead.")


def new_path(name: str) -> Path:
    """A file in a new folder of its own, so that it bears the name that the object will have."""
    folder = Path(bpy.app.tempdir) / f"flashvdm-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    ending = next((suffix for suffix in IMAGE_SUFFIXES if name.lower().endswith(suffix)), "")
    letters = "".join(letter if letter.isalnum() or letter in " ._-" else "_" for letter in name[: len(name) - len(ending)])
    return folder / f"{letters.strip(' .')[:60] or 'image'}.png"


def checked(path: Path, nothing: str = "") -> Path:
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


def _square_pixels(render: bpy.types.RenderSettings) -> list[Change]:
    """The same frame with square pixels, none of which is lost."""
    x, y = render.pixel_aspect_x, render.pixel_aspect_y
    if x == y:
        return []
    width, height = render.resolution_x * max(x / y, 1.0), render.resolution_y * max(y / x, 1.0)
    sizes = [(render, "resolution_x", round(width)), (render, "resolution_y", round(height))]
    return [*sizes, (render, "pixel_aspect_x", 1.0), (render, "pixel_aspect_y", 1.0)]


def picture_settings(scene: bpy.types.Scene, path: Path) -> list[Change]:
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
def changed(changes: list[Change]) -> Iterator[None]:
    """While this lasts, the settings have other values; they get their own back in any case."""
    before: list[Change] = []
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
