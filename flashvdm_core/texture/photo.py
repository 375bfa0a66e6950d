"""Pictures of a mesh and where each was taken from: where a point lies in one, and whether it is seen there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..geometry.camera import OrthographicCamera, opaque_box
from ..geometry.polygons import PolygonMesh
from ..geometry.raster import rasterise
from .inpaint import inpaint

_OPAQUE = 250
_RIM = 2  # pixels at the edge of the object in the picture that have the background's colour in them
_BEHIND = 0.02  # share of the object's size by which a visible point may lie behind the nearest
_DEPTH_SIDE = 512
_FACING = (0.15, 0.5)  # cosines between which the picture's share grows from nothing to all
_OUTSIDE = 0.15  # of the weight where a fitted picture shows none of the object: its outline and the mesh's differ there


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
    """What a photo shows of one mesh. Points and directions are asked for with their coordinates apart, [3, N]."""

    def __init__(self, surface: PolygonMesh, photo: Photo) -> None:
        self._surface, self._photo = surface, photo
        picture = photo.picture
        self._colours = _without_background(picture)
        beside = _OUTSIDE if isinstance(photo.camera, OrthographicCamera) else 0.0
        self._certainty = np.where(picture[..., 3] >= _OPAQUE, 1, beside).astype(np.float32)
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
        back = self.towards(self._centre[:, None])[:, 0].astype(np.float64)
        up = (0.0, 0.0, 1.0) if abs(back[1]) > 0.99 else (0.0, 1.0, 0.0)
        right = np.cross(up, back)
        right /= np.linalg.norm(right)
        return np.stack((right, np.cross(back, right), back)).astype(np.float32)

    def towards(self, points: np.ndarray) -> np.ndarray:
        """Unit vectors float32 [3, N] from points to the viewer."""
        camera = self._photo.camera
        if isinstance(camera, OrthographicCamera):
            return np.broadcast_to(camera.axes()[2][:, None], points.shape)
        x, y, z, w = camera.eye
        return unit(np.array((x, y, z))[:, None] - points * w)

    def facing(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """float32 [N]: cosine between each normal and the way to the viewer."""
        return np.einsum("cn,cn->n", normals, self.towards(points))

    def placed(self, points: np.ndarray) -> np.ndarray:
        """float32 [3, N]: column and row in the picture (pixels), and how near a point is (size of the mesh 1)."""
        camera = self._photo.camera
        if isinstance(camera, OrthographicCamera):
            assert self._fit is not None
            axes, offset = self._fit
            return np.einsum("ij,jn->in", axes, points) + offset[:, None]
        clip = camera.matrix[:, :3] @ points + camera.matrix[:, 3:]
        w = np.where(np.abs(clip[3]) < 1e-9, 1e-9, clip[3])
        x, y = clip[:2] / w
        distance = self.axes[2] @ (points - self._centre[:, None])
        found = np.stack(((x + 1) / 2 * self._width, (1 - y) / 2 * self._height, distance / self._size))
        found[:2, clip[3] <= 1e-9] = -1e6
        return found.astype(np.float32)

    def look(self, points: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The picture's colours at points with unit normals, float32 [3, N], 0 to 1, how much they count, float32 [N], and the
        cosines of `facing`."""
        column, row, near = self.placed(points)
        low, high = _FACING
        facing = self.facing(points, normals)
        ramp = ((facing - low) / (high - low)).clip(0, 1)
        weight = ramp * ramp * (3 - 2 * ramp) * (near >= self._near_at(column, row) - _BEHIND)
        weight *= (column >= 0) & (column < self._width) & (row >= 0) & (row < self._height)
        x, y = column.astype(np.int32).clip(0, self._width - 1), row.astype(np.int32).clip(0, self._height - 1)
        weight *= self._certainty[y, x]
        return _bilinear(self._colours, column, row), weight, facing

    def _fitted(self) -> tuple[np.ndarray, np.ndarray]:
        """Axes float32 [3, 3] and offset float32 [3]: a point's products with the axes, moved by the offset, are `placed`."""
        assert isinstance(self._photo.camera, OrthographicCamera)
        top, bottom, left, right = opaque_box(self._photo.picture[..., 3]) or (0, self._height, 0, self._width)
        axes = self._photo.camera.axes()
        seen = self._surface.points @ axes.T
        low, high = seen.min(axis=0), seen.max(axis=0)
        extent = np.maximum(high - low, 1e-12)
        scale = np.array(((right - left) / extent[0], -(bottom - top) / extent[1], 1 / extent.max()))
        offset = np.array((left, bottom, 0.0)) - low * scale
        return (axes * scale[:, None]).astype(np.float32), offset.astype(np.float32)

    def _depths(self) -> np.ndarray:
        """float32 [D, D]: how near the nearest surface is."""
        surface, scale = self._surface, np.array((_DEPTH_SIDE / self._width, _DEPTH_SIDE / self._height))
        # What hides something in a closed mesh faces the viewer, too.
        facing = self.facing(surface.centres.T, surface.normals.T) > 0
        triangles = self.placed(surface.points.T).T[surface.corners[surface.triangles[facing[surface.faces]]]]
        triangles = triangles[(triangles[..., 0] > -1e5).all(axis=1)]
        _, nearest = rasterise(triangles[..., :2] * scale, triangles[..., 2], _DEPTH_SIDE, _DEPTH_SIDE)
        return nearest

    def _near_at(self, column: np.ndarray, row: np.ndarray) -> np.ndarray:
        x = (column * (_DEPTH_SIDE / self._width)).astype(np.int32).clip(0, _DEPTH_SIDE - 1)
        y = (row * (_DEPTH_SIDE / self._height)).astype(np.int32).clip(0, _DEPTH_SIDE - 1)
        return self._nearest[y, x]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors [3, N] with a length of 1, float32; those of none stay."""
    lengths = np.sqrt(np.einsum("cn,cn->n", vectors, vectors))
    return (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)


def _without_background(rgba: np.ndarray) -> np.ndarray:
    """float32 [3, H, W], 0 to 1: beyond the object and on its rim the colours next to it go on."""
    opaque = np.pad(rgba[..., 3] >= _OPAQUE, _RIM, constant_values=bool((rgba[..., 3] >= _OPAQUE).all()))
    inner = opaque
    for _ in range(_RIM):
        inner = inner & np.roll(inner, 1, 0) & np.roll(inner, -1, 0) & np.roll(inner, 1, 1) & np.roll(inner, -1, 1)
    opaque, inner = opaque[_RIM:-_RIM, _RIM:-_RIM], inner[_RIM:-_RIM, _RIM:-_RIM]
    if not inner.any():
        inner = opaque if opaque.any() else np.ones_like(opaque)
    colours = np.moveaxis(rgba[..., :3], 2, 0).copy()
    inpaint(colours, inner)
    return colours.astype(np.float32) / 255


def _bilinear(picture: np.ndarray, column: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Colours of a picture [C, H, W] between the centres of pixels: float32 [C, N]."""
    channels, height, width = picture.shape
    x, y = (column - 0.5).clip(0, width - 1), (row - 0.5).clip(0, height - 1)
    left, top = x.astype(np.int32).clip(0, max(width - 2, 0)), y.astype(np.int32).clip(0, max(height - 2, 0))
    u, v = (x - left).astype(np.float32), (y - top).astype(np.float32)
    right, below = min(width - 1, 1), width * min(height - 1, 1)
    pixel = top * width + left
    around = np.stack((pixel, pixel + right, pixel + below, pixel + below + right))
    shares = np.stack(((1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v))
    return np.einsum("kn,ckn->cn", shares, picture.reshape(channels, -1).take(around, axis=1))
