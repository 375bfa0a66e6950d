"""Pictures of a mesh and where each was taken from: where a point lies in one, and whether it is seen there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry.camera import OrthographicCamera, opaque_box
from ..geometry.normals import normalised
from ..geometry.polygons import PolygonMesh
from ..geometry.raster import rasterise
from .inpaint import inpaint

_OPAQUE = 250
_RIM = 2  # pixels at the edge of the object in the picture that have the background's colour in them
_BEHIND = 0.02  # share of the object's size by which a visible point may lie behind the nearest
_DEPTH_SIDE = 512
_FACING = (0.15, 0.5)  # cosines between which the picture's share grows from nothing to all
_OUTSIDE = 0.15  # of the weight where the picture shows none of the object: its outline and the mesh's differ there


@dataclass(frozen=True, eq=False)
class MatrixCamera:
    """A camera of a host, with or without perspective.

    Attributes:
        matrix: float64 [4, 4], points of the mesh's frame [x, y, z, 1] -> clip space: x and y over w are -1 to 1 in the picture,
            up and to the right.
        eye: where it stands, in the mesh's frame; with a last number of 0 the direction towards it, without perspective.
    """

    matrix: np.ndarray
    eye: tuple[float, float, float, float]


Camera = OrthographicCamera | MatrixCamera


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture, uint8 [H, W, 4] with straight alpha and row 0 at the top, and its camera.

    An orthographic camera is but a direction: the boxes of silhouette and opaque part are laid on each other.
    """

    picture: np.ndarray
    camera: Camera


