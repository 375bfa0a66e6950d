"""Eyes and hands for the tour: where a button is on the screen, and real presses of the mouse and the keys.

Runs inside Blender's window under X, where `import` (ImageMagick) and `xdotool` are installed. Each function
that takes time is a generator that yields the seconds for which Blender may go on by itself.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import bpy
import gui  # made by the runner: screenshots, the 3D viewport, its sidebar
import numpy as np

Value = TypeVar("Value")
Steps = Generator[float, None, Value]

_MARK = (1.0, 0.0, 1.0, 1.0)
_UNIT = 20  # pixels of a button's height at scale 1
_CLEAR = 60  # levels by which a letter differs from grey
_TRIES = 5
_TALL = 1.3  # the panel's main button is at least this much higher than the others


@dataclass(frozen=True)
class Box:
    """A rectangle on the screen in pixels, y downwards."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def centre(self) -> tuple[int, int]:
        return (self.left + self.right) // 2, (self.top + self.bottom) // 2


def picture() -> np.ndarray:
    """The whole screen, uint8 [H, W, 3]."""
    command = ("import", "-window", "root", "-depth", "8", "ppm:-")
    shown = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    magic, size, depth, pixels = shown.split(b"\n", 3)
    assert (magic, depth) == (b"P6", b"255")
    width, height = map(int, size.split())
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)


def region_box(kind: str, editor: str = "VIEW_3D") -> Box:
    """The region `kind` ("UI": the sidebar, "WINDOW": the view) of the first 3D viewport, or of another editor."""
    window = bpy.context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == editor)
    region = next(region for region in area.regions if region.type == kind)
    bottom = window.height - region.y
    return Box(region.x, bottom - region.height, region.x + region.width, bottom)


def view_point() -> tuple[int, int]:
    """A place in the viewport with nothing in it, left of and above its middle."""
    box = region_box("WINDOW")
    return box.left + (box.right - box.left) // 4, box.top + (box.bottom - box.top) // 3


def main_button() -> Steps[Box]:
    """The panel's large button, Generate or Cancel. Fails where there is none that can be pressed."""
    yield from move(*view_point())  # a button under the mouse has another colour
    with _marked_buttons():
        for _ in range(_TRIES):  # a busy machine draws late
            yield 1.5
            shown = picture()
            box = tallest_marked(shown, region_box("UI"), bpy.context.preferences.view.ui_scale)
            if box is not None:
                break
        else:
            gui.shot("no_main_button")
    yield 0.5
    assert box is not None, "the panel shows no large button that can be pressed"
    return box


def tallest_marked(shown: np.ndarray, within: Box, scale: float) -> Box | None:
    """The highest marked button inside `within` on a picture [H, W, 3]; None where all are low."""
    marked = (shown[within.top : within.bottom, within.left : within.right] == (255, 0, 255)).all(axis=2)
    filled = marked.sum(axis=1) > 0.2 * marked.shape[1]  # letters leave gaps
    edges = np.flatnonzero(np.diff(np.concatenate(([0], filled, [0]))))
    bands = [(int(top), int(bottom)) for top, bottom in edges.reshape(-1, 2)]
    top, bottom = max(bands, key=lambda band: band[1] - band[0], default=(0, 0))
    if bottom - top <= _UNIT * scale * _TALL:
        return None
    columns = np.flatnonzero(marked[top:bottom].any(axis=0))
    return Box(within.left + int(columns[0]), within.top + top, within.left + int(columns[-1]) + 1, within.top + bottom)


def button(operator: str, within: Box, values: str = "") -> Steps[Box]:
    """The button of an operator inside a region that is on the screen. Fails where there is none that can be pressed.

    Ctrl+C over a button gives its command, and so tells which one it is: `values` are part of that, too.
    """
    yield from move(*view_point())
    with _marked_buttons():
        yield 2.0
        boxes = marked_boxes(picture(), within)
    yield 1.0
    seen = []
    for box in boxes:
        bpy.context.window_manager.clipboard = ""
        yield from move(*box.centre)
        press("ctrl+c")
        yield 0.3
        command = bpy.context.window_manager.clipboard
        seen.append(command)
        if f"bpy.ops.{operator}(" in command and values in command:
            return box
    gui.shot("no_button")
    raise AssertionError(f"no button for {operator} {values} among {seen}")


