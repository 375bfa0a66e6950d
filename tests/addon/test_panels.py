"""What the panel says in the course of the work, and how a new object comes into view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest
from mathutils import Matrix, Vector

from . import panel_widths
from .conftest import Import, tick_until

Session = Any


@pytest.fixture
def session(extension: Import) -> Session:
    return extension("addon.session.session").session


@pytest.fixture
def drawn(extension: Import) -> Callable[[], panel_widths.Layout]:
    """Draws the main panel."""

    def draw() -> panel_widths.Layout:
        layout = panel_widths.Layout(str)
        bpy.types.FLASHVDM_PT_main.draw(SimpleNamespace(layout=layout), bpy.context)
        return layout

    return draw


def asked(extension: Import, session: Session, image: str) -> Any:
    """The cut-out of the scene's image is asked for, as Blender's timer does; the task."""
    bpy.context.scene.flashvdm.image = image
    cutouts = extension("addon.session.cutouts")
    cutouts.ask()
    assert cutouts.last_job(image) is session.tasks.low_priority.job
    return session.tasks.low_priority.job


def test_between_the_choice_of_an_image_and_its_cut_out_the_panel_says_that_it_is_coming(
    drawn: Any, worker: Callable[..., str], image: str, extension: Import, session: Session
) -> None:
    worker("good")
    job = asked(extension, session, image)
    assert "Removing the background…" in drawn().texts
    place = drawn().texts.index("Removing the background…")
    tick_until(session, lambda: job.over)
    assert drawn().texts[place] == "red chair.png", "a line in its place: what is below stays where it is"


def test_after_a_cut_out_that_failed_the_panel_shows_the_picture_and_why(
    drawn: Any,
    worker: Callable[..., str],
    image: str,
    extension: Import,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker("good")
    done = asked(extension, session, image)
    tick_until(session, lambda: done.over)
    thumbnails = extension("addon.scene.thumbnails")
    monkeypatch.setattr(thumbnails, "icon_of_cutout", lambda _: 1)  # without a window there are no icons
    assert "Masked Image" in drawn().texts
    worker("fail")
    failed = asked(extension, session, image)
    tick_until(session, lambda: failed.over)
    assert failed.error
    said = drawn().texts
    assert "Masked Image" not in said
    assert "red chair.png" in said
    assert failed.error.split()[0] in " ".join(said)


def test_tolerance_is_shown_where_it_does_something(drawn: Any, image: str, extension: Import) -> None:
    cutouts, settings = extension("addon.session.cutouts"), bpy.context.scene.flashvdm
    settings.image = image
    for method, shown in (("border", True), ("alpha", False), ("u2netp", False), ("", True)):
        cutouts._methods[image] = method
        assert ("Tolerance" in drawn().texts) is shown, method
    settings.cutout = "border"
    assert "Tolerance" in drawn().texts
    settings.cutout = "keep"
    assert "Tolerance" not in drawn().texts


def test_a_missing_image_is_told_once_and_generate_cannot_be_pressed(
    drawn: Any, worker: Callable[..., str], image: str, tmp_path: Path
) -> None:
    worker("good")
    bpy.context.scene.flashvdm.image = image
    assert enabled(drawn(), "Generate")
    bpy.context.scene.flashvdm.image = str(tmp_path / "gone.png")
    assert not enabled(drawn(), "Generate")
    assert sum("does not exist" in text for text in drawn().texts) == 1


def test_what_was_ended_can_be_taken_up_again_at_one_place(
    drawn: Any, worker: Callable[..., str], image: str, extension: Import, session: Session
) -> None:
    worker("wait-at-decode")
    bpy.context.scene.flashvdm.image = image
    extension("addon.session.generation").enqueue_generation(bpy.context, {}, live=True)
    session.run_live()
    tick_until(session, lambda: session.tasks.job.fraction > 0)
    bpy.ops.flashvdm.cancel()
    tick_until(session, lambda: not session.tasks.generating)
    queue = bpy.types.FLASHVDM_PT_queue
    assert "Again" in drawn().texts
    assert not queue.poll(bpy.context)
    worker("good")
    bpy.ops.flashvdm.generate()
    session.tasks.queue.items[-1].job._ended -= 60
    assert [item.job.state.name for item in session.tasks.queue.in_sight] == ["CANCELLED"]
    assert queue.poll(bpy.context), "the main panel tells of the last alone"


# --- the view ---------------------------------------------------------------------------------------------------------


def test_a_new_object_out_of_sight_comes_into_the_middle_of_what_is_free_of_the_viewport(extension: Import) -> None:
    viewports = extension("addon.blender.viewports")
    area, _, region, view = next(viewports._views())
    free = viewports.free_of(area, region)
    assert free.high < region.height, "the header of the tools lies over it"
    view.view_perspective = "PERSP"
    before = view.view_rotation.copy()
    for place in ((40, 0, 0), (0, -70, 3)):
        bpy.ops.mesh.primitive_cube_add(location=place)
        viewports.frame_if_unseen(bpy.context.object)
        x, y = seen_at(region, view, Vector(place))
        assert x == pytest.approx((free.left + free.right) / 2, abs=2)
        assert y == pytest.approx((free.low + free.high) / 2, abs=2)
    assert view.view_rotation == before
    bpy.context.object.location = 0, 0, 0
    bpy.ops.mesh.primitive_uv_sphere_add(location=(0, -900, 0), radius=100)
    viewports.frame_if_unseen(bpy.context.object)
    assert view.view_distance > 200, "what is large is looked at from farther away"


def test_the_sidebar_and_the_headers_are_not_free(extension: Import) -> None:
    free_of = extension("addon.blender.viewports").free_of

    def region(alignment: str, x: int, y: int, width: int, height: int) -> SimpleNamespace:
        return SimpleNamespace(alignment=alignment, x=x, y=y, width=width, height=height)

    window = region("NONE", 100, 50, 1000, 800)
    sidebar, tools, header = (
        region("RIGHT", 820, 50, 280, 750),
        region("LEFT", 100, 50, 56, 750),
        region("TOP", 100, 820, 1000, 30),
    )
    closed, bars = region("RIGHT", 1099, 50, 1, 1), region("FLOAT", 100, 50, 300, 300)

    def of(*regions: SimpleNamespace) -> tuple[float, ...]:
        found = free_of(SimpleNamespace(regions=[window, *regions]), window)
        return found.left, found.low, found.right, found.high

    assert of(closed, bars) == (0, 0, 1000, 800)
    assert of(sidebar, tools, header) == (56, 0, 720, 770)
    assert of(region("RIGHT", 300, 50, 800, 800)) == (0, 0, 1000, 800), "nothing would be left"


def enabled(layout: panel_widths.Layout, text: str) -> bool:
    """The button with that text can be pressed."""
    (row,) = [part for part in _layouts(layout) if text in [inside[2] for inside in part._inside if isinstance(inside, tuple)]]
    return row.enabled


def _layouts(layout: panel_widths.Layout) -> Iterator[panel_widths.Layout]:
    yield layout
    for part in layout._inside:
        if isinstance(part, panel_widths.Layout):
            yield from _layouts(part)


def seen_at(region: Any, view: Any, place: Vector) -> tuple[float, float]:
    """Where a viewport will show a place, in pixels: Blender's own function knows it after the next redraw."""
    looks = Matrix.Translation((0, 0, -view.view_distance)) @ view.view_rotation.to_matrix().to_4x4().inverted()
    seen = view.window_matrix @ looks @ Matrix.Translation(-view.view_location) @ Vector((*place, 1))
    return (seen.x / seen.w + 1) / 2 * region.width, (seen.y / seen.w + 1) / 2 * region.height
