"""Which Python runs the worker. No bpy, so that it can be tested alone.

In this order: the preferences, the environment variable FLASHVDM_PYTHON, the runtime that the add-on
installed itself, and Blender's own interpreter if it has torch.
"""

import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from ...flashvdm_core.api.errors import WorkerError

ENVIRONMENT_VARIABLE = "FLASHVDM_PYTHON"
READY_MARK = "flashvdm-runtime-ready"
"""A file that is written into a managed runtime once everything is installed: without it, it is half-made."""


@dataclass(frozen=True)
class Runtime:
    """An interpreter for the worker, and in words where it comes from."""

    python: str
    origin: str


def find_runtime(preferred: str, managed: Path) -> Runtime:
    """The interpreter to use.

    Args:
        preferred: what the preferences say, "" for nothing.
        managed: the folder of the runtime that the add-on installs, existing or not.

    Raises:
        WorkerError: there is none, or the one that was asked for does not exist or is named by a relative path.
    """
    if preferred:
        return Runtime(_existing(preferred, "the add-on's preferences"), "chosen in the preferences")
    if from_environment := os.environ.get(ENVIRONMENT_VARIABLE, ""):
        return Runtime(_existing(from_environment, ENVIRONMENT_VARIABLE), f"from {ENVIRONMENT_VARIABLE}")
    if is_complete(managed):
        return Runtime(str(venv_python(managed)), "installed by the add-on")
    if importlib.util.find_spec("torch") is not None:
        return Runtime(sys.executable, "Blender's own Python")
    if managed.exists():
        raise WorkerError("The installation of PyTorch was not finished; go on with it in the add-on's preferences.")
    raise WorkerError("No Python with PyTorch was found; install it, or choose one, in the add-on's preferences.")


def venv_python(folder: Path) -> Path:
    """The interpreter of the virtual environment in `folder`."""
    return folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python"


def is_complete(folder: Path) -> bool:
    """The runtime in `folder` was installed to its end."""
    return (folder / READY_MARK).is_file() and venv_python(folder).exists()


def _existing(python: str, source: str) -> str:
    path = Path(python).expanduser()
    # "//" is Blender's mark of a path relative to the open file; such a path would run whatever lies beside that file.
    if python.startswith("//") or not path.is_absolute():
        raise WorkerError(f"The Python '{python}' is a relative path; name it by its whole path in {source}.")
    if not path.is_file():
        raise WorkerError(f"The Python '{python}' does not exist; correct it in {source}.")
    return str(path)
