"""Real files of every kind become upright 8-bit RGB or RGBA; anything else is one clear sentence."""

from __future__ import annotations

import os
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
from flashvdm_core.files import IMAGE_SUFFIXES
from flashvdm_core.image import open_image as opened

from .picture_files import png_chunk, tiff_file


def open_image(path: Path) -> Image.Image:
    """The picture of a file about which there is nothing to say."""
    result = opened(path)
    assert result.warnings == ()
    return result.picture


def picture() -> Image.Image:
    """24 x 16 pixels: red at the left, blue at the right."""
    rgb = np.zeros((16, 24, 3), np.uint8)
    rgb[:, :12, 0], rgb[:, 12:, 2] = 220, 200
    return Image.fromarray(rgb)


def with_alpha() -> Image.Image:
    image = picture().convert("RGBA")
    alpha = np.full((16, 24), 255, np.uint8)
    alpha[:4], alpha[4:6] = 0, 100
    image.putalpha(Image.fromarray(alpha))
    return image


def saved(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)  # pyright: ignore[reportArgumentType]
    return path


def png(header: bytes, body: bytes = b"") -> bytes:
    """A PNG file of a 13-byte header and compressed pixel data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("suffix", IMAGE_SUFFIXES)
def test_every_format_opens_with_its_colours(tmp_path: Path, suffix: str) -> None:
    image = open_image(saved(picture(), tmp_path / f"a{suffix}"))
    assert (image.mode, image.size) == ("RGB", (24, 16))
    array = np.asarray(image).astype(int)
    assert np.abs(array[8, 3] - [220, 0, 0]).max() < 12
    assert np.abs(array[8, 20] - [0, 0, 200]).max() < 12


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff"])
def test_transparency_is_kept(tmp_path: Path, suffix: str) -> None:
    image = open_image(saved(with_alpha(), tmp_path / f"a{suffix}", **({"lossless": True} if suffix == ".webp" else {})))
    assert image.mode == "RGBA"
    array = np.asarray(image)
    assert array[[0, 5, 15], 3, 3].tolist() == [0, 100, 255]
    assert array[[5, 15], 3, :3].tolist() == [[220, 0, 0]] * 2


def test_alpha_that_hides_nothing_is_dropped(tmp_path: Path) -> None:
    assert open_image(saved(picture().convert("RGBA"), tmp_path / "a.png")).mode == "RGB"


@pytest.mark.parametrize("mode", ["L", "LA", "1", "CMYK", "YCbCr", "LAB"])
def test_other_colour_models_become_rgb(tmp_path: Path, mode: str) -> None:
    source = picture().convert("RGB" if mode == "LAB" else mode) if mode != "LA" else picture().convert("L").convert("LA")
    if mode == "LAB":
        source = Image.merge("LAB", source.split())
    image = open_image(saved(source, tmp_path / ("a.jpg" if mode == "YCbCr" else "a.tiff" if mode != "LA" else "a.png")))
    assert image.mode == "RGB"
    assert image.size == (24, 16)


def test_cmyk_keeps_its_colours(tmp_path: Path) -> None:
    array = np.asarray(open_image(saved(picture().convert("CMYK"), tmp_path / "a.jpg", quality=95))).astype(int)
    assert np.abs(array[8, 3] - [220, 0, 0]).max() < 12


def test_a_palette_with_a_transparent_entry_becomes_rgba(tmp_path: Path) -> None:
    image = picture().convert("P", palette=Image.Palette.ADAPTIVE, colors=2)
    transparent = image.getpixel((3, 8))
    image = open_image(saved(image, tmp_path / "a.png", transparency=transparent))
    assert image.mode == "RGBA"
    assert np.asarray(image)[8, 3, 3] == 0
    assert np.asarray(image)[8, 20].tolist() == [0, 0, 200, 255]


def test_a_transparent_colour_becomes_alpha(tmp_path: Path) -> None:
    image = open_image(saved(picture(), tmp_path / "a.png", transparency=(0, 0, 200)))
    assert np.asarray(image)[8, [3, 20], 3].tolist() == [255, 0]


RAMP = np.linspace(0, 1, 64).reshape(8, 8)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_16_bit_grey_keeps_its_brightness(tmp_path: Path, suffix: str) -> None:
    values = np.rint(RAMP * 30000).astype(np.uint16)  # less than the full range: it must not be stretched
    image = open_image(saved(Image.fromarray(values), tmp_path / f"a{suffix}"))
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image)[..., 1], np.rint(values / 257))


def test_16_bit_colour_is_read(tmp_path: Path) -> None:
    row = b"\0" + struct.pack(">6H", 65535, 0, 0, 0, 32768, 65535)
    path = tmp_path / "a.png"
    path.write_bytes(png(struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0), row))
    assert np.asarray(open_image(path)).tolist() == [[[255, 0, 0], [0, 128, 255]]]


def test_16_bit_grey_with_a_transparent_level(tmp_path: Path) -> None:
    values = np.array([[0, 500, 65535]], np.uint16)
    image = open_image(saved(Image.fromarray(values), tmp_path / "a.png", transparency=500))
    assert np.asarray(image).tolist() == [[[0, 0, 0, 255], [2, 2, 2, 0], [255, 255, 255, 255]]]


@pytest.mark.parametrize(
    ("low", "high", "stretched"),
    [(0.0, 1.0, False), (0.25, 0.5, False), (-3.0, 12.0, True), (0.0, 255.0, True)],
)
def test_float_tiff(tmp_path: Path, low: float, high: float, stretched: bool) -> None:
    values = (low + RAMP * (high - low)).astype(np.float32)
    got = np.asarray(open_image(saved(Image.fromarray(values), tmp_path / "a.tiff")))[..., 0]
    shown = RAMP if stretched else linear_to_srgb(values)  # in the range of light, they are light
    np.testing.assert_allclose(got, 255 * shown, atol=0.51)


def test_values_that_are_no_numbers_are_black(tmp_path: Path) -> None:
    values = RAMP.astype(np.float32)
    values[3, 3:5] = np.nan, np.inf
    got = np.asarray(open_image(saved(Image.fromarray(values), tmp_path / "a.tiff")))
    assert got[3, 3:5].max() == 0
    assert got[7, 7, 0] == 255


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(tmp_path: Path, orientation: int) -> None:
    upright = picture()
    upright.paste((0, 255, 0), (0, 0, 12, 8))  # every corner quarter tells the turns apart
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the stored picture is turned the other way
    turn = turns.get(orientation)
    stored = upright if turn is None else upright.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = open_image(saved(stored, tmp_path / "a.png", exif=exif))
    np.testing.assert_array_equal(np.asarray(image), np.asarray(upright))


def test_broken_exif_does_not_matter(tmp_path: Path) -> None:
    path = saved(picture(), tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01\x99\x99")
    assert open_image(path).size == (24, 16)


def test_the_first_picture_of_an_animation_is_taken(tmp_path: Path) -> None:
    other = Image.new("RGB", (24, 16), "white")
    path = saved(picture(), tmp_path / "a.webp", save_all=True, append_images=[other], lossless=True)
    np.testing.assert_array_equal(np.asarray(open_image(path)), np.asarray(picture()))


def test_a_stereo_jpeg_of_a_phone_is_read(tmp_path: Path) -> None:
    path = saved(picture(), tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[picture().rotate(180)])
    assert np.asarray(open_image(path))[8, 3, 0] > 200


@pytest.mark.parametrize("colour", [2, 6])
def test_a_png_out_of_an_app_of_apple_is_read(tmp_path: Path, colour: int) -> None:
    """Xcode packs them without a header of zlib, as BGR multiplied by alpha."""
    values = np.asarray(with_alpha() if colour == 6 else picture()).astype(float)
    stored = values[..., [2, 1, 0, 3][: values.shape[2]]]
    if colour == 6:
        stored[..., :3] *= stored[..., 3:] / 255
    rows = np.concatenate([np.zeros((16, 1)), stored.reshape(16, -1)], 1).round().astype(np.uint8)
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    header = struct.pack(">IIBBBBB", 24, 16, 8, colour, 0, 0, 0)
    parts = [(b"CgBI", b"\x50\0\x20\2"), (b"IHDR", header), (b"IDAT", packer.compress(rows.tobytes()) + packer.flush())]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in [*parts, (b"IEND", b"")]))
    got = np.asarray(open_image(tmp_path / "a.png")).astype(int)
    seen = values[..., 3:] > 0 if colour == 6 else True
    assert np.abs((got - values) * seen).max() <= 3


def bitmap(alpha: int) -> bytes:
    """A BMP of 32 bits with a mask for alpha."""
    bgra = np.full((16, 24, 4), alpha, np.uint8)
    bgra[..., :3] = np.asarray(picture())[::-1, :, ::-1]
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    info = struct.pack("<IiiHHIIiiII", 108, 24, 16, 1, 32, 3, bgra.size, 2835, 2835, 0, 0) + masks
    return b"BM" + struct.pack("<IHHI", 122 + bgra.size, 0, 0, 122) + info.ljust(108, b"\0") + bgra.tobytes()


@pytest.mark.parametrize("alpha", [0, 255])
def test_a_bmp_without_alpha_is_opaque_whatever_its_fourth_byte(tmp_path: Path, alpha: int) -> None:
    (tmp_path / "a.bmp").write_bytes(bitmap(alpha))
    np.testing.assert_array_equal(np.asarray(open_image(tmp_path / "a.bmp")), np.asarray(picture()))


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("tag", [(254, 1), (254, 4), (255, 2)])
def test_a_smaller_version_before_the_picture_of_a_tiff_is_passed_over(tmp_path: Path, tag: tuple[int, int], deep: bool) -> None:
    kind = np.uint16 if deep else np.uint8
    small, large = (np.asarray(picture().resize(size)).astype(kind) for size in ((6, 4), (24, 16)))
    pages = [tiff_file(small, **{f"t{tag[0]}": ("I", tag[1])}), tiff_file(large * kind(257 if deep else 1))]
    (tmp_path / "a.tiff").write_bytes(chained(*pages))
    np.testing.assert_array_equal(np.asarray(open_image(tmp_path / "a.tiff")), large)


def test_a_tiff_of_a_smaller_version_alone_is_that(tmp_path: Path) -> None:
    (tmp_path / "a.tiff").write_bytes(tiff_file(np.asarray(picture()), t254=("I", 1)))
    np.testing.assert_array_equal(np.asarray(open_image(tmp_path / "a.tiff")), np.asarray(picture()))


def chained(first: bytes, second: bytes) -> bytes:
    """Two TIFF files of little-endian numbers as one of two pages."""
    start = len(first) + len(first) % 2
    moved = bytearray(second)
    (directory,) = struct.unpack_from("<I", second, 4)
    (count,) = struct.unpack_from("<H", second, directory)
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, code, number, value = struct.unpack_from("<HHII", second, entry)
        if tag == 273 or {3: 2, 4: 4, 7: 1}[code] * number > 4:
            struct.pack_into("<I", moved, entry + 8, value + start)
    made = bytearray(first.ljust(start, b"\0") + moved)
    (directory_of_first,) = struct.unpack_from("<I", first, 4)
    (count,) = struct.unpack_from("<H", first, directory_of_first)
    struct.pack_into("<I", made, directory_of_first + 2 + 12 * count, start + directory)
    return bytes(made)


def refused(path: Path) -> str:
    with pytest.raises(ImageError) as caught:
        opened(path)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert str(path) in sentence
    return sentence


def test_missing_file_folder_and_empty_file(tmp_path: Path) -> None:
    assert "There is no image" in refused(tmp_path / "nothing.png")
    assert "is a folder" in refused(tmp_path)
    assert "address in the web" in refused(tmp_path / "https://example.org/chair.png")
    (tmp_path / "empty.png").touch()
    assert "empty file" in refused(tmp_path / "empty.png")


def test_a_path_that_no_file_can_have() -> None:
    refused(Path("a" * 5000 + ".png"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    refused(tmp_path / "pipe.png")


@pytest.mark.parametrize("content", [b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", b"\0" * 1000])
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert "not an image that can be read" in refused(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tiff", ".bmp"])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    path = saved(noise, tmp_path / f"a{suffix}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused(path)


@pytest.mark.parametrize(("width", "height"), [(10_001, 10_000), (30_000, 30_000), (2**31 - 1, 2**31 - 1)])
def test_a_huge_image_is_refused_from_its_header(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png(struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)))  # there are no pixels to decode
    assert "more than 100 megapixels" in refused(path)


def test_fully_transparent_and_one_colour(tmp_path: Path) -> None:
    assert "fully transparent" in refused(saved(Image.new("RGBA", (9, 9), (250, 3, 4, 0)), tmp_path / "a.png"))
    assert "one colour" in refused(saved(Image.new("RGB", (9, 9), "white"), tmp_path / "b.png"))
    assert "one colour" in refused(saved(Image.new("RGBA", (9, 9), (1, 2, 3, 90)), tmp_path / "c.png"))


def test_a_silhouette_of_one_colour_is_an_object(tmp_path: Path) -> None:
    image = Image.new("RGBA", (9, 9), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (2, 2, 6, 6))
    assert open_image(saved(image, tmp_path / "a.png")).mode == "RGBA"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_bytes_give_an_image_or_a_sentence(tmp_path: Path, data: st.DataObject) -> None:
    suffix = data.draw(st.sampled_from([".png", ".jpg", ".webp", ".tiff", ".bmp", ".gif"]))
    path = saved(with_alpha() if suffix != ".jpg" else picture(), tmp_path / f"a{suffix}")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        outcome = opened(path).picture.mode
    except ImageError as error:
        outcome = str(error)
    assert outcome in ("RGB", "RGBA") or str(path) in outcome
