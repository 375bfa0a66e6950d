"""The one timer that moves on whatever is under way in this Blender. No threads: no step waits for anything.

Blender runs no timers in the background; there `Loop.run_to_end` does the same in a loop.
"""

import time
import traceback
from collections.abc import Callable

import bpy

from ..blender.texts import interface
from ..blender.window import redraw_panels, redraw_status_bars

_PAUSE_SECONDS = 0.02  # between two steps in the background


class Activity:
    """Something that goes on beside the user's work, in steps of some hundredths of a second at most."""

    @property
    def interval(self) -> float:
        """Seconds from now to the next step; it may come earlier."""
        return 0.1

    @property
    def fraction(self) -> float:
        """Share of the whole that is done, 0 to 1."""
        return 0.0

    @property
    def shown(self) -> object:
        """What the panels show of it: they are drawn anew when this differs from what it was after the step before."""
        return None

    def step(self) -> bool:
        """Move on; whether there is more to do."""
        raise NotImplementedError

    def fail(self, message: str, details: str) -> None:
        """A step has raised something, and none comes any more: end with the sentence `message`; `details` is the traceback."""
        raise NotImplementedError

    def stop(self) -> None:
        """End now. Also called when there is nothing to end."""
        raise NotImplementedError


class Loop:
    """The activities under way.

    Attributes:
        timer: what Blender's timer calls, always the same object: Blender knows timers by it.
    """

    def __init__(self) -> None:
        self.timer: Callable[[], float | None] = self.tick
        self._shown: dict[Activity, object] = {}
        """Each activity under way, and what the panels show of it."""

    def add(self, activity: Activity) -> None:
        """Let the timer move `activity` on until its `step` says that nothing is left to do."""
        self._shown.setdefault(activity, activity.shown)
        if not bpy.app.timers.is_registered(self.timer):
            bpy.app.timers.register(self.timer, first_interval=activity.interval, persistent=True)

    def tick(self) -> float | None:
        """One step of each activity; the seconds to the next, or None when nothing is left to do."""
        changed = False
        for activity in list(self._shown):
            more = self.step(activity)
            changed |= not more or activity.shown != self._shown.get(activity)
            if more:
                self._shown[activity] = activity.shown
            else:
                self._shown.pop(activity, None)
        if changed:
            redraw_panels()
            redraw_status_bars()
        return min((activity.interval for activity in self._shown), default=None)

    def step(self, activity: Activity) -> bool:
        """One step of `activity`, which ends with a sentence if it raises anything: the others go on. Whether there is more."""
        try:
            return activity.step()
        except Exception as error:
            details = traceback.format_exc()
            text = interface("Something unexpected happened ({error}); save the file and try again.")
            message = text.format(error=f"{type(error).__name__}: {error}")
        print(details, end="")
        try:
            activity.fail(message, details)
        except Exception:
            traceback.print_exc()
        return False

    def run_to_end(self, activity: Activity, over: Callable[[], bool] = lambda: False) -> None:
        """Move `activity` on until it ends, or until `over`, without returning to Blender before."""
        manager = bpy.context.window_manager
        assert manager is not None
        manager.progress_begin(0, 100)
        try:
            while not over() and self.step(activity):
                manager.progress_update(round(activity.fraction * 100))
                time.sleep(min(activity.interval, _PAUSE_SECONDS))
        except BaseException:
            activity.stop()
            raise
        finally:
            manager.progress_end()

    def stop(self) -> None:
        """End all activities and take the timer back."""
        if bpy.app.timers.is_registered(self.timer):
            bpy.app.timers.unregister(self.timer)
        for activity in list(self._shown):
            activity.stop()
        self._shown.clear()