class Projector:
    """What a photo shows of one mesh."""

    def __init__(self, surface: PolygonMesh, photo: Photo) -> None:
        self._surface, self._photo = surface, photo
        picture = photo.picture
        self._colours = _without_background(picture)
        self._opaque = picture[..., 3] >= _OPAQUE
        self._height, self._width = picture.shape[:2]
        low, high = surface.points.min(axis=0), surface.points.max(axis=0)
        self._centre, self._size = (low + high) / 2, max(float((high - low).max()), 1e-12)
        self._fit = self._fitted() if isinstance(photo.camera, OrthographicCamera) else None
        self._nearest = self._depths()

    @property
    def axes(self) -> np.ndarray:
        """float32 [3, 3]: right, up and towards the viewer, as seen at the middle of the mesh."""
        camera = self._photo.camera
        if isinstance(camera, OrthographicCamera):
            return camera.axes()
        back = self.towards(self._centre[None])[0].astype(np.float64)
        up = (0.0, 0.0, 1.0) if abs(back[1]) > 0.99 else (0.0, 1.0, 0.0)
        right = np.cross(up, back)
        right /= np.linalg.norm(right)
        return np.stack((right, np.cross(back, right), back)).astype(np.float32)

    def towards(self, points: np.ndarray) -> np.ndarray:
        """Unit vectors float32 [N, 3] from points to the viewer."""
        camera = self._photo.camera
        if isinstance(camera, OrthographicCamera):
            return np.broadcast_to(camera.axes()[2], points.shape)
        x, y, z, w = camera.eye
        return normalised(np.array((x, y, z)) - points * w)

    def facing(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """float32 [N]: cosine between each normal and the way to the viewer."""
        return np.einsum("ij,ij->i", normals, self.towards(points))

    def placed(self, points: np.ndarray) -> np.ndarray:
        """float32 [N, 3]: column and row in the picture (pixels), and how near a point is (size of the mesh 1)."""
        camera = self._photo.camera
        if isinstance(camera, OrthographicCamera):
            assert self._fit is not None
            scale, offset = self._fit
            return ((points @ camera.axes().T) * scale + offset).astype(np.float32)
        clip = np.column_stack((points, np.ones(len(points)))) @ camera.matrix.T
        w = np.where(np.abs(clip[:, 3]) < 1e-9, 1e-9, clip[:, 3])
        x, y = clip[:, 0] / w, clip[:, 1] / w
        distance = np.einsum("ij,ij->i", points - self._centre, np.broadcast_to(self.axes[2], points.shape))
        behind = (clip[:, 3] <= 1e-9)[:, None] & np.array([True, True, False])
        found = np.stack(((x + 1) / 2 * self._width, (1 - y) / 2 * self._height, distance / self._size), axis=1)
        return np.where(behind, -1e6, found).astype(np.float32)

    def look(self, points: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The picture's colours at points with unit normals, float32 [N, 3], 0 to 1, and how much they count, float32 [N]."""
        placed = self.placed(points)
        column, row = placed[:, 0], placed[:, 1]
        low, high = _FACING
        ramp = ((self.facing(points, normals) - low) / (high - low)).clip(0, 1)
        weight = ramp * ramp * (3 - 2 * ramp) * (placed[:, 2] >= self._near_at(column, row) - _BEHIND)
        inside = (column >= 0) & (column < self._width) & (row >= 0) & (row < self._height)
        x, y = column.astype(np.int32).clip(0, self._width - 1), row.astype(np.int32).clip(0, self._height - 1)
        weight = np.where(inside, weight, 0) * np.where(self._opaque[y, x], 1.0, _OUTSIDE)
        if not isinstance(self._photo.camera, OrthographicCamera):
            weight *= self._opaque[y, x]
        return _bilinear(self._colours, column, row), weight.astype(np.float32)

    def _fitted(self) -> tuple[np.ndarray, np.ndarray]:
        """Scale and offset [3] from the camera's frame to the picture."""
        assert isinstance(self._photo.camera, OrthographicCamera)
        top, bottom, left, right = opaque_box(self._photo.picture[..., 3]) or (0, self._height, 0, self._width)
        seen = self._surface.points @ self._photo.camera.axes().T
        low, high = seen.min(axis=0), seen.max(axis=0)
        extent = np.maximum(high - low, 1e-12)
        scale = np.array(((right - left) / extent[0], -(bottom - top) / extent[1], 1 / extent.max()))
        return scale, np.array((left, bottom, 0.0)) - low * scale

    def _depths(self) -> np.ndarray:
        """float32 [D, D]: how near the nearest surface is."""
        surface, scale = self._surface, np.array((_DEPTH_SIDE / self._width, _DEPTH_SIDE / self._height))
        facing = self.facing(surface.centres, surface.normals) > 0  # what hides something in a closed mesh faces the viewer, too
        triangles = self.placed(surface.points)[surface.corners[surface.triangles[facing[surface.faces]]]]
        triangles = triangles[(triangles[..., 0] > -1e5).all(axis=1)]
        _, nearest = rasterise(triangles[..., :2] * scale, triangles[..., 2], _DEPTH_SIDE, _DEPTH_SIDE)
        return nearest

    def _near_at(self, column: np.ndarray, row: np.ndarray) -> np.ndarray:
        x = (column * (_DEPTH_SIDE / self._width)).astype(np.int32).clip(0, _DEPTH_SIDE - 1)
        y = (row * (_DEPTH_SIDE / self._height)).astype(np.int32).clip(0, _DEPTH_SIDE - 1)
        return self._nearest[y, x]


def _without_background(rgba: np.ndarray) -> np.ndarray:
    """float32 [H, W, 3], 0 to 1: beyond the object and on its rim the colours next to it go on."""
    opaque = np.pad(rgba[..., 3] >= _OPAQUE, _RIM, constant_values=bool((rgba[..., 3] >= _OPAQUE).all()))
    inner = opaque
    for _ in range(_RIM):
        inner = inner & np.roll(inner, 1, 0) & np.roll(inner, -1, 0) & np.roll(inner, 1, 1) & np.roll(inner, -1, 1)
    opaque, inner = opaque[_RIM:-_RIM, _RIM:-_RIM], inner[_RIM:-_RIM, _RIM:-_RIM]
    if not inner.any():
        inner = opaque if opaque.any() else np.ones_like(opaque)
    return inpaint(rgba[..., :3].astype(np.float32) / 255 * inner[..., None], inner.astype(np.float32))


def _bilinear(colours: np.ndarray, column: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Colours [H, W, C] between the centres of pixels: float32 [N, C]."""
    height, width = colours.shape[:2]
    x, y = (column - 0.5).clip(0, width - 1), (row - 0.5).clip(0, height - 1)
    left, top = x.astype(np.int32), y.astype(np.int32)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    u, v = (x - left)[:, None].astype(np.float32), (y - top)[:, None].astype(np.float32)
    upper = colours[top, left] * (1 - u) + colours[top, right] * u
    return upper * (1 - v) + (colours[bottom, left] * (1 - u) + colours[bottom, right] * u) * v
