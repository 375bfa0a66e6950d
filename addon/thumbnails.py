"""Small pictures for the panel: the chosen image, and how the model sees it once it is cut out."""

from pathlib import Path
from typing import Any

import bpy.utils.previews
import numpy as np

_SIDE = 256
_previews: bpy.utils.previews.ImagePreviewCollection | None = None


def icon_of_file(path: str) -> int:
    """The icon of an image file; 0 if there is none or it cannot be read."""
    if _previews is None or not path:
        return 0
    try:
        changed = Path(path).stat().st_mtime_ns
    except OSError:
        return 0
    key = f"file:{path}:{changed}"
    if key not in _previews:
        _previews.load(key, path, "IMAGE")
    return _previews[key].icon_id


def icon_of_cutout(path: str) -> int:
    """The icon of the cut-out that was made of the image file `path`; 0 if there is none."""
    if _previews is None or not path or _cutout_key(path) not in _previews:
        return 0
    return _previews[_cutout_key(path)].icon_id


def show_cutout(path: str, rgba: np.ndarray) -> None:
    """Keep `rgba` (uint8 [H, W, 4], row 0 at the top) as the cut-out of the image file `path`."""
    if _previews is None:
        return
    small = shrunk(rgba, _SIDE)
    key = _cutout_key(path)
    picture: Any = _previews[key] if key in _previews else _previews.new(key)
    picture.image_size = (small.shape[1], small.shape[0])
    pixels = small[::-1].astype(np.float32) / 255.0  # Blender's row 0 is at the bottom
    picture.image_pixels_float.foreach_set(pixels.ravel())


def shrunk(rgba: np.ndarray, side: int) -> np.ndarray:
    """Every n-th pixel of `rgba` [H, W, 4], so that neither side is longer than `side`."""
    step = -(-max(rgba.shape[:2]) // side)
    return np.ascontiguousarray(rgba[::step, ::step])


def _cutout_key(path: str) -> str:
    return f"cutout:{path}"


def register() -> None:
    global _previews
    _previews = bpy.utils.previews.new()


def unregister() -> None:
    global _previews
    if _previews is not None:
        bpy.utils.previews.remove(_previews)
        _previews = None


CLASSES: tuple[type, ...] = ()
