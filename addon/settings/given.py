"""What a call gives, and what counts where it gives nothing: the preferences and the scene."""

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy

from ...flashvdm_core.api.settings import SETTINGS
from ...flashvdm_core.files import pasted_path
from .preferences import preferences
from .properties import MACHINE, VIEW_LABELS, FlashVDMSceneSettings, scene_settings


def given_to(operator: bpy.types.Operator) -> dict[str, Any]:
    """The properties that this call of an operator has set, by their names."""
    names = inspect.get_annotations(type(operator))
    return {name: getattr(operator, name) for name in names if operator.properties.is_property_set(name)}


def value_of(name: str, given: Mapping[str, Any], scene: bpy.types.Scene, scene_name: str = "") -> Any:
    """What was given, else what the preferences or the scene say, which has it under `scene_name` if that is another."""
    if name in given:
        return given[name]
    return getattr(preferences() if name in MACHINE else scene_settings(scene), scene_name or name)


def absolute_path(chosen: str) -> str:
    """The file or folder that a field means in which it was typed, pasted or chosen: from "//" on beside the open file."""
    return bpy.path.abspath(pasted_path(chosen))


def kept_path(path: str) -> str:
    """A path as it is kept in a file, which others may get: with a tilde in place of the home folder, which names its owner."""
    home = os.path.expanduser("~").rstrip("/\\")
    rest = path[len(home) :]
    return f"~{rest}" if home and path.startswith(home) and rest[:1] in ("/", "\\") else path


def keep_paths(settings: FlashVDMSceneSettings) -> None:
    """Put the paths of a scene's settings as they are kept in a file."""
    for name in ("model", "image", *(f"image_{view}" for view in VIEW_LABELS)):
        path = getattr(settings, name)
        if kept_path(path) != path:
            setattr(settings, name, kept_path(path))


def absolute_model(chosen: str) -> str:
    """The setting "model" as a process in another folder understands it: "embedded" for an emptied field, else a whole path."""
    embedded = str(SETTINGS["model"].default)
    return embedded if chosen.strip() in ("", embedded) else str(Path(absolute_path(chosen)).absolute())
