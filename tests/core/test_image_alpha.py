"""What alpha means, what lines enclose, and pictures of any proportions: the object alone decides."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from flashvdm_core.api.settings import SETTINGS
from flashvdm_core.image import ImageProcessor, cut_out

THRESHOLD = float(SETTINGS["cutout_threshold"].default)
SIDE = 256
BOX = (80, 60, 176, 200)  # left, top, right, bottom of the object


def thing(background: tuple[int, int, int] = (205, 205, 205)) -> Image.Image:
    """A brown table before a plain background."""
    image = Image.new("RGB", (SIDE, SIDE), background)
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = BOX
    draw.rectangle((left, top, right - 1, top + 60), fill=(120, 70, 30))
    draw.rectangle((left, top, left + 20, bottom - 1), fill=(90, 50, 20))
    draw.rectangle((right - 21, top, right - 1, bottom - 1), fill=(90, 50, 20))
    return image


def object_mask() -> np.ndarray:
    return (np.asarray(thing()) != 205).any(2)


def with_alpha(alpha: np.ndarray) -> Image.Image:
    image = thing()
    image.putalpha(Image.fromarray(alpha.astype(np.uint8)))
    return image


@functools.cache
def opaque() -> np.ndarray:
    """What is cut out of the picture without alpha."""
    return cut_out(thing(), "auto", THRESHOLD).rgba


def visible(rgba: np.ndarray) -> np.ndarray:
    return rgba[..., 3] > 127


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 255), st.integers(0, 6), st.integers(0, 60), st.integers(0, 99))
def test_alpha_that_hides_nothing_is_passed_over(level: int, noise: int, holes: int, seed: int) -> None:
    """Noise round a level, and a few pixels of any alpha: the plain background goes, as that of an opaque picture."""
    rng = np.random.default_rng(seed)
    alpha = rng.integers(max(level - min(noise, level // 4), 1), level + 1, (SIDE, SIDE))
    alpha[rng.integers(0, SIDE, holes), rng.integers(0, SIDE, holes)] = rng.integers(0, 256, holes)
    result = cut_out(with_alpha(alpha), "auto", THRESHOLD)
    assert overlap(visible(result.rgba), visible(opaque())) > 0.98
    assert not any("plain background" in warning for warning in result.warnings)
    assert any("hides nothing" in warning for warning in result.warnings) or level > 190


@pytest.mark.parametrize("sides", [(1, 1, 1, 1), (2, 0, 0, 0), (0, 0, 2, 1)])
def test_a_transparent_frame_of_a_pixel_hides_nothing(sides: tuple[int, int, int, int]) -> None:
    alpha = np.full((SIDE, SIDE), 255)
    top, bottom, left, right = sides
    alpha[:top] = alpha[SIDE - bottom :] = 0
    alpha[:, :left] = alpha[:, SIDE - right :] = 0
    result = cut_out(with_alpha(alpha), "auto", THRESHOLD)
    assert overlap(visible(result.rgba), object_mask()) > 0.98
    assert result.warnings == ()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 15), st.floats(0, 1), st.integers(0, 99))
def test_nearly_invisible_pixels_do_not_decide_the_crop(faint: int, density: float, seed: int) -> None:
    """A haze or forgotten pixels, anywhere."""
    rng = np.random.default_rng(seed)
    haze = np.where(rng.random((SIDE, SIDE)) < density, rng.integers(0, faint + 1, (SIDE, SIDE)), 0)
    haze[0, 0] = haze[-1, -1] = faint
    result = cut_out(with_alpha(np.where(object_mask(), 255, haze)), "auto", THRESHOLD)
    left, top, right, bottom = box_of(result.rgba[..., 3] > 0)
    assert np.abs(np.subtract((left, top, right, bottom), BOX)).max() <= 2
    assert result.warnings == ()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 255), st.sampled_from([(0, 0), (255, 3), (128, 254), (20, 20)]))
def test_a_single_speck_does_not_decide_the_crop(level: int, place: tuple[int, int]) -> None:
    alpha = np.where(object_mask(), 255, 0)
    alpha[place] = level
    result = cut_out(with_alpha(alpha), "auto", THRESHOLD)
    assert np.abs(np.subtract(box_of(result.rgba[..., 3] > 0), BOX)).max() <= 1
    assert bool(result.warnings) == (level >= 16)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 190), st.integers(0, 2))
def test_an_object_that_is_hardly_visible_is_made_opaque_and_told(level: int, strays: int) -> None:
    alpha = np.where(object_mask(), level, 0)
    alpha[100, 90 : 90 + strays] = 255  # single pixels don't make it a visible one
    result = cut_out(with_alpha(alpha), "auto", THRESHOLD)
    np.testing.assert_array_equal(result.rgba[..., 3], np.where(object_mask(), 255, 0))
    assert "hardly visible" in result.warnings[0]


def test_glass_beside_opaque_parts_stays_glass() -> None:
    alpha = np.where(object_mask(), 90, 0)
    alpha[60:120, 80:100] = 255
    result = cut_out(with_alpha(alpha), "auto", THRESHOLD)
    np.testing.assert_array_equal(result.rgba[..., 3], alpha)
    assert result.warnings == ()


def test_a_second_part_far_away_is_kept() -> None:
    alpha = np.where(object_mask(), 255, 0)
    alpha[5:12, 5:12] = 255
    np.testing.assert_array_equal(cut_out(with_alpha(alpha), "auto", THRESHOLD).rgba[..., 3], alpha)


def drawing(width: int, gap: int, paper: tuple[int, ...], ink: tuple[int, ...]) -> tuple[Image.Image, np.ndarray]:
    """Three outlined boxes, 512 pixels, each with a gap; and what they cover."""
    image = Image.new("RGBA", (512, 512), paper)
    covered = np.zeros((512, 512), bool)
    draw = ImageDraw.Draw(image)
    for left, top, right, bottom in ((140, 60, 300, 250), (140, 242, 380, 300), (300, 292, 380, 460)):
        draw.rectangle((left, top, right, bottom), outline=ink, width=width)
        covered[top : bottom + 1, left : right + 1] = True
        if gap:
            draw.rectangle((left + 30, top - 1, left + 30 + gap, top + width), fill=paper)
            draw.rectangle((left - 1, bottom - 30, left + width, bottom - 30 + gap), fill=paper)
    return image, covered


@pytest.mark.parametrize("width", [2, 4, 7])
@pytest.mark.parametrize("paper", [(255, 255, 255, 255), (238, 230, 210, 255), (20, 24, 40, 255), (0, 0, 0, 0)])
def test_closed_outlines_are_filled(width: int, paper: tuple[int, ...]) -> None:
    image, covered = drawing(width, 0, paper, (250, 240, 220, 255) if paper[3] > 0 and paper[0] < 100 else (10, 10, 30, 255))
    result = cut_out(image if paper[3] == 0 else image.convert("RGB"), "auto", THRESHOLD)
    assert overlap(visible(result.rgba), covered) > 0.97
    assert "outlines were filled" in result.warnings[0]


@pytest.mark.parametrize("paper", [(255, 255, 255, 255), (0, 0, 0, 0)])
def test_open_lines_are_told_of(paper: tuple[int, ...]) -> None:
    image, _ = drawing(4, 20, paper, (10, 10, 30, 255))
    result = cut_out(image if paper[3] == 0 else image.convert("RGB"), "auto", THRESHOLD)
    assert any("thin lines" in warning for warning in result.warnings)


def test_a_drawing_with_black_areas_is_told_of() -> None:
    image, _ = drawing(4, 0, (255, 255, 255), (10, 10, 30))
    ImageDraw.Draw(image).ellipse((180, 80, 270, 150), fill=(10, 10, 30))
    assert any("taken for holes" in w or "were filled" in w for w in cut_out(image.convert("RGB"), "auto", THRESHOLD).warnings)


@pytest.mark.parametrize("inner", [0.3, 0.6, 0.8])
def test_rings_keep_their_holes(inner: float) -> None:
    image = Image.new("RGB", (300, 300), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((50, 50, 250, 250), fill=(120, 70, 30))
    draw.ellipse((150 - 100 * inner, 150 - 100 * inner, 150 + 100 * inner, 150 + 100 * inner), fill="white")
    result = cut_out(image, "auto", THRESHOLD)
    assert result.rgba[150, 150, 3] == 0
    assert result.warnings == ()


@pytest.mark.parametrize("shade", [100, 130, 160])
@pytest.mark.parametrize("paper", [(255, 255, 255), (205, 205, 205), (180, 200, 220)])
def test_a_hard_shadow_is_told_of(shade: int, paper: tuple[int, int, int]) -> None:
    image = Image.new("RGB", (SIDE, SIDE), paper)
    draw = ImageDraw.Draw(image)
    left, _, right, bottom = BOX
    grey = tuple(round(channel * shade / 255) for channel in paper)
    draw.polygon([(left, bottom), (right, bottom), (right + 60, bottom - 40), (left + 60, bottom - 40)], fill=grey)
    image.paste(thing(), mask=Image.fromarray(object_mask()))
    warnings = cut_out(image, "auto", THRESHOLD).warnings
    assert any("may be its shadow" in warning for warning in warnings)
    assert not any("may be its shadow" in warning for warning in cut_out(thing(paper), "auto", THRESHOLD).warnings)


@settings(max_examples=60, deadline=None)
@given(st.integers(6, 40), st.integers(6, 40), st.integers(0, 2**32 - 1))
def test_pixel_art_is_cut_out_to_the_pixel(height: int, width: int, seed: int) -> None:
    """A connected figure with one-pixel legs."""
    rng = np.random.default_rng(seed)
    inside = np.zeros((height, width), bool)
    top, left = height // 4, width // 4
    inside[top : height // 2 + 1, left : width - left] = True
    inside[height // 2 : height - 1, [left, width - left - 1]] = True
    rgb = np.where(inside[..., None], rng.integers(0, 120, (height, width, 3)), 255).astype(np.uint8)
    result = cut_out(Image.fromarray(rgb), "auto", THRESHOLD)
    np.testing.assert_array_equal(result.rgba[..., 3], np.where(inside, 255, 0))
    np.testing.assert_array_equal(result.rgba[..., :3][inside], rgb[inside])


@pytest.mark.parametrize("size", [(60000, 100), (100, 60000), (16000, 1000)])
@pytest.mark.parametrize("hides", [True, False])
def test_long_pictures_show_their_object(size: tuple[int, int], hides: bool) -> None:
    image = Image.new("RGBA", size, (255, 255, 255, 0 if hides else 255))
    centre = size[0] * 2 // 3, size[1] // 2
    short = min(size)
    extent = (centre[0] - short // 4, centre[1] - short // 3, centre[0] + short // 4, centre[1] + short // 3)
    image.paste((120, 60, 28, 255), extent)
    result = cut_out(image if hides else image.convert("RGB"), "auto", THRESHOLD)
    left, top, right, bottom = box_of(visible(result.rgba))
    assert (right - left) / (bottom - top) == pytest.approx(0.75, abs=0.06)
    assert max(result.rgba.shape) < 12 * max(right - left, bottom - top)
    _, mask = ImageProcessor(128)(result.rgba)
    assert (mask[0, 0] > 0).float().mean().item() == pytest.approx(0.75 * 0.85**2, abs=0.06)


_MEASURE = """
import sys
from flashvdm_core.image import ImageProcessor, cut_out, open_image
for path in sys.argv[1:]:
    result = cut_out(open_image(path).picture, "auto", 0.05)
    ImageProcessor(512)(result.rgba)
    del result
    print(*(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak there")
@pytest.mark.timeout(300)  # three large pictures: slow where other programs use the machine
def test_large_pictures_cost_little_more_than_their_pixels(tmp_path: Path) -> None:
    """A third as many pixels as are allowed, for the sake of time, and one after the other in one process."""
    paths = {kind: tmp_path / f"{kind}.tiff" for kind in ("grey 16", "float", "rgba banner")}
    image = Image.new("RGBA", (30000, 1200), (0, 0, 0, 0))
    image.paste((120, 60, 28, 255), (9000, 200, 21000, 1000))
    image.save(paths["rgba banner"])
    for kind, dtype, white, factor in (("grey 16", np.uint16, 65535, 0), ("float", np.float32, 1, 0.25)):
        values = np.full((6000, 6000), white, dtype)
        values[1500:5500, 2000:5000] = white * factor
        Image.fromarray(values).save(paths[kind])
    del image, values
    made = subprocess.run(
        [sys.executable, "-c", _MEASURE, *map(str, paths.values())],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    peaks = dict(zip(paths, map(int, made.stdout.split()), strict=True))
    assert max(peaks.values()) < 900, peaks  # MiB, of which PyTorch takes 230
