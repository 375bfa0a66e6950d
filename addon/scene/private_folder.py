"""Folders through which another Blender gets its work, and how that Blender is started."""

import shutil
import sys
import tempfile
from pathlib import Path

import bpy

from ..link.background_blender import BlenderProgram

_ROOT = Path(__file__).parents[2]


class PrivateFolder:
    """A folder of one task in Blender's temporary one, which nobody else may look into; made when it is asked for."""

    def __init__(self) -> None:
        self._path: Path | None = None

    @property
    def path(self) -> Path:
        """The folder."""
        if self._path is None:
            self._path = Path(tempfile.mkdtemp(prefix="flashvdm-", dir=bpy.app.tempdir or None))
        return self._path

    def remove(self) -> None:
        """The task is over. Safe to call twice."""
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)
        self._path = None


def program() -> BlenderProgram:
    """This Blender, to be started once more; where it is a module, the Python that has it."""
    is_module = not bpy.app.binary_path
    return BlenderProgram(sys.executable if is_module else bpy.app.binary_path, is_module, _ROOT)
