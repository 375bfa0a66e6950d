"""The picture of the scene's camera, rendered beside the user's work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from ..link.background_blender import Step
from ..scene.camera_picture import render_camera


def do_order(folder: Path, order: dict[str, Any], say: Callable[[Step, float, float], None]) -> None:
    """Render the scene of the file that was opened. Raises ImageError."""
    say(Step.RENDER, 0.1, 0.95)
    _use_devices(order.get("devices"))
    render_camera(bpy.data.scenes[order["scene"]], folder / order["picture"])


def _use_devices(devices: dict[str, Any] | None) -> None:
    """Let Cycles compute where the user lets it: that is a preference, and this Blender began with none."""
    preferences = bpy.context.preferences
    addon = preferences.addons.get("cycles") if preferences is not None else None
    if devices is None or addon is None:
        return
    cycles: Any = addon.preferences
    try:
        cycles.compute_device_type = devices["kind"]
        cycles.get_devices()
    except (TypeError, AttributeError, RuntimeError):
        return  # it renders on the processor then
    for device in cycles.devices:
        device.use = device.id in devices["used"]
