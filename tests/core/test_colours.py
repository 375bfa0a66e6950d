"""The front image's colours on a mesh: the view that is found, and what each face gets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from flashvdm_core.api.mesh import Colouring, TriangleMesh
from flashvdm_core.geometry.camera import camera_axes, points_on
from flashvdm_core.geometry.raster import rasterise
from flashvdm_core.geometry.symmetry import SYMMETRIC, mirror_plane
from flashvdm_core.texture import MatrixCamera, OrthographicCamera, Photo, PolygonMesh, fit_camera, project_texture
from flashvdm_core.texture.inpaint import inpaint

SIDE = 192
RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 255, 0)
FRONT, BACK, LEFT, RIGHT = 0, 1, 2, 3  # faces of `box`, each several times


def box(low: tuple[float, float, float], high: tuple[float, float, float], cuts: int = 8) -> TriangleMesh:
    """A box whose sides are grids of `cuts` x `cuts` squares: front, back, left, right, top, bottom."""
    points: list[np.ndarray] = []
    faces: list[np.ndarray] = []
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, cuts + 1)] * 2, indexing="xy"), axis=-1).reshape(-1, 2)
    rows, columns = np.divmod(np.arange(cuts * cuts), cuts)
    first = rows * (cuts + 1) + columns
    quads = np.stack((first, first + 1, first + cuts + 2, first + cuts + 1), axis=1)
    across = {2: (0, 1), 0: (2, 1), 1: (0, 2)}
    for axis, far in ((2, 1), (2, 0), (0, 0), (0, 1), (1, 1), (1, 0)):
        unit = np.full((len(grid), 3), float(far))
        unit[:, across[axis]] = grid
        outward = quads if (axis == 2) == bool(far) else quads[:, ::-1]
        faces.append(np.concatenate((outward[:, :3], outward[:, (0, 2, 3)])) + sum(map(len, points)))
        points.append(np.asarray(low) + unit * (np.asarray(high) - np.asarray(low)))
    merged, index = np.unique(np.concatenate(points).round(6), axis=0, return_inverse=True)
    return TriangleMesh(merged.astype(np.float32), index.ravel()[np.concatenate(faces)].astype(np.int32))


def joined(*meshes: TriangleMesh) -> TriangleMesh:
    offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    faces = [mesh.faces + offset for mesh, offset in zip(meshes, offsets, strict=False)]
    return TriangleMesh(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces).astype(np.int32))


def half_and_half() -> np.ndarray:
    """A cut-out, left half red and right half blue, on a green background that is transparent."""
    picture = np.zeros((SIDE, SIDE, 4), np.uint8)
    picture[..., :3] = GREEN
    picture[32:160, 32:96] = (*RED, 255)
    picture[32:160, 96:160] = (*BLUE, 255)
    return picture


def shades(colouring: Colouring) -> np.ndarray:
    """float [T, 3]: the texture's colour in the middle of each triangle."""
    height, width = colouring.texture.shape[:2]
    middle = colouring.uvs.reshape(-1, 3, 2).mean(axis=1)
    column, row = (middle[:, 0] * width).astype(int), ((1 - middle[:, 1]) * height).astype(int)
    return colouring.texture[row, column].astype(float)


def silhouette(mesh: TriangleMesh, view: OrthographicCamera) -> np.ndarray:
    seen = PolygonMesh.of(mesh).triangle_points @ view.axes().T
    pixels = (seen[..., :2] * (1, -1)) * SIDE * 0.3 + SIDE / 2
    ids, _ = rasterise(pixels, seen[..., 2], SIDE, SIDE)
    return np.where(ids >= 0, 255, 0).astype(np.uint8)


def test_the_front_gets_the_picture_and_the_back_what_is_next_to_it() -> None:
    mesh = box((-1, -1, -0.5), (1, 1, 0.5))
    surface = PolygonMesh.of(mesh)
    found = project_texture(surface, half_and_half(), OrthographicCamera())
    assert found.texture.shape == (512, 512, 3)
    assert found.uvs.min() >= 0
    assert found.uvs.max() <= 1
    colours, x = shades(found), surface.centres[:, 0]
    front = surface.normals[:, 2] > 0.5
    assert np.abs(colours[front & (x < 0)] - RED).max() < 8
    assert np.abs(colours[front & (x > 0)] - BLUE).max() < 8
    hidden_left, hidden_right = surface.normals[:, 0] < -0.5, surface.normals[:, 0] > 0.5
    assert np.abs(colours[hidden_left] - RED).mean() < 30
    assert np.abs(colours[hidden_right] - BLUE).mean() < 30
    back = surface.normals[:, 2] < -0.5
    assert (colours[back & (x < -0.5), 0] > 128).all()
    assert (colours[back & (x > 0.5), 2] > 128).all()
    assert colours[:, 1].max() < 8, "nothing of the background"


