"""Masks that correct the cut-out, in real Blender: painted, by a box, by a click; used, kept, and brought back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import numpy as np
import pytest

from .conftest import Import, tick_until

NOTHING = 128


@pytest.fixture
def picture(worker: Callable[..., str], tmp_path: Path) -> str:
    """The image of the panel, in which the stand-in worker finds two things; its content is of no account."""
    worker("good")
    path = tmp_path / "two chairs.png"
    path.write_bytes(b"a picture")
    bpy.context.scene.flashvdm.image = str(path)
    return str(path)


@pytest.fixture
def masks(extension: Import) -> ModuleType:
    return extension("addon.scene.masks")


def stroke(image: Any, area: tuple[slice, slice], alpha: float) -> None:
    """What a brush does: the alpha of some pixels; rows from the top."""
    values = np.array(image.pixels[:], np.float32).reshape(image.size[1], image.size[0], 4)[::-1]
    values[area[0], area[1], 3] = alpha
    image.pixels.foreach_set(values[::-1].ravel())


def strokes(image: Any, masks: ModuleType) -> tuple[int, int]:
    """How many pixels are kept and removed."""
    found = masks.strokes_in(image)
    return int((found == 255).sum()), int((found == 0).sum())


def test_the_mask_shows_what_is_cut_out_and_says_nothing_yet(picture: str, masks: ModuleType) -> None:
    assert masks.mask_of(picture) is None
    assert bpy.ops.flashvdm.paint_mask() == {"FINISHED"}
    image = masks.mask_of(picture)
    assert image.name == "two chairs mask"
    assert tuple(image.size) == (40, 40)
    shown = masks.pixels_of(image)
    assert tuple(shown[10, 10]) == (90, 120, 150, 224)
    assert tuple(shown[0, 0]) == (90, 120, 150, 64)
    assert masks.strokes_of(picture) is None
    bpy.ops.flashvdm.paint_mask()
    assert [image.name for image in bpy.data.images] == ["two chairs mask"]


def test_without_a_picture_there_is_no_mask(worker: Callable[..., str]) -> None:
    worker("good")
    assert not bpy.ops.flashvdm.paint_mask.poll()
    bpy.context.scene.flashvdm.image = "/no/such.png"
    with pytest.raises(RuntimeError, match="no cut-out"):
        bpy.ops.flashvdm.paint_mask()
    assert not bpy.data.images


def test_what_a_brush_paints_is_read_whatever_the_guess_becomes(picture: str, masks: ModuleType) -> None:
    bpy.ops.flashvdm.paint_mask()
    image = masks.mask_of(picture)
    stroke(image, (slice(0, 4), slice(0, 10)), 1.0)
    stroke(image, (slice(5, 10), slice(5, 15)), 0.0)
    assert strokes(image, masks) == (40, 50)
    other = np.zeros((40, 40, 4), np.uint8)
    other[..., 3] = 255
    masks.renew(image, other)
    assert strokes(image, masks) == (40, 50)
    assert masks.pixels_of(image)[30, 2, 3] == 224
    bpy.ops.flashvdm.mask_clear()
    assert masks.strokes_of(picture) is None


@pytest.mark.parametrize(("action", "kept", "removed"), [("KEEP", 200, 0), ("REMOVE", 0, 200), ("CROP", 0, 1400)])
def test_a_box(picture: str, masks: ModuleType, action: str, kept: int, removed: int) -> None:
    """The lower left: ten pixels wide, twenty high."""
    assert bpy.ops.flashvdm.mask_box(box=(0.0, 0.0, 0.25, 0.5), action=action) == {"FINISHED"}
    image = masks.mask_of(picture)
    assert strokes(image, masks) == (kept, removed)
    assert (masks.strokes_in(image)[30, 5] != NOTHING) == (action != "CROP")


def test_one_of_several_things_is_chosen_by_a_click_and_then_the_other(picture: str, masks: ModuleType) -> None:
    small, large = (0.25, 0.75), (0.7, 0.3)
    assert bpy.ops.flashvdm.mask_choose(point=small) == {"FINISHED"}
    image = masks.mask_of(picture)
    assert strokes(image, masks) == (0, 15 * 15)
    assert bpy.ops.flashvdm.mask_choose(point=large) == {"FINISHED"}
    assert strokes(image, masks) == (0, 10 * 10)
    assert masks.pixels_of(image)[25, 25, 3] == 224
    with pytest.raises(RuntimeError, match="no object at this place"):
        bpy.ops.flashvdm.mask_choose(point=(0.9, 0.95))


def test_generate_uses_the_mask_and_the_history_keeps_it(picture: str, masks: ModuleType, extension: Import) -> None:
    bpy.ops.flashvdm.mask_box(box=(0.0, 0.0, 0.25, 0.5), action="REMOVE")
    session = extension("addon.session.session").session
    bpy.ops.flashvdm.generate()
    assert "front: 0 kept, 200 removed" in session.tasks.job.warnings
    history = extension("addon.scene.history")
    (entry,) = history.history_of(bpy.context.scene).entries
    assert (history.masks_of(entry)["front"] == 0).sum() == 200
    bpy.ops.flashvdm.mask_clear()
    bpy.ops.flashvdm.generate()
    assert not any("removed" in warning for warning in session.tasks.job.warnings)
    history.history_of(bpy.context.scene).active = 0
    bpy.ops.flashvdm.history_generate()
    assert "front: 0 kept, 200 removed" in session.tasks.job.warnings
    history.history_of(bpy.context.scene).active = 0
    bpy.ops.flashvdm.history_restore()
    assert strokes(masks.mask_of(picture), masks) == (0, 200)


def test_the_mask_is_kept_with_the_file_and_found_when_the_picture_has_moved(
    picture: str, masks: ModuleType, tmp_path: Path
) -> None:
    bpy.ops.flashvdm.mask_box(box=(0.0, 0.0, 0.25, 0.5), action="KEEP")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "a.blend"))
    moved = str(tmp_path / "moved.png")
    os.rename(picture, moved)
    assert (masks.strokes_of(moved) == 255).sum() == 200


@pytest.mark.parametrize("text", ["", "1 1", "2 2 AAAA", "-1 5 AA==", "9999999 9999999 eJwDAAAAAAE=", "a b c"])
def test_a_damaged_mask_of_the_history_is_none(masks: ModuleType, text: str) -> None:
    assert masks.from_text(text) is None


def test_an_image_that_was_made_for_this_blender_survives_a_saved_file(
    worker: Callable[..., str], extension: Import, tmp_path: Path
) -> None:
    worker("good")
    made = bpy.data.images.new("drawn", 4, 4, alpha=True)
    made.pixels[:] = [0.5, 0.2, 0.1, 1.0] * 16
    assert bpy.ops.flashvdm.take_image(source="DATA", image="drawn") == {"FINISHED"}
    settings = bpy.context.scene.flashvdm
    taken = Path(settings.image)
    content = taken.read_bytes()
    for name in ("a.blend", "b.blend"):
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / name))
        assert len([image for image in bpy.data.images if image.get("flashvdm_taken")]) == 1
        Path(bpy.context.scene.flashvdm.image).unlink()
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / name))
        assert Path(bpy.context.scene.flashvdm.image).read_bytes() == content
    bpy.context.scene.flashvdm.image = ""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "c.blend"))
    assert not [image for image in bpy.data.images if image.get("flashvdm_taken")]


def test_the_panel_counts_on_the_look(picture: str, extension: Import) -> None:
    """What the cut-out was made by decides whether the tolerance is of use."""
    cutouts = extension("addon.session.cutouts")
    session = extension("addon.session.session").session
    cutouts.ask()
    tick_until(session, lambda: cutouts.last_job(picture) is not None and cutouts.last_job(picture).over)
    assert cutouts.method_of(picture) == "border"
    assert cutouts.guess_of(picture).shape == (40, 40, 4)
    assert not cutouts.is_coming(picture)
