"""The field of a pixel-aligned decoder, and what a generation with one promises."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from flashvdm_core.api.errors import CheckpointError, SettingsError
from flashvdm_core.api.events import Event, Failure, Log, Preview, Progress, Result, Stage
from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.api.tasks import Blend, BlockOut, DecodeLatents, Request
from flashvdm_core.checkpoints.folders import EMBEDDED_FOLDER, weights_identity
from flashvdm_core.checkpoints.load import load_checkpoint, load_pixel_aligned, model_spec
from flashvdm_core.checkpoints.save import save_model, save_pixel_aligned
from flashvdm_core.decoding import decode_volume
from flashvdm_core.decoding.cover import Cover
from flashvdm_core.decoding.field import BlendedField
from flashvdm_core.decoding.pixel_aligned import signed_outline
from flashvdm_core.geometry.raster import rasterise
from flashvdm_core.models.pixel_aligned import TO_PICTURE, at_pixels, outline_distance
from flashvdm_core.pipeline.pipeline import Pipeline
from flashvdm_core.pipeline.shape import Picture, Shape, decode, pixels_of, read_picture
from flashvdm_core.sampling import draw_noise
from flashvdm_core.sparse_grid import Grid, aligned_grids
from flashvdm_core.surface import extract_surface

from .tiny_model import tiny_pixel_aligned, write_tiny_model, write_tiny_pixel_aligned_model


def drawing(side: int = 160) -> np.ndarray:
    """A cut-out that is not symmetric, with a hole: uint8 [side, side, 4]."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    shape = (x**2 / 0.16 + y**2 / 0.09 < 1) | ((np.abs(x - 0.25) < 0.06) & (y > 0) & (y < 0.45))
    shape &= (x + 0.1) ** 2 + y**2 > 0.01
    colours = np.stack([200 + 40 * np.sin(9 * x), 120 + 80 * y, 90 + 0 * x, 255 + 0 * x], -1)
    return np.where(shape[..., None], colours, 0).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def picture() -> Picture:
    return read_picture(tiny_pixel_aligned(), pixels_of(drawing()))


def some_points(size: int = 28) -> tuple[Grid, torch.Tensor]:
    return aligned_grids(size, size, 1.01)[-1], torch.randperm((size + 1) ** 3, generator=torch.Generator().manual_seed(0))[:4000]


def decoded(seed: int = 0) -> torch.Tensor:
    return torch.randn(1, 12, 32, generator=torch.Generator().manual_seed(seed))


def without_rim(picture: Picture) -> Picture:
    decoder = copy.copy(picture.decoder)
    decoder.spec = replace(decoder.spec, rim=0.0)
    return replace(picture, decoder=decoder)


def test_a_grid_gives_what_points_give_and_both_what_the_decoder_gives(picture: Picture) -> None:
    field, (grid, indices) = without_rim(picture).field(decoded()), some_points()
    points = grid.coordinates(indices)
    plain = picture.decoder(picture.features, points[None], picture.camera, picture.decoder.keys_values(decoded()))[0]
    outline = at_pixels(picture.outline, points[None])[0, 0] / picture.decoder.spec.truncation
    expected = torch.where(outline > -1, torch.minimum(plain, outline), outline)
    assert 0.1 < (outline > -1).float().mean() < 0.9
    torch.testing.assert_close(field(points), expected, rtol=1e-4, atol=1e-4)
    beyond = points[outline < -1]
    torch.testing.assert_close(field(beyond), outline[outline < -1], rtol=1e-4, atol=1e-4)
    for order in (indices, indices.sort().values):
        torch.testing.assert_close(field.on_grid(grid)(order), field(grid.coordinates(order)), rtol=1e-4, atol=1e-4)


def test_a_grid_gives_what_points_give_with_all_that_the_picture_adds(picture: Picture) -> None:
    field, (grid, indices) = picture.field(decoded()), some_points()
    torch.testing.assert_close(field.on_grid(grid)(indices), field(grid.coordinates(indices)), rtol=1e-4, atol=1e-4)


