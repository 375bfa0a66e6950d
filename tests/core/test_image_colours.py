"""What a file says about its colours is heeded: they arrive as sRGB, whatever they were stored in."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from flashvdm_core.api.colour import srgb_to_linear
from flashvdm_core.image import open_image

from .picture_files import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    grey_profile,
    matrix_to_d50,
    png_chunk,
    png_file,
    rgb_profile,
    tiff_file,
)

SPACES = {
    "display p3": (DISPLAY_P3, "srgb"),
    "adobe rgb": (ADOBE_RGB, 563 / 256),
    "prophoto": (PROPHOTO, 1.8),
    "linear": (SRGB, 1.0),
    "mac": (SRGB, 1.8),
    "srgb": (SRGB, "srgb"),
}
COLOURS = np.array([[[190, 60, 40], [60, 130, 70], [40, 60, 150], [128, 128, 128], [230, 220, 200], [90, 80, 120]]], np.uint8)


def curve_of(gamma: float | str) -> float | np.ndarray:
    return srgb_to_linear(np.linspace(0, 1, 1024)) if isinstance(gamma, str) else gamma


def stored(colours: np.ndarray, space: str, dtype: type) -> np.ndarray:
    """sRGB uint8 [..., 3] as the numbers that mean the same in another space."""
    primaries, gamma = SPACES[space]
    light = srgb_to_linear(colours / 255) @ (np.linalg.inv(matrix_to_d50(primaries)) @ matrix_to_d50(SRGB)).T
    light = light.clip(0, 1)
    if isinstance(gamma, str):
        codes = np.interp(light, srgb_to_linear(np.linspace(0, 1, 4096)), np.linspace(0, 1, 4096))
    else:
        codes = light ** (1 / gamma)
    return np.rint(codes * np.iinfo(dtype).max).astype(dtype)


def opened(content: bytes, folder: Path, warnings: int = 0) -> np.ndarray:
    path = folder / "picture"
    path.write_bytes(content)
    result = open_image(path)
    assert len(result.warnings) == warnings, result.warnings
    return np.asarray(result.picture)


def file_of(values: np.ndarray, kind: str, profile: bytes) -> bytes:
    if kind == "png":
        return png_file(values, png_chunk(b"iCCP", b"x\0\0" + zlib.compress(profile)))
    if kind == "deep tiff":
        return tiff_file(values, t34675=("s", profile))
    file = io.BytesIO()
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True, "exact": True}}.get(kind, {})
    Image.fromarray(values).save(file, kind, icc_profile=profile, **options)
    return file.getvalue()


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("kind", ["png", "png16", "JPEG", "WEBP", "TIFF", "deep tiff"])
@pytest.mark.parametrize("space", SPACES)
def test_a_profile_is_heeded(tmp_path: Path, space: str, kind: str, alpha: bool) -> None:
    if alpha and kind == "JPEG":
        pytest.skip("no transparency there")
    deep = kind in ("png16", "deep tiff")
    values = stored(np.repeat(np.repeat(COLOURS, 8, 0), 8, 1), space, np.uint16 if deep else np.uint8)
    if alpha:
        opacity = np.full((*values.shape[:2], 1), np.iinfo(values.dtype).max, values.dtype)
        opacity[:4] = 0
        values = np.concatenate([values, opacity], 2)
    primaries, gamma = SPACES[space]
    got = opened(file_of(values, "png" if deep and kind == "png16" else kind, rgb_profile(primaries, curve_of(gamma))), tmp_path)
    assert got.shape == values.shape
    # 8 bits of linear light, or of ProPhoto, hold dark colours coarsely; a JPEG adds a level to theirs.
    coarse = space in ("linear", "prophoto", "mac")
    tolerance = 1 if deep else (7 if coarse else 3) if kind == "JPEG" else 3 if coarse else 2
    assert np.abs(got[4, 4::8, :3].astype(int) - COLOURS[0]).max() <= tolerance
    if alpha:
        assert got[[0, 7], 0, 3].tolist() == [0, 255]


@pytest.mark.parametrize("space", ["display p3", "adobe rgb", "prophoto", "linear"])
def test_the_sums_are_those_of_littlecms(tmp_path: Path, space: str) -> None:
    primaries, gamma = SPACES[space]
    profile = rgb_profile(primaries, curve_of(gamma))
    values = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    want = ImageCms.profileToProfile(
        Image.fromarray(values),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    got = opened(file_of(values, "png", profile), tmp_path)
    difference = np.abs(got.astype(int) - np.asarray(want))
    assert np.percentile(difference, 99.5) <= 1
    assert difference.max() <= 6  # dark colours of linear light, where LittleCMS computes with fewer bits


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
def test_grey_profiles_are_heeded(tmp_path: Path, gamma: float, dtype: type) -> None:
    shown = np.linspace(20, 250, 24).reshape(4, 6, 1)
    values = np.rint(srgb_to_linear(shown / 255) ** (1 / gamma) * np.iinfo(dtype).max).astype(dtype)
    got = opened(png_file(values, png_chunk(b"iCCP", b"x\0\0" + zlib.compress(grey_profile(gamma)))), tmp_path)
    assert np.abs(got - shown).max() < (4 if dtype is np.uint8 else 1.6)


CHUNKS = {
    "cICP": png_chunk(b"cICP", bytes([12, 13, 0, 1])),
    "iCCP": png_chunk(b"iCCP", b"x\0\0" + zlib.compress(rgb_profile(ADOBE_RGB, 563 / 256))),
    "sRGB": png_chunk(b"sRGB", b"\0"),
    "gAMA": png_chunk(b"gAMA", struct.pack(">I", 100000)),
}


@pytest.mark.parametrize(
    ("present", "space"),
    [
        (("cICP", "iCCP", "sRGB", "gAMA"), "display p3"),
        (("gAMA", "sRGB", "iCCP"), "adobe rgb"),
        (("gAMA", "sRGB"), "srgb"),
        (("gAMA",), "linear"),
        ((), "srgb"),
    ],
)
def test_the_order_of_what_a_png_says_is_the_specifications(tmp_path: Path, present: tuple[str, ...], space: str) -> None:
    values = stored(COLOURS, space, np.uint16)
    got = opened(png_file(values, *(CHUNKS[name] for name in present)), tmp_path)
    assert np.abs(got.astype(int) - COLOURS).max() <= 1


def test_primaries_of_a_png_are_heeded(tmp_path: Path) -> None:
    white_first = (DISPLAY_P3[3], *DISPLAY_P3[:3])
    primaries = struct.pack(">8I", *(round(number * 100000) for pair in white_first for number in pair))
    chunks = png_chunk(b"gAMA", struct.pack(">I", 45455)), png_chunk(b"cHRM", primaries)
    got = opened(png_file(stored(COLOURS, "display p3", np.uint16), *chunks), tmp_path)
    assert np.abs(got.astype(int) - COLOURS).max() <= 1


def perceptual_quantizer(light: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084 with white at 203 cd/m2."""
    root = (light * 0.0203) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * root) / (1 + 18.6875 * root)) ** 78.84375


