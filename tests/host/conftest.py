"""The add-on, imported on the host mock."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Protocol

import pytest

from .bpy_mock import Host, installed

ROOT = Path(__file__).parents[2]
PACKAGE = "flashvdm_on_mock"


class Import(Protocol):
    """Import a module of the extension by its name inside it, for example "addon.job"."""

    def __call__(self, name: str) -> ModuleType: ...


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A Blender of its own for each test."""
    blender = Host(PACKAGE, tmp_path / "user")
    yield from ((blender) for _ in installed(blender, ROOT))


@pytest.fixture
def extension(host: Host) -> Import:
    """Import modules of the extension."""
    return lambda name: importlib.import_module(f"{PACKAGE}.{name}")
