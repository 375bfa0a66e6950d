"""The interpreter that the core runs on, as the preferences ask for it."""

import sys
from collections.abc import Mapping
from pathlib import Path

from ..link.child_process import Launch
from ..link.runtime import Runtime, find_runtime
from ..settings.preferences import preferences

_PACKAGE_ROOT = Path(__file__).parents[2]


def runtime() -> Runtime:
    """The interpreter that the next process runs on. Raises WorkerError if there is none."""
    return find_runtime(preferences().python)


def launch() -> Launch:
    """How the core is started. Raises WorkerError if there is no interpreter."""
    return Launch(runtime().python, _PACKAGE_ROOT, round(preferences().idle_minutes * 60))


def own_launch(variables: Mapping[str, str]) -> Launch:
    """How the parts of the core are started that need the standard library alone: on Blender's own Python.

    Args:
        variables: further environment variables of the process.
    """
    return Launch(sys.executable, _PACKAGE_ROOT, variables=variables)
