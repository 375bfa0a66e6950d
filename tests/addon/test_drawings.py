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
