"""Objects in photographs, and which way to cut out is chosen for which kind of picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from flashvdm_core.api.errors import ImageError
from flashvdm_core.image import cut_out, salience
from flashvdm_core.image.choice import UNSEEN, choose
from flashvdm_core.image.guided_filter import enlarged, guided
from tests.core.test_image_cutout import BACKGROUNDS, SIZE, THRESHOLD, overlap, scene, texture

FIXTURE = Path(__file__).parent.parent / "data" / "u2netp.npz"


def photograph() -> tuple[Image.Image, np.ndarray]:
    """A cup on a wooden table, and what the authors' file makes of it, bool [320, 320]."""
    with np.load(FIXTURE) as kept:
        picture = Image.fromarray(kept["pictures"][0]).resize((320, 320), Image.Resampling.BICUBIC)
        return picture, enlarged(kept["maps"][0], 320, 320) > 0.5


def on_texture() -> tuple[Image.Image, np.ndarray]:
    image, coverage = scene("white")
    return Image.composite(image, texture(), Image.fromarray((coverage * 255).astype(np.uint8))), coverage


class Looks:
    """In place of the network: finds what it was told, and remembers that it was asked."""

    def __init__(self, found: np.ndarray) -> None:
        self.found, self.asked = found.astype(np.float32), 0

    def __call__(self, image: Image.Image) -> np.ndarray:
        self.asked += 1
        return enlarged(self.found, 320, 320)


@pytest.mark.parametrize("method", ["auto", "photo"])
def test_a_photograph_is_cut_out_without_a_hand(method: str) -> None:
    picture, expected = photograph()
    result = cut_out(picture, method, THRESHOLD)
    assert overlap(result.rgba, expected.astype(float)) > 0.9
    assert result.warnings == ()


def test_what_stands_before_a_texture_is_cut_out_with_its_hole_and_to_the_edge() -> None:
    picture, coverage = on_texture()
    rgba = cut_out(picture, "auto", THRESHOLD).rgba
    assert overlap(rgba, coverage) > 0.9
    edge = (coverage > 0.05) & (coverage < 0.95)
    assert np.abs(rgba[..., 3] / 255 - coverage)[edge].mean() < 0.3


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("options", [{}, {"noise": 6}, {"shadow": 0.3}, {"quality": 60}, {"foot": 1.1}], ids=str)
def test_plain_backgrounds_keep_the_exact_method(background: str, options: dict[str, Any]) -> None:
    image, coverage = scene(background, **options)
    assert choose(image, THRESHOLD, Looks(coverage)).method == "border"


def test_an_even_background_does_not_wait_for_the_network() -> None:
    image, coverage = scene("green")
    looks = Looks(coverage)
    assert choose(image, THRESHOLD, looks).method == "border"
    assert looks.asked == 0


def drawn(background: tuple[int, int, int], *shapes: tuple[str, tuple[int, ...], tuple[int, int, int]]) -> Image.Image:
    picture = Image.new("RGB", (300, 300), background)
    pen = ImageDraw.Draw(picture)
    for kind, place, colour in shapes:
        getattr(pen, kind)(place, fill=colour)
    return picture


def test_an_arm_that_reaches_into_the_picture_is_no_floor() -> None:
    """The border is plain, but what covers a corner of it is a part of what the network finds."""
    shape = ("polygon", (0, 180, 120, 60, 200, 60, 220, 130, 140, 299, 0, 299), (205, 160, 120))
    picture = drawn((20, 60, 230), shape)
    arm = np.asarray(picture)[..., 0] > 100
    choice = choose(picture, THRESHOLD, Looks(arm))
    assert choice.method == "photo"


@pytest.mark.parametrize("method", ["auto", "photo"])
def test_the_parts_that_the_network_finds_are_kept_and_crumbs_are_not(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = np.zeros((320, 320), np.float32)
    found[50:150, 50:150] = found[200:280, 200:280] = 1
    found[10:16, 300:306] = 1
    monkeypatch.setattr("flashvdm_core.image.cutout.salience", Looks(found))
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (320, 320, 3), dtype=np.uint8))
    alpha = cut_out(picture, method, THRESHOLD).rgba[..., 3]
    assert alpha[100, 100] == alpha[240, 240] == 255
    assert alpha[13, 303] == alpha[300, 20] == 0


def test_what_no_way_is_right_for_is_said() -> None:
    nothing = Looks(np.zeros((320, 320)))
    choice = choose(texture(), THRESHOLD, nothing)
    assert (choice.method, choice.warning) == ("border", UNSEEN)
    assert choose(scene("horizon")[0], THRESHOLD, nothing).warning == ""


@pytest.mark.parametrize("size", [(16, 16), (48, 20), (1, 200), (300, 1)])
def test_pixel_art_and_strips_are_not_shown_to_the_network(size: tuple[int, int]) -> None:
    looks = Looks(np.ones((320, 320)))
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    assert choose(Image.fromarray(noise), THRESHOLD, looks).method == "border"
    assert looks.asked == 0


def test_transparency_that_means_something_is_kept() -> None:
    looks = Looks(np.ones((320, 320)))
    assert choose(scene("white")[0].convert("RGBA"), THRESHOLD, looks).method == "keep"
    assert looks.asked == 0


def test_the_guided_filter_brings_the_edges_of_the_picture_back() -> None:
    picture, coverage = on_texture()
    coarse = enlarged(enlarged(coverage.astype(np.float32), 24, 24), SIZE, SIZE)
    wrong = {
        name: np.abs((mask > 0.5) - coverage).mean() for name, mask in (("coarse", coarse), ("fine", guided(coarse, picture)))
    }
    assert wrong["fine"] < 0.7 * wrong["coarse"]


def test_a_picture_of_one_colour_has_no_edges_to_follow() -> None:
    mask = np.zeros((40, 40), np.float32)
    mask[10:30, 10:30] = 1
    found = guided(mask, Image.new("RGB", (40, 40), "red"))
    assert found[20, 20] > 0.8
    assert found[0, 0] < 0.1


def test_damaged_weights_are_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "u2netp.safetensors").write_bytes(b"no weights")
    monkeypatch.setattr(salience, "_WEIGHTS", tmp_path / "u2netp.safetensors")
    salience._network.cache_clear()
    with pytest.raises(ImageError, match="install the extension anew"):
        cut_out(photograph()[0], "photo", THRESHOLD)
    salience._network.cache_clear()