def test_the_picture_lies_on_the_silhouette_whatever_its_place_and_shape() -> None:
    picture = np.zeros((80, SIDE, 4), np.uint8)
    picture[6:66, 100:180] = (*BLUE, 255)
    picture[6:36, 100:180] = (*RED, 255)
    surface = PolygonMesh.of(box((-0.2, -1, -0.2), (0.2, 1, 0.2)))
    colours = shades(project_texture(surface, picture, OrthographicCamera()))
    front = surface.normals[:, 2] > 0.5
    y = surface.centres[:, 1]
    assert np.abs(colours[front & (y > 0.25)] - RED).max() < 8
    assert np.abs(colours[front & (y < -0.25)] - BLUE).max() < 8


def test_what_lies_behind_something_does_not_get_its_colours() -> None:
    wall, post = box((-1, -1, -1), (1, 1, -0.8), 24), box((-0.2, -1, 0.2), (0.2, 1, 0.6))
    picture = np.zeros((SIDE, SIDE, 4), np.uint8)
    picture[32:160, 32:160] = (*BLUE, 255)
    picture[32:160, 82:110] = (*RED, 255)  # a little wider than the post
    surface = PolygonMesh.of(joined(wall, post))
    colours = shades(project_texture(surface, picture, OrthographicCamera()))
    front, (x, y, z) = surface.normals[:, 2] > 0.5, surface.centres.T
    assert np.abs(colours[front & (z > 0)] - RED).max() < 8
    assert np.abs(colours[front & (z < 0) & (np.abs(x) > 0.35) & (np.abs(y) < 0.9)] - BLUE).max() < 8
    assert (colours[front & (z < 0) & (np.abs(x) < 0.12), 2] > 150).all(), "the wall behind the post"


def test_charts_do_not_lie_on_each_other() -> None:
    surface = PolygonMesh.of(joined(box((-1, -1, -1), (-0.4, 1, 1)), box((0.2, -0.5, -1), (1, 1, 0.3))))
    found = project_texture(surface, half_and_half(), OrthographicCamera())
    side = len(found.texture)
    page = found.uvs.reshape(-1, 3, 2) * side
    a, b, c = np.moveaxis(page, 1, 0)
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    ids, _ = rasterise(page, np.zeros(page.shape[:2]), side, side)
    assert (ids >= 0).sum() == pytest.approx(np.abs(ux * vy - uy * vx).sum() / 2, rel=0.1)
    assert (ids >= 0).sum() > 0.2 * side * side, "and they use the page"
    filled = ids >= 0
    columns = filled.any(axis=0)
    gaps = np.diff(np.flatnonzero(np.diff(np.concatenate(([False], columns, [False])).astype(int))))[1::2]
    assert (gaps >= 2).all(), "there is padding between them"


@pytest.mark.parametrize("view", [OrthographicCamera(30, 20), OrthographicCamera(-40, 5), OrthographicCamera(0, 0)], ids=str)
def test_the_view_is_found_from_the_silhouette(view: OrthographicCamera) -> None:
    mesh = joined(box((-1, -0.5, -0.4), (1, 0, 0.4)), box((-1, 0, -0.4), (-0.4, 0.8, 0.1)), box((0.5, 0, 0), (0.8, 0.3, 0.4)))
    found = fit_camera(PolygonMesh.of(mesh), silhouette(mesh, view))
    assert abs(found.yaw - view.yaw) <= 7.5
    assert abs(found.elevation - view.elevation) <= 7.5


def test_without_a_silhouette_the_front_is_taken() -> None:
    assert fit_camera(PolygonMesh.of(box((-1, -1, -1), (1, 1, 1), 2)), np.zeros((8, 8), np.uint8)) == OrthographicCamera()


