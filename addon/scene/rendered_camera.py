"""The picture of the scene's camera, rendered by another Blender while the user goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import bpy

from ...flashvdm_core.api.errors import ImageError
from ..blender.texts import interface
from ..blender.window import redraw_panels
from ..link.background_blender import ORDER, BlenderOrder, BlenderTask
from ..link.job import Job
from ..link.task_queue import ResultSink
from ..settings.properties import scene_settings
from .camera_picture import new_path, why_no_camera
from .pending import by_uid
from .private_folder import PrivateFolder

_FILE = "scene.blend"
_ENGINES = ("CYCLES", "BLENDER_EEVEE", "BLENDER_EEVEE_NEXT", "BLENDER_WORKBENCH")
"""Blender's own; another one is an add-on, which a Blender with factory settings does not have."""


class CameraPicture(ResultSink):
    """Where the picture goes: it becomes the image of the scene."""

    def __init__(self, scene: bpy.types.Scene, view: str) -> None:
        """`view` is the side that it shows; "" for the front."""
        self._scene, self._view = scene.session_uid, view
        self._folder = PrivateFolder()
        self._path = new_path("camera")

    @property
    def task(self) -> BlenderTask:
        """What the other Blender is asked for."""
        return BlenderTask(self._prepare)

    def finish(self, job: Job) -> Iterator[None]:
        """Use the picture in the scene, if that is still there."""
        yield
        scene = by_uid(bpy.data.scenes, self._scene)
        if scene is not None:
            setattr(scene_settings(scene), f"image_{self._view}" if self._view else "image", str(self._path))
            job.outcome = interface("the image is in the panel")
        self._folder.remove()
        redraw_panels()

    def discard(self) -> None:
        """Leave the scene's image as it is."""
        self._folder.remove()

    def _prepare(self) -> BlenderOrder:
        scene = by_uid(bpy.data.scenes, self._scene)
        if scene is None:
            raise ImageError("The scene was deleted meanwhile.")
        if reason := why_no_camera(scene):
            raise ImageError(reason)
        folder = self._folder.path
        order: dict[str, Any] = {
            "kind": "render",
            "scene": scene.name,
            "picture": str(self._path),
            "devices": _cycles_devices() if scene.render.engine == "CYCLES" else None,
        }
        (folder / ORDER).write_text(json.dumps(order), encoding="utf-8")
        try:
            bpy.ops.wm.save_as_mainfile(filepath=str(folder / _FILE), copy=True, check_existing=False, compress=False)
        except RuntimeError as error:
            raise ImageError("The folder for temporary files cannot be written; free some space there.") from error
        return BlenderOrder(folder, str(folder / _FILE), scene.render.engine not in _ENGINES)


def _cycles_devices() -> dict[str, Any] | None:
    """Where the user lets Cycles compute."""
    preferences = bpy.context.preferences
    addon = preferences.addons.get("cycles") if preferences is not None else None
    if addon is None:
        return None
    cycles: Any = addon.preferences
    return {"kind": cycles.compute_device_type, "used": [device.id for device in cycles.devices if device.use]}
