"""The interpreter that the core runs on, as the preferences ask for it."""

import sys
from collections.abc import Mapping
from pathlib import Path

import bpy

from ...flashvdm_core.setup.home import FOLDER, Home
from ..link.child_process import Launch
from ..link.runtime import Runtime, find_runtime
from ..settings.preferences import ROOT_PACKAGE, preferences

_PACKAGE_ROOT = Path(__file__).parents[2]


def runtime() -> Runtime:
    """The interpreter that the next process runs on. Raises WorkerError if there is none."""
    installed = home().installed()
    return find_runtime(preferences().python, installed.python if installed is not None else "")


def home() -> Home:
    """What Set Up keeps, in the extension's folder of the user."""
    return Home(Path(bpy.utils.extension_path_user(ROOT_PACKAGE), FOLDER))


def launch() -> Launch:
    """How the core is started. Raises WorkerError if there is no interpreter."""
    return Launch(runtime().python, _PACKAGE_ROOT, round(preferences().idle_minutes * 60))


def own_launch(variables: Mapping[str, str]) -> Launch:
    """How the parts of the core are started that need the standard library alone: on Blender's own Python.

    Args:
        variables: further environment variables of the process.
    """
    return Launch(sys.executable, _PACKAGE_ROOT, variables=variables)