def test_faces_of_any_number_of_corners_are_coloured() -> None:
    points = np.array(list(itertools.product((-1, 1), repeat=3)), np.float32)
    quads = np.array([(1, 5, 7, 3), (0, 2, 6, 4), (0, 1, 3, 2), (4, 6, 7, 5), (2, 3, 7, 6), (0, 4, 5, 1)], np.int32)
    first = np.arange(0, 24, 4, dtype=np.int32)
    triangles = np.concatenate([first[:, None] + (0, 1, 2), first[:, None] + (0, 2, 3)]).astype(np.int32)
    surface = PolygonMesh(points, quads.ravel(), first, triangles, np.tile(np.arange(6, dtype=np.int32), 2))
    assert surface.normals[:, 2].tolist() == [1, -1, 0, 0, 0, 0]
    assert len(surface.neighbours) == 12
    found = project_texture(surface, half_and_half(), OrthographicCamera())
    corners = found.uvs.reshape(6, 4, 2)
    low, high = corners.min(axis=1), corners.max(axis=1)
    assert ((high - low) > 0.1).all()
    apart = ((low[:, None] >= high) | (high[:, None] <= low)).any(axis=2)
    assert (apart | np.eye(6, dtype=bool)).all(), "each is an island of its own"


def test_what_is_not_seen_is_the_mirror_image_of_what_is_where_the_shape_is_one() -> None:
    mesh = joined(box((-1, -1, -0.5), (1, 0, 0.5)), box((-0.4, 0, -0.5), (0.4, 1, 0.5)))
    surface = PolygonMesh.of(mesh)
    right = surface.normals[:, 0] > 0.5
    view = OrthographicCamera(35, 0)
    axes = view.axes()
    seen = surface.triangle_points @ axes.T
    shade = np.where(right, 2, 1)
    low, high = seen[..., :2].min(axis=(0, 1)), seen[..., :2].max(axis=(0, 1))
    pixels = (seen[..., :2] - low) / (high - low) * (SIDE, -SIDE) + (0, SIDE)
    ids, _ = rasterise(pixels, seen[..., 2], SIDE, SIDE)
    picture = np.zeros((SIDE, SIDE, 4), np.uint8)
    for number, colour in ((1, BLUE), (2, RED)):
        picture[(ids >= 0) & (shade[ids] == number)] = (*colour, 255)
    colours = shades(project_texture(surface, picture, view))
    left = surface.normals[:, 0] < -0.5
    assert np.abs(np.median(colours[right], axis=0) - RED).max() < 20
    assert np.abs(np.median(colours[left], axis=0) - RED).max() < 40, "the side that was not seen is as the other one"


def test_several_pictures_give_each_its_side() -> None:
    surface = PolygonMesh.of(box((-1, -1, -0.5), (1, 1, 0.5)))
    plain = np.full((SIDE, SIDE, 4), 255, np.uint8)
    front, back, side = (np.where(plain == 255, np.uint8((*colour, 255)), plain) for colour in (RED, BLUE, GREEN))
    eye = np.array((8.0, 0.0, 0.0))
    # A camera at +x: x of the picture is -z, up is y, w is the way to it.
    matrix = np.array(((0, 0, -6, 0), (0, 6, 0, 0), (0, 0, 0, 1), (-1, 0, 0, 8)), float)
    photos = [Photo(back, OrthographicCamera(180, 0)), Photo(side, MatrixCamera(matrix, (*eye, 1.0)))]
    colours = shades(project_texture(surface, front, OrthographicCamera(), photos))
    for axis, sign, colour in ((2, 1, RED), (2, -1, BLUE), (0, 1, GREEN)):
        faces = surface.normals[:, axis] * sign > 0.5
        assert np.abs(np.median(colours[faces], axis=0) - colour).max() < 8


def test_a_mirror_plane_is_found_whichever_way_the_shape_is_turned_and_none_where_there_is_none() -> None:
    mesh = joined(box((-1, -1, -0.5), (1, 0, 0.5)), box((-0.2, 0, -0.5), (0.2, 1, -0.1)))
    turned = mesh.vertices @ camera_axes(25, 0)
    points = points_on(PolygonMesh.of(TriangleMesh(turned, mesh.faces)))
    plane = mirror_plane(points)
    assert plane.fit > SYMMETRIC
    assert abs(plane.angle) == pytest.approx(25, abs=2.5)
    lopsided = joined(mesh, box((0.5, 0, 0), (1, 1.5, 0.5)))
    assert mirror_plane(points_on(PolygonMesh.of(lopsided))).fit < SYMMETRIC


