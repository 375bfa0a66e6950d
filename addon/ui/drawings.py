"""The active Grease Pencil drawing as a picture: black lines on white, as it is seen in the viewport."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np

from ...flashvdm_core.api.errors import ImageError

KINDS = ("GREASEPENCIL", "GPENCIL")
"""Blender's types of such objects: the second until 4.2."""

SIDE = 1024
_FILL = 0.8  # of the picture
_RADIUS = 5  # pixels: half of a line's width


def drawn(obj: bpy.types.Object | None, view: Any = None) -> np.ndarray:
    """The strokes of `obj` that are shown now, as float32 [SIDE, SIDE, 4], the lowest row first, 0 to 1, opaque.

    `view` is the view matrix of a viewport, whose x is to the right and y up; without it the drawing is seen from the front.

    Raises:
        ImageError: it is no drawing, or nothing is drawn.
    """
    if obj is None or obj.type not in KINDS:
        raise ImageError("There is no drawing; select a Grease Pencil object first.")
    lines = [_flat(points, obj, view) for points in _strokes(obj)]
    lines = [line for line in (line[np.isfinite(line).all(1)] for line in lines) if len(line)]
    if not lines:
        raise ImageError(f"Nothing is drawn in '{obj.name}'; draw something first.")
    lines = [line.astype(np.float64) for line in lines]
    everything = np.concatenate(lines)
    low, high = everything.min(0), everything.max(0)
    scale = _FILL * SIDE / max(float((high - low).max()), 1e-6)
    inked = np.zeros((SIDE, SIDE), bool)
    for line in lines:
        _trace(inked, (line - (low + high) / 2) * scale + SIDE / 2)
    picture = np.ones((SIDE, SIDE, 4), np.float32)
    picture[_thick(inked), :3] = 0.0
    return picture


def _strokes(obj: bpy.types.Object) -> Iterator[np.ndarray]:
    """The points of each stroke, float32 [P, 3], in the object's space."""
    data: Any = obj.data
    for layer in data.layers:
        if layer.hide:
            continue
        frame = layer.current_frame() if hasattr(layer, "current_frame") else layer.active_frame
        if frame is None:
            continue
        for stroke in frame.drawing.strokes if hasattr(frame, "drawing") else frame.strokes:
            points = [tuple(point.position if hasattr(point, "position") else point.co) for point in stroke.points]
            if points and getattr(stroke, "cyclic", getattr(stroke, "use_cyclic", False)):
                points.append(points[0])
            yield np.array(points, np.float32).reshape(-1, 3)


def _flat(points: np.ndarray, obj: bpy.types.Object, view: Any) -> np.ndarray:
    """Where points [P, 3] are seen, float32 [P, 2]: to the right and up."""
    placed = points @ np.array(obj.matrix_world.to_3x3(), np.float32).T + np.array(obj.matrix_world.translation, np.float32)
    if view is None:
        return placed[:, (0, 2)]
    return placed @ np.array(view.to_3x3(), np.float32)[:2].T


def _trace(inked: np.ndarray, line: np.ndarray) -> None:
    """Mark the pixels of bool [H, W] that the line [P, 2], in pixels, goes through."""
    inked[tuple(_pixels(line[:1], inked).T)] = True
    for start, end in itertools.pairwise(line):
        count = int(np.ceil(np.linalg.norm(end - start))) + 1
        steps = start + (end - start) * np.linspace(0, 1, count)[:, None]
        inked[tuple(_pixels(steps, inked).T)] = True


def _pixels(points: np.ndarray, inked: np.ndarray) -> np.ndarray:
    """Row and column of the points [P, 2] that are in the picture."""
    places = np.rint(points).astype(np.int32)[:, ::-1]
    return places[((places >= 0) & (places < inked.shape)).all(axis=1)]


def _thick(inked: np.ndarray) -> np.ndarray:
    """Bool [H, W] drawn with a round pen."""
    height, width = inked.shape
    padded, thick = np.pad(inked, _RADIUS), np.zeros_like(inked)
    for row, column in itertools.product(range(-_RADIUS, _RADIUS + 1), repeat=2):
        if row**2 + column**2 <= _RADIUS**2:
            thick |= padded[_RADIUS + row : _RADIUS + row + height, _RADIUS + column : _RADIUS + column + width]
    return thick
