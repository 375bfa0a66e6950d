"""Cut-outs that a person has corrected: what was painted wins over what was guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flashvdm_core.api.errors import ImageError, SettingsError
from flashvdm_core.api.events import CutOut, Finished
from flashvdm_core.api.tasks import STROKE_KEEP, STROKE_REMOVE, CutOutOnly, Request
from flashvdm_core.image import Correction, cut_out, open_mask
from flashvdm_core.pipeline.pipeline import Pipeline
from tests.core.test_image_cutout import THRESHOLD, overlap, scene

NOTHING = 128


def strokes(side: int = 120, **painted: tuple[slice, slice]) -> np.ndarray:
    found = np.full((side, side), NOTHING, np.uint8)
    for name, place in painted.items():
        found[place] = STROKE_KEEP if name == "keep" else STROKE_REMOVE
    return found


@pytest.mark.parametrize("method", ["border", "keep"])
def test_what_nobody_corrected_stays_as_it_was(method: str) -> None:
    image, _ = scene("green")
    for correction in (Correction(), Correction(strokes()), None):
        np.testing.assert_array_equal(cut_out(image, method, THRESHOLD, correction).rgba, cut_out(image, method, THRESHOLD).rgba)


def test_strokes_win_over_the_guess_and_show_the_picture() -> None:
    """Half the size of the picture: a corner is kept that was background, the foot is removed."""
    image, coverage = scene("green")
    painted = strokes(keep=(slice(0, 20), slice(0, 20)), remove=(slice(90, 120), slice(0, 120)))
    rgba = cut_out(image, "border", THRESHOLD, Correction(painted)).rgba
    assert (rgba[:36, :36, 3] == 255).all()
    np.testing.assert_array_equal(rgba[:36, :36, :3], np.asarray(image)[:36, :36])
    assert not rgba[180:, :, 3].any()
    assert coverage[185:].any()
    assert overlap(rgba[60:170, 60:], coverage[60:170, 60:]) > 0.99


def test_a_hole_that_was_painted_is_kept_on_transparent_pictures_too() -> None:
    image, coverage = scene("white")
    rgba = np.dstack([np.asarray(image), np.rint(coverage * 255).astype(np.uint8)])
    assert rgba[100, 120, 3] == 0
    painted = strokes(keep=(slice(40, 62), slice(48, 72)))
    found = cut_out(Image.fromarray(rgba), "auto", THRESHOLD, Correction(painted)).rgba
    assert found[100, 120, 3] == 255
    assert overlap(found[130:], coverage[130:]) > 0.99


def test_the_edge_moves_out_and_in_and_strokes_stay() -> None:
    image, _ = scene("white")
    painted = Correction(strokes(remove=(slice(0, 60), slice(0, 120))), edge=5.0)
    areas = [int((cut_out(image, "border", THRESHOLD, Correction(edge=edge)).rgba[..., 3] > 127).sum()) for edge in (-2, 0, 2)]
    assert areas[0] < 0.95 * areas[1]
    assert areas[2] > 1.05 * areas[1]
    assert not cut_out(image, "border", THRESHOLD, painted).rgba[:120, :, 3].any()


def test_a_soft_edge_is_wider() -> None:
    image, _ = scene("white")
    half = [
        int(
            ((alpha := cut_out(image, "border", THRESHOLD, Correction(softness=soft)).rgba[..., 3]) > 20).sum()
            - (alpha > 235).sum()
        )
        for soft in (0, 3)
    ]
    assert half[1] > 2 * half[0]


def test_the_guess_is_the_picture_itself_with_the_mask_before_the_correction() -> None:
    image, coverage = scene("green")
    guess = cut_out(image, "border", THRESHOLD, Correction(strokes(remove=(slice(0, 60), slice(0, 120))), edge=3.0)).guess
    np.testing.assert_array_equal(guess[..., :3], np.asarray(image))
    assert overlap(guess, coverage) > 0.99


def test_a_task_that_only_cuts_out_is_corrected_and_gives_the_guess(tmp_path: Path) -> None:
    image, coverage = scene("green")
    image.save(tmp_path / "a.png")
    task = CutOutOnly({"front": str(tmp_path / "a.png")}, {}, {"front": strokes(remove=(slice(0, 60), slice(0, 120)))})
    *events, end = Pipeline().generate(task)
    assert isinstance(end, Finished)
    (cutout,) = [event for event in events if isinstance(event, CutOut)]
    assert not cutout.rgba[:118, :, 3].any()
    assert cutout.guess is not None
    assert overlap(cutout.guess, coverage) > 0.99


@pytest.mark.parametrize(
    "masks",
    [{"back": strokes()}, {"front": strokes().astype(float)}, {"front": strokes()[None]}, {"front": np.zeros((0, 4), np.uint8)}],
    ids=["of-no-image", "floats", "three-dimensions", "empty"],
)
def test_a_mask_that_is_none_is_refused(masks: dict[str, np.ndarray]) -> None:
    for kind in (Request, CutOutOnly):
        with pytest.raises(SettingsError, match="mask"):
            kind({"front": "a.png"}, masks=masks)


def test_a_mask_file_says_what_is_kept_by_its_light_or_its_opacity(tmp_path: Path) -> None:
    levels = np.repeat(np.array([[0, 64, 65, 128, 191, 192, 255]], np.uint8), 2, 0)
    want = [STROKE_REMOVE] * 2 + [NOTHING - 1] * 3 + [STROKE_KEEP] * 2
    painted = np.dstack([np.full((2, 7, 3), 77, np.uint8), levels])
    for name, picture in (
        ("grey.png", levels),
        ("grey.jpg", levels),
        ("alpha.png", painted),
        ("colours.png", np.dstack([levels] * 3)),
    ):
        Image.fromarray(picture).save(tmp_path / name, quality=100)
        assert open_mask(tmp_path / name)[0, [0, 3, 6]].tolist() == [STROKE_REMOVE, NOTHING - 1, STROKE_KEEP]
        if name != "grey.jpg":
            assert open_mask(tmp_path / name).tolist() == [want] * 2
    Image.new("L", (9000, 30), 255).save(tmp_path / "long.png")
    assert open_mask(tmp_path / "long.png").shape == (14, 4096)
    (tmp_path / "none.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match="not an image"):
        open_mask(tmp_path / "none.png")


def test_a_mask_of_other_proportions_is_refused(tmp_path: Path) -> None:
    image, _ = scene("green")
    image.save(tmp_path / "scene.png")
    for size, right in (((120, 120), True), ((121, 120), True), ((120, 90), False), ((90, 120), False)):
        masks = {"front": np.full(size, STROKE_KEEP, np.uint8)}
        *_, end = Pipeline().generate(CutOutOnly({"front": str(tmp_path / "scene.png")}, masks=masks))
        assert isinstance(end, Finished) == right
        if not right:
            assert "other proportions than the image (240 x 240)" in end.message
