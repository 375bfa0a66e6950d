"""`build.py gui`: the tour of `tests/gui/` through the add-on in Blender's real window.

The program that brings Blender and a screen is not part of the project. It is called as `RUNNER ZIP SCRIPT FOLDER`:
it installs ZIP in a fresh Blender, runs SCRIPT in the window, and leaves pictures and logs in FOLDER. It shows the
folders named in BLENDER_BIND ("from:to ...") to Blender, read-only, and gives it the environment in BLENDER_ENV.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .environments import MAIN, ROOT, BuildError, say
from .extension import build_zips

_TOUR = ROOT / "tests" / "gui"
_INSIDE = Path("/flashvdm-tour")
_LIMIT = 3600.0  # without a GPU, on a machine that has other things to do


def gui(runner: Path, image: Path, model: Path | None) -> int:
    """Run the tour with `image` and the embedded model, or the one in the folder `model`; the exit status.

    Raises BuildError where something is missing.
    """
    runner, image = runner.resolve(), image.resolve()
    for path, what in ((runner, "runner"), (image, "image")):
        if not path.is_file():
            raise BuildError(f"The {what} {path} does not exist.")
    MAIN.ensure()
    archive = build_zips(ROOT / "build" / "zip", split=False)[0]
    output = ROOT / "build" / "gui"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for script in _TOUR.glob("*.py"):
            shutil.copyfile(script, folder / script.name)
        shutil.copyfile(image, folder / image.name)
        order = {"image": str(_INSIDE / image.name), "model": "embedded", "python": str(_environment() / "bin" / "python")}
        if model is not None:
            shutil.copytree(model, folder / "model")
            order["model"] = str(_INSIDE / "model")
        (folder / "order.json").write_text(json.dumps(order), encoding="utf-8")
        say("Blender with its window")
        command = [runner, archive, _TOUR / "tour.py", output]
        status = subprocess.run(command, env=os.environ | _variables(folder), check=False).returncode
    for path in sorted(output.iterdir()):
        print(f"   {path}")
    if status == 0:
        print((output / "report.json").read_text(encoding="utf-8"))
    return status


def _environment() -> Path:
    """The environment in which the worker runs, without links: it is shown to Blender at the same place."""
    return MAIN.folder.resolve()


def _variables(folder: Path) -> dict[str, str]:
    """What the runner reads: the folders that Blender sees, its environment, and the time it may take."""
    base = MAIN.python.resolve().parents[1]
    if base in (Path("/usr"), Path("/")):
        raise BuildError(
            f"The tour needs an environment whose Python has a folder of its own, not {base}: make .venv with pyenv's."
        )
    shown = (f"{base}:{base}", f"{_environment()}:{_environment()}", f"{folder}:{_INSIDE}")
    return {
        "BLENDER_BIND": " ".join(shown),
        "BLENDER_ENV": f"FLASHVDM_TOUR={_INSIDE}",
        "BLENDER_TIMEOUT": f"{_LIMIT:.0f}",
    }