@pytest.mark.parametrize(
    ("transfer", "codes"),
    [(8, lambda light: light), (4, lambda light: light ** (1 / 2.2)), (16, perceptual_quantizer)],
    ids=["linear", "gamma", "pq"],
)
def test_transfer_functions_of_a_png(tmp_path: Path, transfer: int, codes) -> None:
    values = np.rint(codes(srgb_to_linear(COLOURS / 255)) * 65535).astype(np.uint16)
    got = opened(png_file(values, png_chunk(b"cICP", bytes([1, transfer, 0, 1]))), tmp_path)
    assert np.abs(got.astype(int) - COLOURS).max() <= 1


def test_adobe_rgb_of_a_camera_without_a_profile(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03", 2: b"0100"}
    file = io.BytesIO()
    values = stored(np.repeat(np.repeat(COLOURS, 16, 0), 16, 1), "adobe rgb", np.uint8)
    Image.fromarray(values).save(file, "JPEG", quality=100, subsampling=0, exif=exif)
    got = opened(file.getvalue(), tmp_path)
    assert np.abs(got[8, 8::16].astype(int) - COLOURS[0]).max() <= 3


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_profile_is_passed_over(tmp_path: Path, data: st.DataObject) -> None:
    profile = bytearray(rgb_profile(DISPLAY_P3, curve_of("srgb")))
    for _ in range(data.draw(st.integers(1, 20))):
        profile[data.draw(st.integers(0, 250))] = data.draw(st.integers(0, 255))
    profile = profile[: data.draw(st.integers(0, len(profile)))]
    path = tmp_path / "picture"
    path.write_bytes(file_of(COLOURS, "png", bytes(profile)))
    result = open_image(path)
    assert result.picture.size == (6, 1)
    if result.warnings:
        assert "colour profile" in result.warnings[0]
        np.testing.assert_array_equal(np.asarray(result.picture), COLOURS)


def test_a_profile_for_other_colours_is_told_of(tmp_path: Path) -> None:
    np.testing.assert_array_equal(opened(file_of(COLOURS, "png", grey_profile(2.2)), tmp_path, warnings=1), COLOURS)
    np.testing.assert_array_equal(opened(file_of(COLOURS, "png", b"no profile"), tmp_path, warnings=1), COLOURS)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["tEXt", "zTXt", "iTXt", "eXIf", "prIV", "iCCP"]), st.integers(0, 3_000_000), st.booleans())
def test_chunks_beside_the_pixels_may_be_of_any_length(tmp_path: Path, name: str, length: int, after: bool) -> None:
    content = {"zTXt": b"k\0\0" + zlib.compress(b"a" * length), "iTXt": b"k\0\1\0\0\0" + zlib.compress(b"a" * length)}
    part = png_chunk(name.encode(), content.get(name, b"k\0" + b"a" * length))
    before, behind = ((), (part,)) if after else ((part,), ())
    path = tmp_path / "picture"
    path.write_bytes(png_file(COLOURS, *before, after=behind))
    result = open_image(path)
    np.testing.assert_array_equal(np.asarray(result.picture), COLOURS)
    assert not result.warnings or name == "iCCP"
