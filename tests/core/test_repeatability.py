"""The promise to users: the same task, on the same machine, with the same plan for the device, gives the same mesh bit for bit.

Anything else, another processor, another build of PyTorch, other weights' places, gives the same mesh to rounding.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from flashvdm_core.api.events import Result
from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.api.tasks import Request
from flashvdm_core.checkpoints.load import load_checkpoint, load_parts
from flashvdm_core.pipeline import loaded_model
from flashvdm_core.pipeline.pipeline import Pipeline

from .nearness import near
from .tiny_model import write_disc_image, write_tiny_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_tiny_model(tmp_path / "tiny")
    write_disc_image(tmp_path / "disc.png")
    return tmp_path


def mesh_of(pipeline: Pipeline, folder: Path, model: str = "tiny") -> TriangleMesh:
    settings = {"model": str(folder / model), "resolution": 24, "device": "cpu", "seed": 3, "colours": False}
    *_, last = pipeline.generate(Request({"front": str(folder / "disc.png")}, settings))
    assert isinstance(last, Result), last
    return last.mesh


def identical(a: TriangleMesh, b: TriangleMesh) -> bool:
    return np.array_equal(a.vertices, b.vertices) and np.array_equal(a.faces, b.faces)


def test_one_task_done_twice_gives_the_same_bits(folder: Path) -> None:
    pipeline = Pipeline()
    first = mesh_of(pipeline, folder)
    assert identical(first, mesh_of(pipeline, folder))
    assert identical(first, mesh_of(Pipeline(), folder)), "a model that is loaded anew"


@pytest.mark.parametrize("padding", [8, 24, 40])
def test_where_the_weights_lie_in_their_file_does_not_matter(folder: Path, padding: int) -> None:
    """A longer header moves all weights of the file."""
    write_tiny_model(folder / "other")
    path = folder / "other" / "model.safetensors"
    save_file(load_file(folder / "tiny" / "model.safetensors"), path, metadata={"comment": "x" * padding})
    model = load_checkpoint(folder / "other", "cpu", torch.float32)
    weights = [weight for part in vars(model).values() if isinstance(part, torch.nn.Module) for weight in part.parameters()]
    assert weights
    assert all(weight.data_ptr() % 64 == 0 for weight in weights)
    assert identical(mesh_of(Pipeline(), folder), mesh_of(Pipeline(), folder, "other"))


def test_weights_at_odd_addresses_give_the_same_mesh_to_rounding(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forces the other way through the math library, which a machine may or may not take by itself."""

    def load(*arguments: Any, **options: Any) -> Any:
        loaded = load_parts(*arguments, **options)
        networks = [part for part in vars(loaded.model).values() if isinstance(part, torch.nn.Module)]
        assert networks
        for network in networks:
            for weight in network.parameters():
                weight.data = misaligned(weight.data)
        return loaded

    expected = mesh_of(Pipeline(), folder)
    monkeypatch.setattr(loaded_model, "load_parts", load)
    assert near(mesh_of(Pipeline(), folder), expected)


def misaligned(tensor: Tensor) -> Tensor:
    """A copy that begins 4 bytes after an address that is a multiple of 64."""
    copy = torch.empty(tensor.numel() + 1)[1:].view(tensor.shape).copy_(tensor)
    assert copy.data_ptr() % 64 == 4
    return copy
