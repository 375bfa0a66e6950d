"""The Python environments of the checkout, each made from the pinned files in `requirements/`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
WINDOWS = os.name == "nt"


class BuildError(Exception):
    """The build cannot go on. `str(error)` is one sentence that says what to do."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment: its folder, the Python it needs, and what is installed into it.

    `installs` lists the names of requirement files, one tuple for each run of pip, in their order.
    """

    folder: Path
    version: tuple[int, int]
    installs: tuple[tuple[str, ...], ...]

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / ("Scripts/python.exe" if WINDOWS else "bin/python")

    @property
    def site_packages(self) -> Path:
        """The folder the packages are installed in."""
        library = "Lib" if WINDOWS else f"lib/python{self.version[0]}.{self.version[1]}"
        return self.folder / library / "site-packages"

    @property
    def _stamp(self) -> Path:
        return self.folder / ".installed"

    def ready(self) -> bool:
        """True where exactly the present requirement files were installed completely."""
        return self.python.exists() and _read(self._stamp) == self._fingerprint()

    def ensure(self) -> Path:
        """Make the environment where it is not ready, and return its interpreter.

        Raises BuildError where the right Python is not on this machine or an installation fails.
        """
        if self.ready():
            return self.python
        base = find_python(self.version)
        if base is None:
            raise BuildError(f"Python {_dotted(self.version)} was not found: install it, or put it on the PATH.")
        say(f"Setting up {self.folder.name} (the packages are large; this happens once)")
        if python_version(self.python) != self.version:
            run([base, "-m", "venv", "--clear", self.folder], f"{self.folder.name} could not be made with {base}")
        for names in self.installs:
            pip_install(self.python, names)
        write_whole(self._stamp, self._fingerprint())
        return self.python

    def _fingerprint(self) -> str:
        return fingerprint(name for names in self.installs for name in names)


# PyTorch goes in alone and first, so that nothing that depends on it can choose another version.
MAIN = Environment(ROOT / ".venv", (3, 11), (("torch.txt",), ("core.txt", "train.txt", "ray.txt", "dev.txt", "blender-4.5.txt")))
NEWEST = Environment(ROOT / ".venv-5.2", (3, 13), (("blender-5.2.txt",),))


def ensure_stubs(blender: str) -> Path:
    """The folder with the type stubs of Blender `blender` ("4.2"), installed where it is missing.

    They stay out of the environments, where they would stand before the real `bpy` for a type checker.
    """
    folder, name = ROOT / "build" / "stubs" / blender, f"stubs-{blender}.txt"
    stamp = folder / ".installed"
    if _read(stamp) != fingerprint([name]):
        shutil.rmtree(folder, ignore_errors=True)
        pip_install(MAIN.ensure(), [name], "--target", folder, "--no-deps")
        _mend_stubs(folder / "bpy-stubs" / "types" / "__init__.pyi")
        write_whole(stamp, fingerprint([name]))
    return folder


def _mend_stubs(types: Path) -> None:
    """Name the builtin where the stubs mean it.

    `bpy.types.Context` has a member called `property`, so a checker takes `@property` in that class for
    this member and every property of the context for a method.
    """
    text = types.read_text(encoding="utf-8")
    mended = text.replace("@property", "@builtins.property").replace("\nimport typing\n", "\nimport builtins\nimport typing\n", 1)
    write_whole(types, mended)


def find_python(version: tuple[int, int]) -> Path | None:
    """An interpreter of this version that can make virtual environments, or None.

    Looked for: the running one, the PATH, pyenv's versions, and the launcher of Windows.
    """
    name = f"python{_dotted(version)}"
    candidates = [Path(sys.executable)]
    candidates += [Path(folder) / name for folder in os.get_exec_path() if (Path(folder) / name).is_file()]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates += sorted(pyenv.glob(f"versions/{_dotted(version)}*/bin/{name}"), reverse=True)
    candidates += sorted(pyenv.glob(f"pyenv-win/versions/{_dotted(version)}*/python.exe"), reverse=True)
    if WINDOWS and (launcher := shutil.which("py")):
        shown = subprocess.run(
            [launcher, f"-{_dotted(version)}", "-c", "import sys; print(sys.executable)"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        candidates += [Path(shown.stdout.strip())] if shown.returncode == 0 else []
    return next((python for python in candidates if python_version(python) == version), None)


def python_version(python: Path) -> tuple[int, int] | None:
    """(major, minor) of an interpreter, or None where it does not run or cannot make environments.

    A file of the right name proves nothing: pyenv's shims exist for versions that are not active, and
    some systems ship a Python without `ensurepip`.
    """
    code = "import ensurepip, sys; print(*sys.version_info[:2])"
    try:
        shown = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if shown.returncode != 0:
        return None
    major, minor = shown.stdout.split()
    return int(major), int(minor)


def pip_install(python: Path, names: list[str] | tuple[str, ...], *options: str | Path) -> None:
    """Install requirement files, holding every package they pull in to the pinned version."""
    command: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not sys.dont_write_bytecode:
        # Python compiles a module when it is first imported, and most of PyTorch's never are: a minute less to wait.
        command.append("--no-compile")
    command += ["--constraint", REQUIREMENTS / "constraints.txt", *options]
    if "torch.txt" not in names:
        command += ["--constraint", REQUIREMENTS / "torch.txt"]
    for name in names:
        command += ["--requirement", REQUIREMENTS / name]
    say(f"Installing {', '.join(names)}")
    run(command, f"{', '.join(names)} could not be installed; check the network and run the command again")


def run(command: list[str | Path], failure: str) -> None:
    """Run a command whose output goes to the terminal; BuildError with `failure` where it fails."""
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code != 0:
        raise BuildError(f"{failure} (exit status {code}).")


def fingerprint(names: Iterable[str]) -> str:
    """A hash of requirement files and the constraints they are installed under."""
    digest = hashlib.sha256((REQUIREMENTS / "constraints.txt").read_bytes())
    for name in names:
        digest.update(name.encode() + b"\0" + (REQUIREMENTS / name).read_bytes())
    return digest.hexdigest()


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that it is there whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def say(text: str) -> None:
    """A line about what is going on, in order with the output of the commands."""
    print(f"== {text}", flush=True)


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
