"""`build.py gui`: the tours of `tests/gui/` through the add-on in Blender's real window.

The program that brings Blender and a screen is not part of the project. It is called as `RUNNER ZIP SCRIPT FOLDER`:
it installs ZIP in a fresh Blender, runs SCRIPT in the window, and leaves pictures and logs in FOLDER. It shows the
folders named in BLENDER_BIND ("from:to ...") to Blender, read-only, and gives it the environment in BLENDER_ENV. What the
caller has in BLENDER_BIND is shown, too: translations for a Blender that came without them, for example.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .environments import MAIN, ROOT, BuildError, say
from .extension import build_zips
from .uv import own_platform

_TOUR = ROOT / "tests" / "gui"
_INSIDE = Path("/flashvdm-tour")
_LIMIT = 3600.0  # without a GPU, on a machine that has other things to do
_HANDED_ON = ("UV_", "SSL_CERT_FILE", "HTTPS_PROXY")


def gui(runner: Path, image: Path, model: Path | None) -> int:
    """Run the tour with `image` and the embedded model, or the one in the folder `model`; the exit status.

    Raises BuildError where something is missing.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        order = {"model": "embedded"}
        if model is not None:
            shutil.copytree(model, folder / "model")
            order["model"] = str(_INSIDE / "model")
        return _run_with_worker(runner, "tour.py", image, order, folder)


def hour(runner: Path) -> int:
    """Run an artist's first hour with the photograph of a cup that comes with scikit-image (CC0), in English and in German.

    Raises BuildError where something is missing.
    """
    command = [MAIN.ensure(), "-c", "import skimage.data; print(skimage.data.__path__[0])"]
    folder = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    with tempfile.TemporaryDirectory() as scratch:
        return _run_with_worker(runner, "hour.py", folder / "coffee.png", {}, Path(scratch))


def install(runner: Path, image: Path, bundle: Path) -> int:
    """Run the way from the zip to a mesh: Set Up from the package index and from the folder `bundle`, then public models.

    The models come from a hub on this machine, in their published layouts at toy sizes. What Set Up is told by the environment
    (`UV_PYTHON_DOWNLOADS_JSON_URL` and its like) is handed on.

    Raises BuildError where something is missing.
    """
    if not (bundle / "bundle.json").is_file():
        raise BuildError(f"{bundle} is no folder that `build.py package --bundle-runtime` has made.")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        models = folder / "models"
        command = [MAIN.ensure(), "-m", "tests.gui.published", models]
        hub = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert hub.stdin is not None
        assert hub.stdout is not None
        try:
            order = {"hub": hub.stdout.readline().strip(), "bundle": str(_INSIDE / "bundle")}
            if not order["hub"]:
                raise BuildError("The hub of small models did not start.")
            (folder / "bundle").mkdir()
            handed_on = {name: value for name, value in os.environ.items() if name.startswith(_HANDED_ON)}
            certificates = Path(handed_on.get("SSL_CERT_FILE", ""))
            shown = {bundle.resolve(): _INSIDE / "bundle"}
            if certificates.is_file():
                shown[certificates.parent.resolve()] = certificates.parent
            archives = build_zips(ROOT / "build" / "zip", [own_platform()])
            own = next(path for path in archives if own_platform().replace("-", "_") in path.name)  # the one with uv in it
            return _run(runner, own, "install.py", image, order, folder, shown, handed_on, "--online-mode")
        finally:
            hub.stdin.close()
            hub.wait(10)


def _run_with_worker(runner: Path, tour: str, image: Path, order: dict[str, str], folder: Path) -> int:
    """Run a tour whose worker runs in this checkout's environment; the exit status."""
    MAIN.ensure()
    base = _base_python()
    shown = {base: base, _environment(): _environment()}
    archive = build_zips(ROOT / "build" / "zip")[0]
    order = {**order, "python": str(_environment() / "bin" / "python")}
    return _run(runner, archive, tour, image, order, folder, shown, {})


def _run(
    runner: Path,
    archive: Path,
    tour: str,
    image: Path,
    order: dict[str, str],
    folder: Path,
    shown: Mapping[Path, Path],
    variables: Mapping[str, str],
    arguments: str = "",
) -> int:
    """Run a tour with the files of `folder`, to which `order` and what the tours are made of are added; the exit status."""
    runner, image = runner.resolve(), image.resolve()
    for path, what in ((runner, "runner"), (image, "image")):
        if not path.is_file():
            raise BuildError(f"The {what} {path} does not exist.")
    output = ROOT / "build" / "gui"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    for script in _TOUR.glob("*.py"):
        shutil.copyfile(script, folder / script.name)
    shutil.copyfile(image, folder / image.name)
    order = {**order, "image": str(_INSIDE / image.name)}
    (folder / "order.json").write_text(json.dumps(order), encoding="utf-8")
    say("Blender with its window")
    # The folder comes first: others may lie in it.
    shown = {folder: _INSIDE, **shown}
    told = {
        "BLENDER_BIND": " ".join([*(f"{there}:{inside}" for there, inside in shown.items()), os.environ.get("BLENDER_BIND", "")]),
        "BLENDER_ENV": " ".join(f"{name}={value}" for name, value in {"FLASHVDM_TOUR": _INSIDE, **variables}.items()),
        "BLENDER_TIMEOUT": f"{_LIMIT:.0f}",
        "BLENDER_ARGS": arguments,
    }
    status = subprocess.run([runner, archive, _TOUR / tour, output], env=os.environ | told, check=False).returncode
    for path in sorted(output.iterdir()):
        print(f"   {path}")
    if status == 0:
        print((output / "report.json").read_text(encoding="utf-8"))
    return status


def _environment() -> Path:
    """The environment in which the worker runs, without links: it is shown to Blender at the same place."""
    return MAIN.folder.resolve()


def _base_python() -> Path:
    """The folder of the Python that the environment stands on."""
    base = MAIN.python.resolve().parents[1]
    if base in (Path("/usr"), Path("/")):
        raise BuildError(
            f"The tour needs an environment whose Python has a folder of its own, not {base}: make .venv with pyenv's."
        )
    return base
