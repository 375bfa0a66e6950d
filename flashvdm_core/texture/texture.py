"""The texture and its UVs: left the picture, right the colours of what it does not show."""

from __future__ import annotations

import numpy as np

from ..api.mesh import Colouring
from ..geometry.camera import OrthographicCamera, opaque_box
from ..geometry.polygons import PolygonMesh
from ..geometry.raster import barycentric, rasterise
from .inpaint import diffuse_in_space, inpaint
from .uv_charts import IN_PICTURE, Box, classify_faces, in_picture, lay_out_charts

_OPAQUE = 250
_RIM = 2  # pixels at the edge of the object in the picture that have the background's colour in them


def project_texture(surface: PolygonMesh, picture: np.ndarray, view: OrthographicCamera) -> Colouring:
    """Lay the colours of a cut-out on a mesh.

    The bounding boxes of the mesh's silhouette in `view` and of the opaque part of the picture are laid on each other.
    Faces that the picture shows take their colours from it. Those that face away or lie behind others take the
    colours of what is seen near them.

    Args:
        surface: the mesh, in the core frame.
        picture: uint8 [H, W, 4], the cut-out with straight alpha, row 0 at the top.
        view: where it was seen from; `fit_camera` finds it.

    Returns:
        A texture [S, 2 * S, 3], S the longer side of the picture: left the picture, right the hidden faces.
    """
    side = max(picture.shape[:2])
    front = _squared(picture, side)
    box = opaque_box(front[..., 3]) or (0, side, 0, side)
    placed = in_picture(surface, view, Box(*box))
    labels = classify_faces(surface, view)
    shown = labels[surface.face_of_corner] == IN_PICTURE
    left = _without_background(front)
    atlas = lay_out_charts(surface, labels, side)
    corners = np.where(shown[:, None], placed[surface.corners, :2], atlas + np.array((side, 0), np.float32))
    right = _hidden_colours(surface, labels, atlas, _seen_colours(left, surface, placed), side)
    texture = np.concatenate((left, right), axis=1)
    uvs = corners / (2 * side, side)
    uvs[:, 1] = 1 - uvs[:, 1]
    shades = (texture * 255 + 0.5).clip(0, 255).astype(np.uint8)
    return Colouring(uvs.astype(np.float32), shades, picture, view.yaw, view.elevation)


def _squared(picture: np.ndarray, side: int) -> np.ndarray:
    """uint8 [side, side, 4]: the picture with transparent borders."""
    square = np.zeros((side, side, 4), np.uint8)
    top, left = (side - picture.shape[0]) // 2, (side - picture.shape[1]) // 2
    square[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return square


def _without_background(rgba: np.ndarray) -> np.ndarray:
    """float32 [H, W, 3], 0 to 1: beyond the object and on its rim the colours next to it go on."""
    opaque = rgba[..., 3] >= _OPAQUE
    inner = opaque
    for _ in range(_RIM):
        inner = inner & np.roll(inner, 1, 0) & np.roll(inner, -1, 0) & np.roll(inner, 1, 1) & np.roll(inner, -1, 1)
    if not inner.any():
        inner = opaque if opaque.any() else np.ones_like(opaque)
    return inpaint(rgba[..., :3].astype(np.float32) / 255 * inner[..., None], inner.astype(np.float32))


def _seen_colours(left: np.ndarray, surface: PolygonMesh, placed: np.ndarray) -> np.ndarray:
    """float32 [F, 3]: the picture's colour at the middle of each face."""
    positions = placed[surface.corners, :2]
    middle = np.add.reduceat(positions, surface.starts, axis=0)
    middle /= np.diff(surface.starts, append=len(surface.corners))[:, None]
    column, row = middle.astype(np.int32).clip(0, len(left) - 1).T
    return left[row, column]


def _hidden_colours(surface: PolygonMesh, labels: np.ndarray, atlas: np.ndarray, seen: np.ndarray, side: int) -> np.ndarray:
    """float32 [side, side, 3]: the atlas of the hidden faces, `atlas` [L, 2] their corners on it."""
    shown = labels == IN_PICTURE
    areas = np.bincount(surface.faces, surface.triangle_areas, surface.face_count)
    colours = diffuse_in_space(surface.centres[shown], seen[shown], areas[shown], surface.points)
    hidden = np.flatnonzero(~shown[surface.faces])
    corners = atlas[surface.triangles[hidden]]
    ids, _ = rasterise(corners, np.zeros(corners.shape[:2], np.float32), side, side)
    rows, columns = np.nonzero(ids >= 0)
    triangle = ids[rows, columns]
    weights = barycentric(corners[triangle], np.stack((columns, rows), axis=1) + 0.5)
    points = surface.corners[surface.triangles[hidden[triangle]]]
    values = np.zeros((side, side, 3), np.float32)
    values[rows, columns] = (colours[points] * weights[..., None]).sum(axis=1)
    return inpaint(values, (ids >= 0).astype(np.float32))
