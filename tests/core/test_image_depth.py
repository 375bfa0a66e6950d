"""Pictures of any depth at their true range, of damaged files what is there, of animations what shows something."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from flashvdm_core.api.colour import linear_to_srgb
from flashvdm_core.api.errors import ImageError
from flashvdm_core.image import OpenedImage, open_image

from .picture_files import png_chunk, png_file, tiff_file

FILES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def opened(content: bytes, folder: Path) -> OpenedImage:
    path = folder / "picture"
    path.write_bytes(content)
    return open_image(path)


def shares(height: int, width: int, channels: int, seed: int = 0) -> np.ndarray:
    """Random shares of white [H, W, C], with 0 and 1 among them; a last alpha hides something."""
    made = np.random.default_rng(seed).random((height, width, channels))
    made[0, 0], made[0, 1] = 0, 1
    return made


@FILES
@given(
    dtype=st.sampled_from([np.uint16, np.uint32, np.float16, np.float32, np.float64]),
    channels=st.integers(1, 4),
    size=st.tuples(st.integers(1, 40), st.integers(2, 40)),
    order=st.sampled_from("<>"),
    packed=st.booleans(),
    strip=st.integers(0, 50),
    big=st.booleans(),
)
def test_deep_tiffs_of_every_kind(
    tmp_path: Path, dtype: type, channels: int, size: tuple[int, int], order: str, packed: bool, strip: int, big: bool
) -> None:
    made = shares(*size, channels)
    is_float = np.dtype(dtype).kind == "f"
    values = made.astype(dtype) if is_float else np.rint(made * float(np.iinfo(dtype).max)).astype(dtype)
    result = opened(tiff_file(values, order=order, packed=packed, strip=min(strip, size[0]), big=big), tmp_path)
    colours = 1 if channels < 3 else 3
    want = np.broadcast_to(made[..., :colours], (*size, 3))
    want = linear_to_srgb(want) if is_float else want
    got = np.asarray(result.picture)
    assert result.warnings == ()
    assert np.abs(got[..., :3] - 255 * want).max() < 0.7
    if channels in (2, 4):
        assert np.abs(got[..., 3] - 255 * made[..., -1]).max() < 0.7


@FILES
@given(st.sampled_from(["png", "tiff"]), st.sampled_from([8, 10, 12, 14]), st.integers(1, 4), st.integers(0, 99))
def test_fewer_bits_in_16_are_brightened_and_told(tmp_path: Path, kind: str, bits: int, channels: int, seed: int) -> None:
    made = shares(9, 14, channels, seed)
    values = np.rint(made * ((1 << bits) - 1)).astype(np.uint16)
    result = opened(png_file(values) if kind == "png" else tiff_file(values), tmp_path)
    colours = 1 if channels < 3 else 3
    assert np.abs(np.asarray(result.picture)[..., :3] - 255 * np.broadcast_to(made[..., :colours], (9, 14, 3))).max() < 1.6
    assert f"{bits} bits in 16" in result.warnings[0]


@FILES
@given(st.sampled_from(["png", "tiff"]), st.sampled_from([3, 4]), st.floats(0.07, 1), st.integers(0, 99))
def test_dark_pictures_stay_dark(tmp_path: Path, kind: str, channels: int, brightest: float, seed: int) -> None:
    if 0.23 < brightest < 0.26:  # may as well be 14 bits
        brightest = 0.2
    made = shares(9, 14, channels, seed)
    made[..., :3] *= brightest
    values = np.rint(made * 65535).astype(np.uint16)
    result = opened(png_file(values) if kind == "png" else tiff_file(values), tmp_path)
    assert np.abs(np.asarray(result.picture)[..., :3] - 255 * made[..., :3]).max() < 0.7
    assert result.warnings == ()


def test_a_depth_that_the_file_tells_is_believed(tmp_path: Path) -> None:
    values = np.rint(shares(8, 8, 3) * 300).astype(np.uint16)  # dark, and of 12 bits
    result = opened(tiff_file(values, t341=("H", 4095, 4095, 4095)), tmp_path)
    assert result.warnings == ()
    np.testing.assert_allclose(np.asarray(result.picture), values * 255.0 / 4095, atol=0.51)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_samples_that_share_bytes(tmp_path: Path, bits: int) -> None:
    values = np.rint(shares(5, 7, 3) * ((1 << bits) - 1)).astype(np.uint16).reshape(5, 21)
    rows = ["".join(f"{value:0{bits}b}" for value in row) for row in values]
    content = b"".join(int(row.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8), "big") for row in rows)
    length = len(content) // 5
    tags = {"t256": ("I", 7), "t277": ("H", 3), "t262": ("H", 2), "t258": ("H", bits, bits, bits), "t339": ("H", 1, 1, 1)}
    made = tiff_file(np.zeros((5, length, 1), np.uint8), **tags)
    result = opened(made[:8] + content + made[8 + len(content) :], tmp_path)
    np.testing.assert_allclose(np.asarray(result.picture).reshape(5, 21), values * 255.0 / ((1 << bits) - 1), atol=0.51)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_deflate", "packbits"])
def test_deep_grey_tiffs_of_libtiff(tmp_path: Path, compression: str) -> None:
    values = np.rint(shares(40, 30, 1)[..., 0] * 65535).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "a.tiff", compression=compression)
    np.testing.assert_allclose(np.asarray(open_image(tmp_path / "a.tiff").picture)[..., 0], values / 257, atol=0.51)


def test_highlights_of_a_render_are_clipped_and_numbers_of_a_scale_are_not(tmp_path: Path) -> None:
    light = shares(50, 50, 3).astype(np.float32)
    light[5, 5] = 300
    bright = np.asarray(opened(tiff_file(light), tmp_path).picture)
    np.testing.assert_allclose(bright[10:], 255 * linear_to_srgb(light[10:]), atol=0.6)
    numbers = (shares(50, 50, 3) * 255).astype(np.float32)
    np.testing.assert_allclose(np.asarray(opened(tiff_file(numbers), tmp_path).picture), numbers, atol=0.51)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_large_tiffs_of_8_bits_in_either_order_of_bytes(tmp_path: Path, channels: int, packed: bool, order: str) -> None:
    values = np.rint(255 * shares(9, 13, channels)).astype(np.uint8)
    result = opened(tiff_file(values, order=order, packed=packed, strip=4, big=True, t274=("H", 3)), tmp_path)
    want = np.dstack([values] * 3) if channels == 1 else values
    assert (np.asarray(result.picture) == want[::-1, ::-1]).all()
    assert result.warnings == ()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("kinds", [(0, 2), (2, 0), (0, 0), (0, 1, 2)])
def test_alpha_is_found_among_several_extra_channels(tmp_path: Path, dtype: type, kinds: tuple[int, ...]) -> None:
    made = np.full((8, 8, 3 + len(kinds)), 0.1)
    made[2:6, 2:6, :3] = (0.8, 0.2, 0.1)
    alpha = next((3 + place for place, kind in enumerate(kinds) if kind), None)
    if alpha is not None:
        made[..., alpha] = 0
        made[2:6, 2:6, alpha] = 1
    most = np.iinfo(dtype).max
    content = tiff_file(np.rint(made * most).astype(dtype), t338=("H", *kinds), t262=("H", 2))
    got = np.asarray(opened(content, tmp_path).picture)
    assert got.shape[2] == (3 if alpha is None else 4)
    assert np.abs(got[4, 4, :3] - 255 * np.array([0.8, 0.2, 0.1])).max() < 1
    if alpha is not None:
        assert (got[..., 3] == np.where(made[..., alpha] > 0, 255, 0)).all()


def test_a_tiff_that_cannot_be_read_is_called_one(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is a TIFF of a kind"):
        opened(tiff_file(shares(4, 4, 3).astype(np.float32), t262=("H", 9)), tmp_path)


@FILES
@given(st.data())
def test_damaged_deep_files_give_a_picture_or_a_sentence(tmp_path: Path, data: st.DataObject) -> None:
    values = np.rint(shares(12, 12, 4) * 65535).astype(np.uint16)
    content = bytearray(tiff_file(values, packed=data.draw(st.booleans())) if data.draw(st.booleans()) else png_file(values))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        outcome = opened(bytes(content), tmp_path).picture.mode
    except ImageError as error:
        outcome = str(error)
    assert outcome in ("RGB", "RGBA") or outcome.endswith(".")


def scenery(mode: str = "RGB") -> Image.Image:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 16, 3), dtype=np.uint8))
    image = noise.resize((160, 240), Image.Resampling.BICUBIC)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image.convert(mode)


def encoded(kind: str, mode: str, **options: object) -> bytes:
    file = io.BytesIO()
    scenery(mode).save(file, kind, **options)  # pyright: ignore[reportArgumentType]
    return file.getvalue()


KINDS = [
    ("JPEG", "RGB", {"quality": 90}),
    ("JPEG", "L", {}),
    ("JPEG", "RGB", {"progressive": True}),
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("PNG", "P", {}),
    ("PNG", "L", {}),
    ("WEBP", "RGB", {"quality": 90}),
    ("WEBP", "RGB", {"lossless": True}),
    ("BMP", "RGB", {}),
]


@pytest.mark.parametrize("lost", [0.0001, 0.02, 0.1])
@pytest.mark.parametrize(("kind", "mode", "options"), KINDS)
def test_a_cut_end_costs_only_what_is_missing(tmp_path: Path, kind: str, mode: str, options: dict, lost: float) -> None:
    content = encoded(kind, mode, **options)
    whole = np.asarray(opened(content, tmp_path).picture).astype(int)
    result = opened(content[: len(content) - max(1, int(lost * len(content)))], tmp_path)
    got = np.asarray(result.picture)
    assert len(got) >= (0.97 - 1.6 * lost) * len(whole) - 24
    if lost > 0.001:
        assert "is damaged" in result.warnings[0]
    same = whole[-len(got) :] if kind == "BMP" else whole[: len(got)]
    difference = np.abs(got - same)
    assert difference.mean() < 15 if options.get("progressive") else difference.max() <= 2


def test_a_jpeg_without_its_end_marker_loses_nothing(tmp_path: Path) -> None:
    content = encoded("JPEG", "RGB")
    for cut in (1, 2):
        result = opened(content[:-cut], tmp_path)
        assert result.picture.size == (160, 240)
        assert result.warnings == ("The image 'picture' is damaged, but no row of it is missing.",)


@pytest.mark.parametrize(("kind", "mode", "options"), [kind for kind in KINDS if "progressive" not in kind[2]])
def test_where_much_is_missing_the_file_is_refused(tmp_path: Path, kind: str, mode: str, options: dict) -> None:
    content = encoded(kind, mode, **options)
    with pytest.raises(ImageError, match="damaged"):
        opened(content[: int(0.3 * len(content))], tmp_path)


def test_a_wrong_checksum_of_a_png_does_not_matter(tmp_path: Path) -> None:
    content = bytearray(encoded("PNG", "RGB"))
    content[-14] ^= 255  # in that of the pixels
    result = opened(bytes(content), tmp_path)
    np.testing.assert_array_equal(np.asarray(result.picture), np.asarray(scenery()))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
@pytest.mark.parametrize("empty", [1, 3])
def test_of_an_animation_the_first_picture_that_shows_something(tmp_path: Path, kind: str, empty: int) -> None:
    clear = Image.new("RGBA", (160, 240), (0, 0, 0, 0))
    shown = clear.copy()
    shown.paste((200, 40, 30, 255), (40, 40, 100, 200))
    faint = clear.copy()
    if kind != "GIF":
        faint.paste((200, 40, 30, 2), (40, 40, 100, 200))
    frames = [*[clear, faint, clear][:empty], shown, shown.rotate(180)]
    file = io.BytesIO()
    options = {"WEBP": {"lossless": True}, "GIF": {"disposal": 2}}.get(kind, {})
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=list(range(50, 50 + len(frames))), **options)
    result = opened(file.getvalue(), tmp_path)
    np.testing.assert_array_equal(np.asarray(result.picture.getchannel("A")) > 128, np.asarray(shown.getchannel("A")) > 128)
    assert np.abs(np.asarray(result.picture)[100, 60, :3].astype(int) - [200, 40, 30]).max() < 6
    assert "an animation" in result.warnings[0]


def test_a_transparent_colour_of_16_bits(tmp_path: Path) -> None:
    values = np.array([[[300, 5000, 60000], [300, 5000, 60001], [65535, 0, 0]]], np.uint16)
    result = opened(png_file(values, png_chunk(b"tRNS", struct.pack(">3H", 300, 5000, 60001))), tmp_path)
    assert np.asarray(result.picture)[0, :, 3].tolist() == [255, 0, 255]


def test_a_chunk_that_promises_gigabytes_is_not_believed(tmp_path: Path) -> None:
    content = bytearray(encoded("PNG", "RGB"))
    at = content.index(b"IDAT") - 4
    content[at : at + 4] = b"\x7f\xff\xff\xff"
    assert opened(bytes(content), tmp_path).picture.size == (160, 240)


def test_a_bomb_in_a_profile_costs_nothing(tmp_path: Path) -> None:
    bomb = zlib.compress(b"\0" * 200_000_000, 9)
    result = opened(png_file(np.asarray(scenery()), png_chunk(b"iCCP", b"x\0\0" + bomb)), tmp_path)
    assert "colour profile" in result.warnings[0]
