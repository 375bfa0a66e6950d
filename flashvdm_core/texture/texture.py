"""The texture and its UVs: every side gets colours, from pictures where they show it, else as honestly as can be had."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..api.mesh import Colouring
from ..geometry.camera import OrthographicCamera, points_on
from ..geometry.polygons import PolygonMesh
from ..geometry.raster import barycentric, rasterise
from ..geometry.symmetry import SYMMETRIC, MirrorPlane, mirror_plane
from .inpaint import diffuse_in_space, inpaint
from .photo import Photo, Projector, unit
from .threads import in_threads
from .uv_charts import face_labels, lay_out_islands

_SIDES = (64, 2048)  # of the texture
_OF_PICTURE = 2  # the texture's side, in sides of the largest picture: about as many pixels of it as the picture has
_ACROSS = 0.8  # cosine between the view and a mirror plane's normal above which a front would be mirrored to the back
_AT_ONCE = 1 << 15  # texels that a core works on: so few that what is known of them stays in its cache


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
    return np.stack(list(texture), axis=-1), uvs.astype(np.float32)


def _baked(surface: PolygonMesh, photos: Sequence[Projector], atlas: np.ndarray, side: int) -> np.ndarray:
    """uint8 [3, side, side]: the colours of the atlas, `atlas` [L, 2] the corners of the faces on it."""
    ids, _ = rasterise(atlas[surface.triangles], np.zeros(surface.triangles.shape, np.float32), side, side)
    corners = _by_corner(atlas, surface.triangles)
    points = _by_corner(surface.points, surface.corners[surface.triangles])
    normals = _by_corner(surface.corner_normals, surface.triangles)
    around = _by_corner(_fill(surface, photos), surface.corners[surface.triangles])
    plane = _plane_of(surface, photos[0])
    texture = np.zeros((3, side, side), np.uint8)

    def bake(texels: np.ndarray) -> None:
        triangle = ids.ravel()[texels]
        row, column = np.divmod(texels.astype(np.int32), np.int32(side))
        centres = np.stack((column, row)).astype(np.float32) + np.float32(0.5)
        shares = barycentric(corners.take(triangle, axis=2), centres).clip(0, 1)
        there, normal = _mixed(shares, points, triangle), unit(_mixed(shares, normals, triangle))
        colours, known = _seen(photos, there, normal)
        colours *= known
        hidden = np.flatnonzero(known < 1)
        shares, there, normal = (values.take(hidden, axis=1) for values in (shares, there, normal))
        rest, added = 1 - known[hidden], np.zeros_like(there)
        if plane is not None:
            mirrored, weight = _seen(photos, plane.mirrored(there.T).T, plane.reflected(normal.T).T)
            weight *= rest
            added += mirrored * weight
            rest -= weight
        colours[:, hidden] += added + _mixed(shares, around, triangle[hidden]) * rest
        texture.reshape(3, -1)[:, texels] = colours * 255 + np.float32(0.5)

    texels = np.flatnonzero(ids >= 0)
    in_threads(bake, np.array_split(texels, len(texels) // _AT_ONCE + 1))
    inpaint(texture, ids >= 0)
    return texture


def _by_corner(values: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Of values [N, C] those at the corners of triangles [T, 3]: [3, C, T]."""
    return np.ascontiguousarray(np.moveaxis(values[triangles], 0, 2), np.float32)


def _mixed(shares: np.ndarray, corners: np.ndarray, triangle: np.ndarray) -> np.ndarray:
    """What lies between the corners, `corners` [3, C, T], of some of T triangles [N], by shares [3, N] of each: [C, N]."""
    return np.einsum("kn,kcn->cn", shares, corners.take(triangle, axis=2))


def _seen(photos: Sequence[Projector], points: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of what the photos show of points, float32 [3, N], those counting most that look straight at it; how sure, [N]."""
    total = np.full(points.shape[1], 1e-12, np.float32)
    colours = np.zeros((3, points.shape[1]), np.float32)
    known = np.zeros(points.shape[1], np.float32)
    for photo in photos:
        found, weight, facing = photo.look(points, normals)
        straight = weight * np.square(np.square(np.maximum(facing, 0)))
        colours += found * straight
        total += straight
        np.maximum(known, weight, out=known)
    return colours / total, known


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
    seen, known = _seen(photos, surface.centres.T, surface.normals.T)
    shown = known > 0
    areas = np.bincount(surface.faces, surface.triangle_areas, surface.face_count)
    return diffuse_in_space(surface.centres[shown], seen.T[shown], (areas * known**2)[shown], surface.points)
