"""The interpreter and what is installed in it. Standard library only."""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec

from .. import __version__
from .findings import Finding, error, ok, warning

REQUIRED = ("numpy", "safetensors", "pillow", "pyyaml", "fast-simplification", "tqdm", "filelock")
_MODULES = {"pillow": "PIL", "pyyaml": "yaml", "fast-simplification": "fast_simplification"}
_OPTIONAL = {
    "rembg": "cuts objects out of any background",
    "triton": "makes CUDA graphics cards faster",
    "ray": "spreads batches over a cluster",
}


def examine_interpreter() -> Iterator[Finding]:
    """Python, the system, and this package."""
    yield ok("FlashVDM", f"{__version__}")
    yield ok("System", f"{platform.system()} {platform.release()}, {platform.machine()}")
    text = f"{platform.python_version()}, {sys.executable}"
    if sys.maxsize < 2**32:
        yield error("Python", f"{text}, 32 bits", "Choose a Python of 64 bits: PyTorch exists for no other.")
    else:
        yield ok("Python", text)


def examine_required() -> Iterator[Finding]:
    """The packages without which nothing is generated, imported to see that they work."""
    problems = {package: _import_problem(_MODULES.get(package, package)) for package in REQUIRED}
    missing = [f"{package} {problem}" for package, problem in problems.items() if problem]
    found = [f"{package} {_version(package)}" for package, problem in problems.items() if not problem]
    if missing:
        yield error("Packages", ", ".join(missing), install(*(package for package, problem in problems.items() if problem)))
    if found:
        yield ok("Packages", ", ".join(found))


def examine_optional() -> Iterator[Finding]:
    """The packages that add something."""
    for package, use in _OPTIONAL.items():
        if find_spec(package) is None:
            yield ok("Optional", f"{package} is not installed ({use})")
        else:
            yield ok("Optional", f"{package} {_version(package)} ({use})")


def examine_triton(cuda: bool) -> Iterator[Finding]:
    """Triton where a CUDA graphics card computes: without it the kernels' references run."""
    if cuda and find_spec("triton") is None:
        remedy = "Install triton (Windows: triton-windows) in this Python for faster decoding."
        yield warning("Optional", "there is a CUDA graphics card and no triton", remedy)


def install(*packages: str) -> str:
    """The remedy for packages that are missing."""
    return f"Run: {sys.executable} -m pip install --upgrade {' '.join(packages)}"


def _import_problem(module: str) -> str:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as problem:
        return "is not installed" if problem.name == module else f"does not work ({problem})"
    except Exception as problem:
        return f"does not work ({type(problem).__name__}: {problem})"
    return ""


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "of unknown version"