def test_rasterising_agrees_with_asking_every_pixel() -> None:
    random = np.random.default_rng(0)
    corners = random.uniform(-5, 25, (40, 3, 2)).astype(np.float32)
    inverse_depth = np.repeat(random.random((40, 1), np.float32), 3, axis=1)
    ids, near = rasterise(corners, inverse_depth, 16, 20)
    for row, column in itertools.product(range(16), range(20)):
        a, b, c = np.moveaxis(corners - np.float32((column + 0.5, row + 0.5)), 1, 0)
        sides = np.stack([p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0] for p, q in ((a, b), (b, c), (c, a))])
        hit = np.flatnonzero((sides >= 0).all(axis=0) | (sides <= 0).all(axis=0))
        expected = hit[inverse_depth[hit, 0].argmax()] if len(hit) else -1
        assert ids[row, column] == expected
        assert near[row, column] == (inverse_depth[expected, 0] if len(hit) else -np.inf)


def test_inpainting_keeps_what_is_there_and_continues_it() -> None:
    picture, known = np.zeros((1, 9, 13), np.uint8), np.zeros((9, 13), bool)
    picture[0, 4, 2], picture[0, 4, 11] = 50, 150
    known[4, 2] = known[4, 11] = True
    picture[~known[None]] = 255  # what is not known counts for nothing
    inpaint(picture, known)
    assert (picture[0, 4, 2], picture[0, 4, 11]) == (50, 150)
    assert picture[0, :, 0].max() < 90 < 110 < picture[0, :, 12].min()


@pytest.mark.parametrize("shape", [(16, 16), (9, 13), (1, 7), (33, 2)], ids=str)
def test_inpainting_is_a_pyramid_of_means_taken_bilinearly(shape: tuple[int, int]) -> None:
    def filled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
        if known.all() or known.size == 1:
            return values
        height, width = (-(-length // 2) for length in known.shape)
        smaller, there = np.zeros((height, width)), np.zeros((height, width), bool)
        for row, column in np.ndindex(height, width):
            cells = np.s_[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            if known[cells].any():
                smaller[row, column], there[row, column] = values[cells][known[cells]].mean(), True
        smaller = filled(smaller, there)
        wanted = values.copy()
        for row, column in np.argwhere(~known):
            near = [index // 2 for index in (row, column)]
            far = [place + (1 if index % 2 else -1) for index, place in zip((row, column), near, strict=True)]
            far = [min(max(index, 0), length - 1) for index, length in zip(far, smaller.shape, strict=True)]
            pairs = itertools.product(*(((a, 0.75), (b, 0.25)) for a, b in zip(near, far, strict=True)))
            wanted[row, column] = sum(smaller[i, j] * p * q for (i, p), (j, q) in pairs)
        return wanted

    random = np.random.default_rng(0)
    picture, known = random.integers(0, 256, (2, *shape), np.uint8), random.random(shape) < 0.1
    expected = [filled(channel.astype(float) * known, known) for channel in picture]
    inpaint(picture, known)
    assert np.abs(picture - np.array(expected)).max() < 0.51


def test_every_texel_that_the_picture_shows_has_its_colour() -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    picture = np.stack((rows, columns, (rows + columns) // 2, np.full_like(rows, 255)), axis=-1).astype(np.uint8)
    surface = PolygonMesh.of(box((-1, -1, -0.5), (1, 1, 0.5), 3))
    found = project_texture(surface, picture, OrthographicCamera())
    side = len(found.texture)
    front = surface.normals[:, 2] > 0.5
    pages, points = found.uvs.reshape(-1, 3, 2)[front] * (side, -side) + (0, side), surface.triangle_points[front]
    for page, corners in zip(pages.astype(float), points.astype(float), strict=True):
        low, high = page.min(axis=0).astype(int), page.max(axis=0).astype(int)
        centres = np.stack(np.meshgrid(*map(np.arange, low + 1, high)), axis=-1).reshape(-1, 2) + 0.5
        shares = np.linalg.solve(np.vstack((page.T, np.ones(3))), np.column_stack((centres, np.ones(len(centres)))).T).T
        inside = (shares > 0).all(axis=1)
        place = ((shares[inside] @ corners)[:, :2] * (0.5, -0.5) + 0.5) * SIDE - 0.5  # between the centres of pixels
        place = place.clip(0, SIDE - 1)
        column, row = (centres[inside] - 0.5).astype(int).T
        expected = np.column_stack((place[:, 1], place[:, 0], place.sum(axis=1) / 2 - 0.25))
        assert np.abs(found.texture[row, column] - expected).max() < 1.6