def test_the_rim_is_raised_where_the_shape_most_likely_is(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = Cover(None, torch.zeros(0, 8), picture.decoder.spec.truncation)
    monkeypatch.setattr("flashvdm_core.decoding.pixel_aligned.find_cover", lambda *_: nothing)
    grid, indices = some_points()
    points = grid.coordinates(indices)
    field, plain = picture.field(decoded()), without_rim(picture).field(decoded())
    outline = at_pixels(picture.outline, points[None])[0, 0] / picture.decoder.spec.truncation
    raised = field(points) - plain(points)
    assert (raised >= -1e-4).all()
    assert raised[(outline > 1) | (outline < -1)].abs().max() < 1e-4, "neither well inside nor beside the outline"
    assert raised.max() > 0.02
    torch.testing.assert_close(field.on_grid(grid)(indices), field(points), rtol=1e-4, atol=1e-4)


def test_a_mirrored_picture_is_as_deep_as_the_picture(picture: Picture) -> None:
    mirrored = read_picture(picture.decoder, pixels_of(drawing())[:, ::-1].copy())
    for own, other in ((picture.features.depth, mirrored.features.depth), (picture.features.volume, mirrored.features.volume)):
        assert own.std() > 0.01
        torch.testing.assert_close(own, other.flip(3), atol=1e-4, rtol=1e-4)
    turned = picture.features.normals * torch.tensor([-1.0, 1.0, 1.0])[:, None, None]
    torch.testing.assert_close(turned, mirrored.features.normals.flip(3), atol=1e-3, rtol=0)
    torch.testing.assert_close(picture.camera.elevation, mirrored.camera.elevation, atol=1e-5, rtol=0)


def test_latents_are_read(picture: Picture) -> None:
    points = some_points()[0].axes.T
    assert not torch.allclose(picture.field(decoded(0))(points), picture.field(decoded(1))(points), atol=1e-3)
    nothing = picture.decoder.reader(torch.zeros(2, 0, 32))
    assert torch.equal(nothing, picture.decoder.reader.tokens.expand(2, -1, -1))


def test_a_blend_lies_between_its_ends(picture: Picture) -> None:
    one, other, (grid, indices) = picture.field(decoded(0)), picture.field(decoded(1)), some_points()
    a, b = one.on_grid(grid)(indices), other.on_grid(grid)(indices)
    for amount, expected in ((0.0, a), (1.0, b), (0.25, 0.75 * a + 0.25 * b)):
        blend = BlendedField(one, other, amount)
        torch.testing.assert_close(blend.on_grid(grid)(indices), expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(blend(grid.coordinates(indices)), expected, rtol=1e-4, atol=1e-4)


def test_distances_within_reach_are_the_exact_ones() -> None:
    opaque = torch.rand(2, 50, 50, generator=torch.Generator().manual_seed(0)) < 0.97
    exact = outline_distance(opaque)
    assert exact.max() > 6
    torch.testing.assert_close(outline_distance(opaque, reach=6), exact.clamp_max(6))


def test_the_outline_is_where_the_picture_is_half_opaque() -> None:
    side = 64
    x = (torch.arange(side) + 0.5) / side * 2 - 1
    edge = 0.3
    opacity = ((edge - x) * side / 2 + 0.5).clamp(0, 1).expand(1, 1, side, side)
    signed = signed_outline(opacity)[0, 0, side // 2]
    near = (x - edge).abs() < 0.15
    torch.testing.assert_close(signed[near], (edge - x[near]) / TO_PICTURE, atol=1.0 / side, rtol=0)


def seen(mesh: TriangleMesh, side: int = 128) -> np.ndarray:
    """bool [side, side]: the silhouette of a mesh of the view frame, in the picture."""
    place = (mesh.vertices * np.float32(TO_PICTURE) * (1, -1, -1) + (1, 1, 0)) * (side / 2, side / 2, 1)
    ids, _ = rasterise(place[mesh.faces][..., :2].astype(np.float32), place[mesh.faces][..., 2].astype(np.float32), side, side)
    return ids >= 0


def test_nothing_is_seen_beside_the_outline(picture: Picture) -> None:
    *_, level = decode_volume(picture.field(decoded()), 64, method="dense")
    mesh = extract_surface(level.volume)
    mask = pixels_of(drawing())[::2, ::2, 3] > 127
    silhouette = seen(mesh)
    assert silhouette.sum() > 0.5 * mask.sum()
    assert (silhouette & ~mask).sum() < 0.02 * mask.sum()


def test_the_surface_lies_where_the_network_puts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read between the points of a lattice, against asked everywhere: of the built-in model, in cells of the finest grid."""
    spatial = pytest.importorskip("scipy.spatial")
    decoder = load_pixel_aligned(EMBEDDED_FOLDER, torch.device("cpu"))
    assert decoder is not None
    seen = read_picture(decoder, pixels_of(drawing()))
    nothing = torch.empty(1, 0, decoder.spec.width)

    def vertices() -> np.ndarray:
        *_, level = decode_volume(seen.field(nothing), 256, method="hierarchical")
        return extract_surface(level.volume, 0.0).vertices

    read = vertices()
    monkeypatch.setattr("flashvdm_core.decoding.pixel_aligned.finest_spacing", lambda features: 0.0)
    exact = vertices()
    apart = np.concatenate([spatial.cKDTree(one).query(other)[0] for one, other in ((read, exact), (exact, read))])
    cell = 2 * 1.05 / 256
    assert 0 < apart.mean() < 0.1 * cell
    assert np.quantile(apart, 0.99) < cell


def test_meshes_stand_upright(picture: Picture) -> None:
    camera = replace(picture.camera, elevation=torch.tensor([0.5]), perspective=torch.tensor([0.2]))
    tilted = replace(picture, features=replace(picture.features, camera=camera))
    upright = torch.tensor([[[0.3, -0.4, 0.2], [0.0, 0.5, -0.6], [-0.7, 0.1, 0.1]]])
    mesh = TriangleMesh(camera.to_view(upright)[0].numpy(), np.array([[0, 1, 2]], np.int32))
    np.testing.assert_allclose(tilted.upright(mesh).vertices, upright[0].numpy(), atol=1e-5)


# --- a whole generation ----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pixel_aligned")
    write_tiny_pixel_aligned_model(folder / "tiny", with_encoder=True)
    Image.fromarray(drawing()).save(folder / "drawing.png")
    return folder


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline()


def request(folder: Path, **more: object) -> Request:
    settings = {"model": str(folder / "tiny"), "resolution": 48, "device": "cpu", "preview": True, "seed": 3}
    return Request({"front": str(folder / "drawing.png")}, settings, keep_latents=True, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def events(pipeline: Pipeline, folder: Path) -> list[Event]:
    return list(pipeline.generate(request(folder)))


def last(events: list[Event]) -> Result:
    assert isinstance(events[-1], Result), events[-1]
    return events[-1]


def blind_model(folder: Path) -> Path:
    """One whose decoder does not read the latents."""
    decoder = tiny_pixel_aligned()
    torch.nn.init.zeros_(decoder.reader.block.attn.c_proj.weight)
    tiny = write_tiny_model(folder / "tiny", with_encoder=True)
    save_pixel_aligned(decoder, tiny)
    return tiny


def test_a_seed_that_changes_nothing_is_told_once(folder: Path, tmp_path: Path) -> None:
    tiny = blind_model(tmp_path)
    pipeline, told = Pipeline(), []
    meshes = []
    asked = request(folder)
    for seed in (0, 3, 4):
        events = list(pipeline.generate(replace(asked, settings=asked.settings | {"model": str(tiny), "seed": seed})))
        meshes.append(last(events).mesh)
        told.append([event.message for event in events if isinstance(event, Log) and "whatever the seed is" in event.message])
    assert [len(messages) for messages in told] == [0, 1, 0]
    assert np.array_equal(meshes[1].vertices, meshes[2].vertices)
    learned = list(Pipeline().generate(request(folder)))
    assert not [event for event in learned if isinstance(event, Log) and "seed" in event.message]


def test_a_seed_chooses_among_the_shapes_that_a_picture_may_be_of(pipeline: Pipeline, folder: Path, tmp_path: Path) -> None:
    decoder = tiny_pixel_aligned(variation=4)
    torch.nn.init.zeros_(decoder.reader.block.attn.c_proj.weight)  # the other latents change nothing
    torch.nn.init.normal_(decoder.encoder.variation.weight, generator=torch.Generator().manual_seed(0))
    tiny = write_tiny_model(tmp_path / "tiny", with_encoder=True)
    save_pixel_aligned(decoder, tiny)
    asked, made = request(folder), []
    for seed in (0, 3, 3, 4):
        settings = asked.settings | {"model": str(tiny), "seed": seed, "preview": False}
        events = list(pipeline.generate(replace(asked, settings=settings)))
        assert not [event for event in events if isinstance(event, Log) and "seed" in event.message]
        made.append(last(events))
    likeliest, one, same, other = made
    assert np.array_equal(one.mesh.vertices, same.mesh.vertices)
    assert len({len(result.mesh.vertices) for result in (likeliest, one, other)}) == 3, "three shapes"
    without = read_picture(decoder, likeliest.pixels)
    zero = without.read_with(torch.zeros(1, 13, 8), 12)
    torch.testing.assert_close(zero.features.volume, without.features.volume, msg="a seed of 0 is what stands without variation")
    for result in (likeliest, one):
        settings = asked.settings | {"model": str(tiny)}
        anew = DecodeLatents(result.latents, settings, None, result.model_identity, result.pixels)
        np.testing.assert_allclose(last(list(pipeline.generate(anew))).mesh.vertices, result.mesh.vertices, atol=1e-4)
    blend = Blend(one.latents, other.latents, 1.0, settings, pixels=one.pixels, other_pixels=other.pixels)
    np.testing.assert_allclose(last(list(pipeline.generate(blend))).mesh.vertices, other.mesh.vertices, atol=1e-4)


def test_latents_that_nothing_reads_are_sampled_in_a_step_unless_more_are_asked_for(folder: Path, tmp_path: Path) -> None:
    tiny, pipeline, asked = blind_model(tmp_path), Pipeline(), request(folder)
    read = load_checkpoint(folder / "tiny", "cpu", torch.float32).default_steps
    assert read > 1
    made = []
    for model, steps, taken in ((tiny, 0, 1), (tiny, read, read), (folder / "tiny", 0, read)):
        settings = asked.settings | {"model": str(model), "steps": steps}
        events = list(pipeline.generate(replace(asked, settings=settings)))
        sampled = {event.fraction for event in events if isinstance(event, Progress) and event.stage is Stage.SAMPLE}
        assert len(sampled) == taken + 1, "where the stage begins, and after each step"
        made.append(last(events))
        assert made[-1].settings["steps"] == read, "who goes back to these settings with a block-out has all of its steps"
    assert all(result.latents is not None and np.isfinite(result.latents).all() for result in made), "they are kept all the same"
    assert np.array_equal(made[0].mesh.vertices, made[1].mesh.vertices)


def test_the_built_in_model_makes_other_shapes_of_other_seeds() -> None:
    decoder = load_checkpoint("embedded", torch.device("cpu"), torch.float32).pixel_aligned
    assert decoder is not None
    likeliest = read_picture(decoder, pixels_of(drawing()))
    for seed in (1, 2):
        noise = draw_noise(seed, 1, 1, decoder.spec.variation, device=torch.device("cpu"), dtype=torch.float32)
        other = likeliest.read_with(noise, 0)
        assert (other.features.depth - likeliest.features.depth).abs().mean() > 0.005


def test_the_relief_is_the_first_preview(events: list[Event]) -> None:
    previews = [event for event in events if isinstance(event, Preview)]
    assert previews[0].stage is Stage.CONDITION
    assert len(previews[0].mesh.faces) > 100
    assert previews[0].mesh.vertices[:, 2].max() > 0.2


def test_a_result_is_decoded_anew_from_its_latents_and_pixels(pipeline: Pipeline, folder: Path, events: list[Event]) -> None:
    made = last(events)
    assert made.pixels is not None
    assert made.colouring is not None
    settings = request(folder).settings
    anew = DecodeLatents(made.latents, settings, made.colouring.picture, made.model_identity, made.pixels)
    again = last(list(pipeline.generate(anew)))
    np.testing.assert_allclose(again.mesh.vertices, made.mesh.vertices, atol=1e-4)
    assert again.pixels is not None
    assert np.array_equal(again.pixels, made.pixels)
    alone = last(list(pipeline.generate(replace(anew, pixels=None))))
    assert alone.pixels is None
    assert alone.mesh.vertices.shape != made.mesh.vertices.shape, "without them the latents alone make another shape"


def test_colours_lie_where_they_are_in_the_picture(events: list[Event]) -> None:
    """On what looks at the viewer. In the drawing green grows downwards, and red goes with the sine of the place sideways."""
    mesh, colouring = last(events).mesh, last(events).colouring
    assert colouring is not None
    corners = mesh.vertices[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    elevation = np.radians(colouring.elevation)
    facing = normals @ (0, np.sin(elevation), np.cos(elevation)) > 0.5 * np.linalg.norm(normals, axis=1)
    assert facing.mean() > 0.05
    height, width = colouring.texture.shape[:2]
    column, row = (colouring.uvs * (width, -height) + (0, height)).astype(int).clip(0, (width - 1, height - 1)).T
    colours = colouring.texture[row, column].reshape(-1, 3, 3)[facing].reshape(-1, 3).astype(float)
    places = corners[facing].reshape(-1, 3)
    sideways = 0.4 * places[:, 0] / np.abs(mesh.vertices[:, 0]).max()  # the drawing is 0.8 of its picture wide
    assert np.corrcoef(colours[:, 1], -places[:, 1])[0, 1] > 0.9
    assert np.corrcoef(colours[:, 0], np.sin(9 * sideways))[0, 1] > 0.8


def test_two_results_blend(pipeline: Pipeline, folder: Path, events: list[Event]) -> None:
    made = last(events)
    ends = [last(list(pipeline.generate(Blend(made.latents, made.latents, amount, request(folder).settings,
            made.model_identity, made.model_identity, made.pixels, made.pixels)))) for amount in (0.0, 1.0)]  # fmt: skip
    for end in ends:
        np.testing.assert_allclose(end.mesh.vertices, made.mesh.vertices, atol=1e-4)
        assert end.latents is None, "of pixels there is no blend"
    with pytest.raises(SettingsError, match="block-out"):
        Blend(made.latents, made.latents, 0.5, request(folder).settings, pixels=made.pixels)


def test_a_block_out_is_decoded_from_its_latents_alone(pipeline: Pipeline, folder: Path) -> None:
    box = TriangleMesh(
        np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)], np.float32),
        np.array([[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4],
                  [1, 5, 7], [1, 7, 3]], np.int32),
    )  # fmt: skip
    made = list(pipeline.generate(request(folder, block_out=BlockOut(box, 0.5))))
    assert last(made).pixels is None
    assert not any(isinstance(event, Preview) and event.stage is Stage.CONDITION for event in made)


def test_a_model_is_saved_with_its_decoder(folder: Path, tmp_path: Path) -> None:
    model = load_checkpoint(folder / "tiny", "cpu", torch.float32)
    assert model_spec(folder / "tiny").frame == "view"
    save_model(model, tmp_path)
    again = load_checkpoint(tmp_path, "cpu", torch.float32)
    assert again.pixel_aligned is not None
    assert model.pixel_aligned is not None
    assert again.spec.pixel_aligned == model.spec.pixel_aligned
    for ours, theirs in zip(again.pixel_aligned.parameters(), model.pixel_aligned.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_another_decoder_is_another_model(folder: Path, tmp_path: Path) -> None:
    """Latents and pixels that were kept with a result are refused by it."""
    save_model(load_checkpoint(folder / "tiny", "cpu", torch.float32), tmp_path)
    before = weights_identity(tmp_path)
    save_pixel_aligned(tiny_pixel_aligned(seed=1), tmp_path)
    assert weights_identity(tmp_path) != before


def test_a_missing_decoder_is_named(folder: Path, tmp_path: Path) -> None:
    save_model(load_checkpoint(folder / "tiny", "cpu", torch.float32), tmp_path)
    (tmp_path / "pixel_aligned.safetensors").unlink()
    with pytest.raises(CheckpointError, match="no file"):
        load_pixel_aligned(tmp_path, torch.device("cpu"))
    failure = list(Pipeline().generate(replace(request(folder), settings={"model": str(tmp_path), "device": "cpu"})))[-1]
    assert isinstance(failure, Failure)
    assert failure.kind == "CheckpointError"


def test_a_variation_that_latents_have_no_room_for_is_refused(folder: Path, tmp_path: Path) -> None:
    save_model(load_checkpoint(folder / "tiny", "cpu", torch.float32), tmp_path)
    for variation, refused in ((4, False), (5, True)):
        save_pixel_aligned(tiny_pixel_aligned(variation=variation), tmp_path)
        if refused:
            with pytest.raises(CheckpointError, match="reads 5 numbers of a token that has 4"):
                load_checkpoint(tmp_path, "cpu", torch.float32)
        else:
            load_checkpoint(tmp_path, "cpu", torch.float32)


@pytest.mark.parametrize("more", [0, 1], ids=["latents", "and a variation"])
def test_a_shape_without_a_picture_is_decoded_as_ever(folder: Path, more: int) -> None:
    model = load_checkpoint(folder / "tiny", "cpu", torch.float32)
    latents = torch.randn(1, 12, 4, generator=torch.Generator().manual_seed(0))
    *_, level = decode(model, Shape(torch.cat([latents, latents[:, :more]], 1), None), 32)
    points = level.volume.grid.coordinates(level.volume.indices[:200])
    expected = model.vae.geo_decoder(points[None], model.vae.geo_decoder.keys_values(model.vae.decode(latents)))[0, :, 0]
    torch.testing.assert_close(level.volume.logits[:200], expected, atol=1e-4, rtol=1e-4)
