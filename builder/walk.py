"""The way of one image through the rooms of the core: `python -m builder.walk` makes a mesh with a toy model and counts.

A call counts where a function of one room calls one of another, each pair of functions once, however often a loop runs through
it; a door is a pair of rooms with such calls. A door back up leads to a room that imports the caller's: a callback.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import CodeType, FrameType

from .rooms import CORE, Arrows, arrows, room_of
from .rooms import report as floor_plan

_Call = tuple[CodeType, CodeType]


def walked(rooms: Arrows) -> set[_Call]:
    """The calls between rooms of one generation, as (caller, called)."""
    from flashvdm_core.api.events import Result
    from flashvdm_core.api.tasks import Request
    from flashvdm_core.pipeline.pipeline import Pipeline
    from tests.core.tiny_model import write_disc_image, write_tiny_model

    calls: set[_Call] = set()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_tiny_model(folder / "tiny")
        write_disc_image(folder / "disc.png")
        settings = {"model": str(folder / "tiny"), "resolution": 64, "device": "cpu", "preview": True}
        task = Request({"front": str(folder / "disc.png")}, settings, keep_latents=True)

        def watch(frame: FrameType, event: str, _: object) -> None:
            room = _room(frame.f_code) if event == "call" else None
            if room in rooms:
                caller = _caller(frame, rooms)
                if caller is not None and _room(caller) != room:
                    calls.add((caller, frame.f_code))

        sys.setprofile(watch)
        try:
            *_, last = Pipeline().generate(task)
        finally:
            sys.setprofile(None)
    assert isinstance(last, Result), last
    return calls


def _caller(frame: FrameType, rooms: Arrows) -> CodeType | None:
    """The function of the core that a call comes from, through whatever library lies between."""
    above = frame.f_back
    while above is not None and _room(above.f_code) not in rooms:
        if above.f_code.co_filename.startswith("<frozen importlib"):
            return None
        above = above.f_back
    return above.f_code if above is not None else None


def _room(code: CodeType) -> str | None:
    path = Path(code.co_filename)
    return room_of((CORE.name, *path.relative_to(CORE).parts), CORE) if path.is_relative_to(CORE) else None


def report() -> str:
    """The counts in a sentence."""
    plan = arrows(CORE)
    calls = walked(plan)
    doors = {(_room(caller), _room(called)) for caller, called in calls}
    up = sum(caller in plan.get(called or "", ()) for caller, called in doors)
    rooms = {room for door in doors for room in door}
    return f"An image goes through {len(rooms)} rooms of the core by {len(doors)} doors ({up} back up) and {len(calls)} calls."


if __name__ == "__main__":
    print(f"{floor_plan()}\n{report()}")
