"""A Grease Pencil drawing as a picture."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from .conftest import Import


@pytest.mark.skipif(bpy.app.version < (4, 3), reason="drawings are made in another way")
def test_points_at_no_place_are_left_out_and_without_any_other_a_sentence_says_so(extension: Import) -> None:
    """As a modifier or a script can leave them."""
    drawings, errors = extension("addon.ui.drawings"), extension("flashvdm_core.api.errors")
    bpy.ops.object.grease_pencil_add(type="EMPTY")
    obj = bpy.context.object
    frame = obj.data.layers.new("Lines").frames.new(1)
    frame.drawing.add_strokes([3, 1])
    points = frame.drawing.strokes[0].points
    for number, point in enumerate(points):
        point.position = (number, 0, number**2)
    whole = drawings.drawn(obj)
    frame.drawing.strokes[1].points[0].position = (float("nan"), float("inf"), 0)
    assert np.array_equal(drawings.drawn(obj), whole)
    for point in points:
        point.position = (float("nan"), 0, 0)
    with pytest.raises(errors.ImageError, match="Nothing is drawn"):
        drawings.drawn(obj)


@pytest.mark.skipif(bpy.app.version < (4, 3), reason="drawings are made in another way")
@pytest.mark.parametrize("points", [[(0, 0, 0)] * 50_000, None])
def test_a_drawing_of_very_many_points_costs_no_more_than_a_picture(
    extension: Import, points: list[tuple[float, float, float]] | None
) -> None:
    """At one place, and from end to end of the picture each time."""
    places = np.array(points if points is not None else np.random.default_rng(0).random((20_000, 3)), np.float32)
    bpy.ops.object.grease_pencil_add(type="EMPTY")
    obj = bpy.context.object
    frame = obj.data.layers.new("Lines").frames.new(1)
    frame.drawing.add_strokes([len(places)])
    frame.drawing.attributes["position"].data.foreach_set("vector", places.ravel())
    dark = (extension("addon.ui.drawings").drawn(obj)[..., 0] == 0).sum()
    assert dark < 100 if points is not None else dark > 400_000
