"""The texture and its UVs: every side gets colours, from pictures where they show it, else as honestly as can be had."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..api.mesh import Colouring
from ..geometry.camera import OrthographicCamera, points_on
from ..geometry.normals import normalised
from ..geometry.polygons import PolygonMesh
from ..geometry.raster import barycentric, rasterise
from ..geometry.symmetry import SYMMETRIC, MirrorPlane, mirror_plane
from .inpaint import diffuse_in_space, inpaint
from .photo import Photo, Projector
from .uv_charts import face_labels, lay_out_islands

_SIDES = (64, 2048)  # of the texture
_OF_PICTURE = 2  # the texture's side, in sides of the largest picture: about as many pixels of it as the picture has
_ACROSS = 0.8  # cosine between the view and a mirror plane's normal above which a front would be mirrored to the back


def project_texture(
    surface: PolygonMesh, picture: np.ndarray, view: OrthographicCamera, others: Sequence[Photo] = ()
) -> Colouring:
    """Lay the colours of a cut-out on a mesh.

    Args:
        surface: the mesh, in the core frame.
        picture: uint8 [H, W, 4], the cut-out with straight alpha, row 0 at the top.
        view: where it was seen from; `fit_camera` finds it.
        others: pictures of other sides: each point gets the colours of those that see it best.

    Returns:
        A square texture, and UVs that don't overlap. What no picture shows has the colours of its mirror image, where the
        shape has one that a picture shows, else those of what is seen around it.
    """
    texture, uvs = project_photos(surface, [Photo(picture, view), *others])
    return Colouring(uvs, texture, picture, view.yaw, view.elevation)


def project_photos(surface: PolygonMesh, photos: Sequence[Photo]) -> tuple[np.ndarray, np.ndarray]:
    """The same from any cameras: the texture, uint8 [S, S, 3], and the UVs, float32 [L, 2]."""
    largest = max(max(photo.picture.shape[:2]) for photo in photos)
    side = int(np.clip(2 ** np.ceil(np.log2(_OF_PICTURE * largest)), *_SIDES))
    projectors = [Projector(surface, photo) for photo in photos]
    atlas = lay_out_islands(surface, face_labels(surface, projectors), projectors, side)
    texture = _baked(surface, projectors, atlas, side)
    uvs = atlas / side
    uvs[:, 1] = 1 - uvs[:, 1]
    return (texture * 255 + 0.5).clip(0, 255).astype(np.uint8), uvs.astype(np.float32)


def _baked(surface: PolygonMesh, photos: Sequence[Projector], atlas: np.ndarray, side: int) -> np.ndarray:
    """float32 [side, side, 3], 0 to 1: the colours of the atlas, `atlas` [L, 2] the corners of the faces on it."""
    corners = atlas[surface.triangles]
    ids, _ = rasterise(corners, np.zeros(corners.shape[:2], np.float32), side, side)
    rows, columns = np.nonzero(ids >= 0)
    triangle = ids[rows, columns]
    shares = barycentric(corners[triangle], np.stack((columns, rows), axis=1) + 0.5).clip(0, 1).astype(np.float32)
    vertices = surface.corners[surface.triangles[triangle]]
    points = np.einsum("nk,nki->ni", shares, surface.points[vertices])
    normals = normalised(np.einsum("nk,nki->ni", shares, surface.corner_normals[surface.triangles[triangle]]))
    colours, known = _seen(photos, points, normals)
    plane = _plane_of(surface, photos[0])
    if plane is not None:
        hidden = np.flatnonzero(known < 1)
        image = normals[hidden] - 2 * (normals[hidden] @ plane.normal)[:, None] * plane.normal
        mirrored, weight = _seen(photos, plane.mirrored(points[hidden]), image.astype(np.float32))
        known, colours = _added(known, colours, hidden, weight, mirrored)
    hidden = np.flatnonzero(known < 1)
    around = _fill(surface, photos)
    filled = np.einsum("nk,nki->ni", shares[hidden], around[vertices[hidden]])
    known, colours = _added(known, colours, hidden, np.ones(len(hidden), np.float32), filled)
    values = np.zeros((side, side, 3), np.float32)
    values[rows, columns] = colours
    return inpaint(values, (ids >= 0).astype(np.float32))


def _seen(photos: Sequence[Projector], points: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of what the photos show of points, float32 [N, 3], those counting most that look straight at it; how sure, [N]."""
    total = np.full(len(points), 1e-12, np.float32)
    colours = np.zeros((len(points), 3), np.float32)
    known = np.zeros(len(points), np.float32)
    for photo in photos:
        found, weight = photo.look(points, normals)
        straight = weight * np.maximum(photo.facing(points, normals), 0) ** 4
        colours += found * straight[:, None]
        total += straight
        known = np.maximum(known, weight)
    return colours / total[:, None], known


def _added(
    known: np.ndarray, colours: np.ndarray, index: np.ndarray, weight: np.ndarray, found: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """`found` colours [M, 3] put under those at `index` [M], as far as these are not known."""
    share = weight * (1 - known[index])
    total = known[index] + share
    mixed = (colours[index] * known[index, None] + found * share[:, None]) / np.maximum(total, 1e-12)[:, None]
    colours[index] = np.where((total > 1e-6)[:, None], mixed, colours[index])
    known[index] = total
    return known, colours


def _plane_of(surface: PolygonMesh, photo: Projector) -> MirrorPlane | None:
    """The plane on which the shape is its own mirror image; None without one that brings something of the hidden side."""
    points = points_on(surface)
    if not len(points):
        return None
    across, _, towards = photo.axes[0].astype(np.float64)
    angle = float(np.degrees(np.arctan2(towards, across)))
    reach = float(np.degrees(np.arcsin(_ACROSS)))
    plane = mirror_plane(points[::4], (angle - reach, angle + reach))
    return plane if plane.fit >= SYMMETRIC else None


def _fill(surface: PolygonMesh, photos: Sequence[Projector]) -> np.ndarray:
    """float32 [V, 3]: what lies around each point, of what the photos show of the surface."""
    seen, known = _seen(photos, surface.centres, surface.normals)
    shown = known > 0
    areas = np.bincount(surface.faces, surface.triangle_areas, surface.face_count)
    return diffuse_in_space(surface.centres[shown], seen[shown], (areas * known**2)[shown], surface.points)
