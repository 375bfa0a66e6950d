"""Cutting objects out of drawn scenes whose true coverage is known."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from flashvdm_core.api.errors import ImageError
from flashvdm_core.api.settings import SETTINGS
from flashvdm_core.geometry.regions import label_regions
from flashvdm_core.image import cut_out
from flashvdm_core.image.edges import softened
from flashvdm_core.image.plain_background import oklab

SIZE, SUB = 240, 3  # pixels of a scene, and samples along each side of a pixel
THRESHOLD = float(SETTINGS["cutout_threshold"].default)

BACKGROUNDS = {
    "white": lambda x, y: np.stack([255 + 0 * x] * 3, -1),
    "grey": lambda x, y: np.stack([128 + 0 * x] * 3, -1),
    "green": lambda x, y: np.stack([40 + 0 * x, 190 + 0 * x, 70 + 0 * x], -1),
    "gradient": lambda x, y: np.stack([90 + 120 * y + 20 * x, 110 + 110 * y, 150 + 90 * y - 20 * x], -1),
    "horizon": lambda x, y: np.where((y < 0.6)[..., None], [200.0, 215, 235], [150.0, 140, 130]),
}


def coordinates() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0 : SIZE * SUB, 0 : SIZE * SUB] / (SIZE * SUB)
    return x, y


def averaged(values: np.ndarray) -> np.ndarray:
    """Samples [SIZE * SUB, SIZE * SUB, ...] -> pixels [SIZE, SIZE, ...]."""
    return values.reshape(SIZE, SUB, SIZE, SUB, *values.shape[2:]).mean((1, 3))


def scene(
    background: str,
    *,
    colour: tuple[int, int, int] = (200, 60, 40),
    shadow: float = 0.0,
    noise: float = 0.0,
    quality: int = 0,
    foot: float = 0.8,
) -> tuple[Image.Image, np.ndarray]:
    """A shaded ball with a hole on a foot, and its coverage float [SIZE, SIZE]."""
    x, y = coordinates()
    behind = BACKGROUNDS[background](x, y)
    behind = behind * (1 - shadow * np.exp(-1.2 * (((x - 0.55) / 0.33) ** 2 + ((y - 0.76) / 0.07) ** 2)))[..., None]
    ball = ((x - 0.5) ** 2 + (y - 0.5) ** 2) / 0.25**2
    inside = (ball < 1) | ((np.abs(x - 0.5) < 0.12) & (y > 0.5) & (y < foot))
    inside &= (x - 0.5) ** 2 + (y - 0.42) ** 2 > 0.06**2
    light = 0.45 + 0.55 * (0.7 * np.sqrt(np.clip(1 - ball, 0.05, 1)) - 1.5 * (x + y - 1)).clip(0, 1)
    drawn = averaged(np.where(inside[..., None], light[..., None] * colour, behind))
    drawn = drawn + np.random.default_rng(0).normal(0, noise, drawn.shape)
    image = Image.fromarray(drawn.clip(0, 255).astype(np.uint8))
    if quality:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        image = Image.open(file).convert("RGB")
    return image, averaged(inside.astype(float))


def overlap(rgba: np.ndarray, coverage: np.ndarray) -> float:
    """Intersection over union of alpha uint8 and the true coverage."""
    alpha = rgba[..., 3] / 255
    return float(np.minimum(alpha, coverage).sum() / np.maximum(alpha, coverage).sum())


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_a_plain_background_is_removed_to_the_pixel(background: str) -> None:
    image, coverage = scene(background)
    result = cut_out(image, "border", THRESHOLD)
    assert overlap(result.rgba, coverage) > 0.998
    assert result.warnings == ()


@pytest.mark.parametrize(
    ("background", "options", "least"),
    [
        ("grey", {"noise": 12}, 0.98),
        ("white", {"noise": 5, "quality": 60}, 0.98),
        ("gradient", {"noise": 4, "quality": 75, "shadow": 0.3}, 0.97),
        ("white", {"shadow": 0.3}, 0.98),
        ("white", {"colour": (240, 240, 235)}, 0.98),
        ("grey", {"colour": (60, 60, 62)}, 0.98),
        ("gradient", {"foot": 1.1}, 0.98),
    ],
    ids=["noise", "jpeg", "all", "shadow", "white-on-white", "grey-on-grey", "cut-off-by-the-border"],
)
def test_what_photographs_have_is_allowed_for(background: str, options: dict, least: float) -> None:
    image, coverage = scene(background, **options)
    result = cut_out(image, "border", THRESHOLD)
    assert overlap(result.rgba, coverage) > least
    assert result.warnings == ()


def test_a_soft_shadow_is_removed_that_the_colour_alone_would_leave() -> None:
    image, coverage = scene("white", shadow=0.3)
    alpha = cut_out(image, "border", THRESHOLD).rgba[..., 3]
    colour = np.asarray(image)
    shaded = (coverage == 0) & (np.linalg.norm(oklab(colour) - oklab(np.full_like(colour, 255)), axis=2) > THRESHOLD)
    assert shaded.sum() > 500
    assert (alpha[shaded] == 0).mean() > 0.95


def test_edges_are_soft_and_free_of_the_background() -> None:
    image, coverage = scene("green", colour=(220, 50, 60))
    rgba = cut_out(image, "border", THRESHOLD).rgba.astype(float)
    edge = (coverage > 0.2) & (coverage < 0.8)
    assert edge.sum() > 200
    assert np.abs(rgba[..., 3] / 255 - coverage)[edge].max() < 0.15
    assert (rgba[..., 1] < rgba[..., 0])[edge].all()  # no green fringe


def test_invisible_pixels_do_not_darken_what_is_made_of_them() -> None:
    image, _ = scene("white", colour=(230, 220, 60))
    rgba = cut_out(image, "border", THRESHOLD).rgba
    assert rgba[..., :3][rgba[..., 3] == 0].max(1).min() > 60


def test_holes_show_the_background() -> None:
    image, coverage = scene("green")
    assert coverage[100, 120] == 0
    assert cut_out(image, "border", THRESHOLD).rgba[100, 120, 3] == 0


def test_dirt_is_removed_and_a_second_part_is_kept() -> None:
    image, _ = scene("white")
    image.paste((10, 10, 10), (5, 5, 8, 8))
    image.paste((10, 10, 200), (10, 200, 40, 230))
    alpha = cut_out(image, "border", THRESHOLD).rgba[..., 3]
    assert alpha[6, 6] == 0
    assert alpha[215, 25] == 255


def test_a_higher_threshold_removes_more() -> None:
    image, _ = scene("white", colour=(240, 240, 235))
    visible = [(cut_out(image, "border", threshold).rgba[..., 3] > 0).sum() for threshold in (0.0, 0.05, 0.1, 0.3)]
    assert visible == sorted(visible, reverse=True)
    assert visible[0] > visible[-1]


def test_a_large_picture_is_reduced() -> None:
    image, coverage = scene("gradient")
    result = cut_out(image.resize((4000, 4000), Image.Resampling.BICUBIC), "border", THRESHOLD)
    assert result.rgba.shape == (1536, 1536, 4)
    small = np.asarray(Image.fromarray(result.rgba).resize((SIZE, SIZE), Image.Resampling.BOX))
    assert overlap(small, coverage) > 0.97


def texture() -> Image.Image:
    rng = np.random.default_rng(1)
    small = Image.fromarray(rng.integers(0, 256, (30, 30, 3), dtype=np.uint8))
    return small.resize((SIZE, SIZE), Image.Resampling.BICUBIC)


def test_a_background_that_is_not_plain_is_reported() -> None:
    image, coverage = scene("white")
    photo = Image.composite(image, texture(), Image.fromarray((coverage * 255).astype(np.uint8)))
    assert any("not plain" in warning for warning in cut_out(photo, "border", THRESHOLD).warnings)


def test_a_picture_that_stays_whole_is_reported() -> None:
    image, _ = scene("white")
    result = cut_out(image, "keep", THRESHOLD)
    np.testing.assert_array_equal(result.rgba[..., :3], np.asarray(image))
    assert (result.rgba[..., 3] == 255).all()
    assert any("slab" in warning for warning in result.warnings)


@pytest.mark.parametrize(("margin", "slab"), [(8, True), (40, False)])
def test_a_photograph_without_its_corners_is_a_slab_and_an_object_at_the_edges_is_not(margin: int, slab: bool) -> None:
    """A cross whose arms reach all four sides: nearly the whole picture, or thin."""
    rgba = np.full((100, 100, 4), 255, np.uint8)
    for rows in (slice(0, margin), slice(100 - margin, 100)):
        for columns in (slice(0, margin), slice(100 - margin, 100)):
            rgba[rows, columns] = 0
    warnings = cut_out(Image.fromarray(rgba), "auto", THRESHOLD).warnings
    assert any("slab" in warning for warning in warnings) is slab


@pytest.mark.parametrize("method", ["auto", "keep"])
def test_transparency_is_taken_as_it_is(method: str) -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (30, 40, 4), dtype=np.uint8)
    rgba[:20, :, 3] = 0
    result = cut_out(Image.fromarray(rgba), method, THRESHOLD)
    np.testing.assert_array_equal(result.rgba, rgba)
    assert result.warnings == ()


def test_auto_without_transparency_takes_the_border() -> None:
    image, _ = scene("grey")
    np.testing.assert_array_equal(cut_out(image, "auto", 0.1).rgba, cut_out(image, "border", 0.1).rgba)


def test_nothing_left_is_an_error_for_the_user() -> None:
    image, _ = scene("white")
    with pytest.raises(ImageError, match="lower the threshold"):
        cut_out(image, "border", 1.0)


@pytest.mark.skipif(importlib.util.find_spec("rembg") is not None, reason="rembg is installed")
def test_rembg_where_it_is_not_installed() -> None:
    with pytest.raises(ImageError, match="pip install rembg"):
        cut_out(scene("white")[0], "rembg", THRESHOLD)


def test_rembg_never_fetches_weights(import_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (import_folder / "rembg.py").write_text("def new_session(name):\n    raise AssertionError('would fetch')\n")
    monkeypatch.setenv("U2NET_HOME", str(import_folder / "weights"))
    with pytest.raises(ImageError, match=r"put u2net\.onnx there"):
        cut_out(scene("white")[0], "rembg", THRESHOLD)


def test_every_choice_of_the_setting_is_a_method() -> None:
    image, _ = scene("white")
    for choice, _, _ in SETTINGS["cutout"].choices:
        if choice != "rembg":
            assert cut_out(image, choice, THRESHOLD).rgba.shape == (SIZE, SIZE, 4)
    with pytest.raises(ValueError, match="unknown cut-out method"):
        cut_out(image, "magic", THRESHOLD)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_any_small_picture_gives_a_cut_out_or_a_sentence(height: int, width: int, threshold: float, seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    try:
        result = cut_out(Image.fromarray(noise), "border", threshold)
    except ImageError:
        return
    assert result.rgba.shape == (height, width, 4)


def test_oklab_of_known_colours() -> None:
    # From the publication's reference implementation, to three places.
    colours = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
    want = [[1, 0, 0], [0, 0, 0], [0.628, 0.225, 0.126], [0.452, -0.032, -0.312]]
    np.testing.assert_allclose(oklab(colours), want, atol=6e-4)


def flooded(mask: np.ndarray) -> np.ndarray:
    """The plain twin of `label_regions`: flood each region from its first pixel."""
    labels = np.zeros(mask.shape, int)
    for start in zip(*np.nonzero(mask), strict=True):
        if labels[start]:
            continue
        number, stack = labels.max() + 1, [start]
        while stack:
            y, x = stack.pop()
            if 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and mask[y, x] and not labels[y, x]:
                labels[y, x] = number
                stack += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
    return labels


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_regions_are_those_of_a_flood(height: int, width: int, density: float, seed: int) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < density
    labels, count = label_regions(mask)
    want = flooded(mask)
    np.testing.assert_array_equal(labels, want)
    assert count == want.max()


@settings(deadline=None)
@given(x=st.integers(12, 28), y=st.integers(12, 28), width=st.integers(1, 30), height=st.integers(1, 30), seed=st.integers(0, 99))
def test_an_edge_does_not_depend_on_how_much_is_around_it(x: int, y: int, width: int, height: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    background = np.ones((70, 70), bool)
    background[y : y + height, x : x + width] = rng.random((height, width)) < 0.1
    rgb = rng.integers(0, 256, (70, 70, 3), dtype=np.uint8)
    wide = [np.pad(array, ((60, 60), (60, 60), *((0, 0),) * (array.ndim - 2)), "edge") for array in (rgb, background)]
    assert np.array_equal(softened(*wide)[60:-60, 60:-60], softened(rgb, background))


def test_where_nothing_is_seen_all_is_white() -> None:
    found = softened(np.zeros((4, 5, 3), np.uint8), np.ones((4, 5), bool))
    assert found.shape == (4, 5, 4)
    assert (found == [255, 255, 255, 0]).all()
