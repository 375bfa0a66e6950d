"""The turn that makes a footprint lie along the axes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashvdm_core.geometry.footprint import straightening_turn


def rectangle(length: float, width: float, degrees: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (length, width)
    inside = rng.uniform(-1, 1, (200, 2)) * (length, width)
    return turned(np.concatenate([corners, inside]), np.radians(degrees)) + np.array((3.0, -7.0))


def turned(points: np.ndarray, angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return points @ np.array([[cos, sin], [-sin, cos]])


@given(st.floats(0.1, 10), st.floats(0.1, 10), st.floats(-180, 180))
def test_a_rectangle_comes_to_lie_along_the_axes(length: float, width: float, degrees: float) -> None:
    points = rectangle(length, width, degrees)
    turn = straightening_turn(points)
    assert abs(turn) <= np.radians(45.5)
    box = np.prod(np.ptp(turned(points, turn), axis=0))
    assert box <= 4 * length * width * 1.04
    assert abs(np.sin(4 * straightening_turn(turned(points, turn)))) < 0.03, "once is enough"


def test_the_least_turn_is_taken() -> None:
    assert np.degrees(straightening_turn(rectangle(2, 1, 20))) == pytest.approx(-20, abs=0.2)
    assert np.degrees(straightening_turn(rectangle(2, 1, 70))) == pytest.approx(20, abs=0.2)


def test_what_is_round_or_nothing_stays() -> None:
    around = np.linspace(0, 2 * np.pi, 500)
    assert straightening_turn(np.stack([np.cos(around), np.sin(around)], 1)) == 0
    assert straightening_turn(np.zeros((0, 2))) == 0
    assert straightening_turn(np.zeros((5, 2))) == 0
