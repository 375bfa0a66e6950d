"""Which Python runs the worker. No bpy, so that it can be tested alone.

In this order: the preferences, the environment variable FLASHVDM_PYTHON, what Set Up has made, and Blender's own interpreter if
it has torch.
"""

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from ...flashvdm_core.api.errors import WorkerError
from ...flashvdm_core.files import pasted_path

ENVIRONMENT_VARIABLE = "FLASHVDM_PYTHON"


@dataclass(frozen=True)
class Runtime:
    """An interpreter for the worker, and in words where it comes from."""

    python: str
    origin: str


def find_runtime(preferred: str, set_up: str = "") -> Runtime:
    """The interpreter to use.

    Args:
        preferred: what the preferences say, "" for nothing.
        set_up: the one that Set Up has made, "" where it has not.

    Raises:
        WorkerError: there is none, or the one that was asked for does not exist or is named by a relative path.
    """
    if preferred:
        return Runtime(_existing(preferred, "the add-on's preferences"), "chosen in the preferences")
    if from_environment := os.environ.get(ENVIRONMENT_VARIABLE, ""):
        return Runtime(_existing(from_environment, ENVIRONMENT_VARIABLE), f"from {ENVIRONMENT_VARIABLE}")
    if set_up:
        return Runtime(set_up, "made by Set Up")
    if importlib.util.find_spec("torch") is not None:
        return Runtime(sys.executable, "Blender's own Python")
    raise WorkerError("No Python with PyTorch was found; press Set Up, or choose one in the add-on's preferences.")


def _existing(python: str, source: str) -> str:
    path = Path(meant := pasted_path(python))
    # "//" is Blender's mark of a path relative to the open file; such a path would run whatever lies beside that file.
    if meant.startswith("//") or not path.is_absolute():
        raise WorkerError(f"The Python '{python}' is a relative path; name it by its whole path in {source}.")
    if os.path.isdir(path):  # and not of Path, which raises for names that no file can have
        path = _interpreter_in(path) or path
    if not os.path.isfile(path):
        raise WorkerError(f"The Python '{python}' does not exist; correct it in {source}.")
    return str(path)


def _interpreter_in(folder: Path) -> Path | None:
    """That of a virtual environment or of an installation, by its folder or the one of its programs."""
    names = ("bin/python", "Scripts/python.exe", "python.exe", "bin/python3", "python", "python3")
    return next((folder / name for name in names if (folder / name).is_file()), None)
