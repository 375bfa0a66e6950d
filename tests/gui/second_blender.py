"""Another Blender with a window, which generates until a preview is there and then quits, or waits to be killed.

FLASHVDM_TOUR_NOTE names the file for the worker's process id, FLASHVDM_TOUR_END is "quit" or "killed".
"""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path

import bpy

PACKAGE = "bl_ext.user_default.flashvdm"
ORDER = json.loads((Path(os.environ["FLASHVDM_TOUR"]) / "order.json").read_text(encoding="utf-8"))
NOTE = Path(os.environ["FLASHVDM_TOUR_NOTE"])


def start() -> None:
    bpy.context.preferences.addons[PACKAGE].preferences.python = ORDER["python"]
    window = bpy.context.window_manager.windows[0]
    with bpy.context.temp_override(window=window):
        bpy.ops.flashvdm.generate("INVOKE_DEFAULT", filepath=ORDER["image"], model=ORDER["model"], steps=1000)
    bpy.app.timers.register(end, first_interval=0.1)


def end() -> float | None:
    session = importlib.import_module(f"{PACKAGE}.addon.session.session").session
    if not any(obj.flashvdm.preview for obj in bpy.data.objects):
        return 0.1
    part = NOTE.with_suffix(".part")
    part.write_text(str(session.tasks.client.process_id))
    part.rename(NOTE)
    if os.environ["FLASHVDM_TOUR_END"] == "quit":
        bpy.ops.wm.quit_blender()
    return None


bpy.app.timers.register(start, first_interval=1.0)
