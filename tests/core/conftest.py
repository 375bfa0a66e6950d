"""Set-up of the core's tests, before any of them is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

if not torch.cuda.is_available():
    # Triton reads this when it is first imported, which any test's library may do: kernels then run on the CPU.
    os.environ["TRITON_INTERPRET"] = "1"


@pytest.fixture
def import_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules can be imported in this test alone: tests run in any order, so none may find what another left."""
    folder = tmp_path / "modules"
    folder.mkdir()
    with monkeypatch.context() as patch:
        patch.syspath_prepend(folder)
        before = set(sys.modules)
        yield folder
        for name in set(sys.modules) - before:
            if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(folder):
                del sys.modules[name]
