"""The interpreter that the core runs on, as the preferences ask for it."""

from pathlib import Path

import bpy

from ..link.child_process import Launch
from ..link.runtime import Runtime, find_runtime
from ..settings.preferences import ROOT_PACKAGE, preferences

_PACKAGE_ROOT = Path(__file__).parents[2]


def runtime() -> Runtime:
    """The interpreter that the next process runs on. Raises WorkerError if there is none."""
    return find_runtime(preferences().python, managed_runtime())


def managed_runtime() -> Path:
    """The folder of the runtime that the add-on installs; it may not exist."""
    return Path(bpy.utils.extension_path_user(ROOT_PACKAGE, path="runtime"))


def launch() -> Launch:
    """How the core is started. Raises WorkerError if there is no interpreter."""
    return Launch(runtime().python, _PACKAGE_ROOT, round(preferences().idle_minutes * 60))