def marked_boxes(shown: np.ndarray, within: Box) -> list[Box]:
    """The marked buttons inside `within` on a picture [H, W, 3], from above, those in a row from the left; or parts of them."""
    marked = (shown[within.top : within.bottom, within.left : within.right] == (255, 0, 255)).all(axis=2)
    found = []
    for top, bottom in _runs(marked.any(axis=1)):
        for left, right in _runs(marked[top:bottom].sum(axis=0) > 0.3 * (bottom - top)):
            if right - left > _UNIT / 2 < bottom - top:
                found.append(Box(within.left + left, within.top + top, within.left + right, within.top + bottom))
    return found


def _runs(values: np.ndarray) -> list[tuple[int, int]]:
    """First and last + 1 of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], values, [0])).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def panel_titles(within: Box) -> Steps[list[Box]]:
    """Where the titles of the panels inside a sidebar are, from above."""
    yield from move(*view_point())
    style = bpy.context.preferences.themes[0].user_interface
    before = tuple(style.panel_title)
    style.panel_title = _MARK[:3]
    yield 2.5
    red, green, blue = (picture()[within.top : within.bottom, within.left : within.right, band].astype(int) for band in range(3))
    style.panel_title = before
    yield 1.0
    marked = (red - green > _CLEAR) & (blue - green > _CLEAR)  # letters have soft edges
    found = []
    for top, bottom in _runs(marked.any(axis=1)):
        if bottom - top < _UNIT / 4:  # a dot
            continue
        columns = np.flatnonzero(marked[top:bottom].any(axis=0))
        found.append(Box(within.left + int(columns[0]), within.top + top, within.left + int(columns[-1]), within.top + bottom))
    return found


def drag(places: list[tuple[int, int]]) -> Steps[None]:
    """Press at the first place, move over the others, let go at the last."""
    yield from move(*places[0])
    xdotool("mousedown", 1)
    for place in places[1:]:
        yield 0.2
        xdotool("mousemove", *place)
    yield 0.4
    xdotool("mouseup", 1)
    yield 0.6


@contextmanager
def _marked_buttons() -> Iterator[None]:
    """Paint the buttons that can be pressed in a colour of their own: Blender tells no script where its buttons are."""
    style = bpy.context.preferences.themes[0].user_interface.wcol_tool
    before = tuple(style.inner)
    style.inner = _MARK
    try:
        yield
    finally:
        style.inner = before


def move(x: int, y: int) -> Steps[None]:
    """Move the mouse to (x, y), and let Blender draw what is under it."""
    xdotool("mousemove", x - 4, y - 2)
    yield 0.4
    xdotool("mousemove", x, y)
    yield 0.8


def click(x: int, y: int) -> Steps[float]:
    """Press and let go at (x, y); returns when, on `time.perf_counter`."""
    yield from move(x, y)
    xdotool("mousedown", 1)
    yield 0.3
    xdotool("mouseup", 1)
    return time.perf_counter()


def press(key: str) -> float:
    """Press a key; returns when, on `time.perf_counter`."""
    xdotool("key", key)
    return time.perf_counter()


def until(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> Steps[float]:
    """Wait for a condition; returns when it was first seen, on `time.perf_counter`. Fails with `what` after `seconds`."""
    end = time.perf_counter() + seconds
    while not condition():
        assert time.perf_counter() < end, f"not within {seconds:.0f} s: {what}"
        yield 0.02
    return time.perf_counter()


def xdotool(*arguments: str | int) -> None:
    subprocess.run(("xdotool", *map(str, arguments)), check=True, timeout=60)
