"""Small pictures for the panel: the chosen image, and how the model sees it once it is cut out."""

from typing import Any

import bpy.utils.previews
import numpy as np

from ...flashvdm_core.files import file_status
from . import mesh_picture

_CHECKS = 16  # of them along the longer side
_CHECK_GREYS = (0.36, 0.44)
_previews: bpy.utils.previews.ImagePreviewCollection | None = None


def icon_of_file(path: str) -> int:
    """The icon of an image file; 0 if there is none or it cannot be read."""
    key = _key("file", path)
    if _previews is None or not key:
        return 0
    if key not in _previews:
        _previews.load(key, path, "IMAGE")
    return _previews[key].icon_id


def icon_of_cutout(path: str) -> int:
    """The icon of the cut-out that was made of the image file `path` as the file is now; 0 if there is none."""
    key = _key("cutout", path)
    return _previews[key].icon_id if _previews is not None and key in _previews else 0


def icon_of_mesh(name: str, text: str) -> int:
    """The icon of an entry of the history, whose picture is `text`; 0 if it has none."""
    if _previews is None or not text:
        return 0
    key = f"mesh:{name}"
    if key not in _previews:
        rgba = mesh_picture.from_text(text)
        if rgba is None:
            return 0
        picture: Any = _previews.new(key)
        picture.image_size = (rgba.shape[1], rgba.shape[0])
        picture.image_pixels_float.foreach_set((rgba[::-1] / np.float32(255)).ravel())
    return _previews[key].icon_id


def show_cutout(path: str, rgba: np.ndarray) -> None:
    """Keep `rgba` (uint8 [H, W, 4], row 0 at the top) as the cut-out of the image file `path`."""
    key = _key("cutout", path)
    if _previews is None or not key:
        return
    pixels = on_checks(rgba)
    picture: Any = _previews[key] if key in _previews else _previews.new(key)
    picture.image_size = (pixels.shape[1], pixels.shape[0])
    picture.image_pixels_float.foreach_set(pixels[::-1].ravel())  # Blender's row 0 is at the bottom


def on_checks(rgba: np.ndarray) -> np.ndarray:
    """`rgba` (uint8 [H, W, 4]) over grey checks, so that what was cut away is seen: float32 [H, W, 4], 0 to 1, opaque."""
    side = -(-max(rgba.shape[:2]) // _CHECKS)
    rows, columns = np.ogrid[: rgba.shape[0], : rgba.shape[1]]
    ground = np.array(_CHECK_GREYS, np.float32)[(rows // side + columns // side) % 2][..., None]
    colour, alpha = rgba[..., :3] / np.float32(255), rgba[..., 3:] / np.float32(255)
    shown = ground + (colour - ground) * alpha
    return np.concatenate((shown, np.ones_like(alpha)), axis=2)


def _key(kind: str, path: str) -> str:
    """The name of a picture of the file `path` as it is now; "" if there is no such file."""
    try:
        return f"{kind}:{path}:{file_status(path).st_mtime_ns}" if path else ""
    except OSError:
        return ""


def register() -> None:
    global _previews
    _previews = bpy.utils.previews.new()


def unregister() -> None:
    global _previews
    if _previews is not None:
        bpy.utils.previews.remove(_previews)
        _previews = None


CLASSES: tuple[type, ...] = ()
