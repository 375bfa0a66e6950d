"""The network of the background remover: held to what its authors' file computes."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from builder.background import TARGET, convolutions
from flashvdm_core.models.u2net import SIDE, U2NetP, normalised

FIXTURE = Path(__file__).parent.parent / "data" / "u2netp.npz"


def shipped() -> U2NetP:
    network = U2NetP().eval()
    network.load_state_dict(load_file(TARGET / "u2netp.safetensors"))
    return network


def test_it_gives_the_maps_of_the_published_file() -> None:
    """Two pictures, [2, 64, 64, 3], enlarged fivefold, and every fifth value of what ONNX Runtime makes of u2netp.onnx."""
    with np.load(FIXTURE) as kept:
        pictures, expected = torch.from_numpy(kept["pictures"]), kept["maps"]
    enlarged = pictures.repeat_interleave(5, 1).repeat_interleave(5, 2).permute(0, 3, 1, 2)
    assert enlarged.shape[2:] == (SIDE, SIDE)
    with torch.inference_mode():
        maps = torch.cat([shipped()(normalised(picture[None])) for picture in enlarged])[:, 0, 2::5, 2::5].numpy()
    assert expected.max() > 0.95
    assert np.abs(maps - expected).max() < 2e-3
    assert np.abs(maps - expected).mean() < 1e-5


def test_a_picture_of_any_size_has_a_map_of_its_size() -> None:
    with torch.inference_mode():
        for size in ((32, 32), (33, 70), (97, 64)):
            found = shipped()(normalised(torch.randint(0, 256, (1, 3, *size), dtype=torch.uint8)))
            assert found.shape == (1, 1, *size)
            assert torch.isfinite(found).all()
            assert 0 <= found.min() <= found.max() <= 1


def test_a_black_picture_is_read() -> None:
    assert torch.isfinite(normalised(torch.zeros(1, 3, 4, 4, dtype=torch.uint8))).all()


def test_the_licence_and_the_authors_lie_beside_the_weights() -> None:
    assert "Apache License" in (TARGET / "LICENSE").read_text(encoding="ascii")
    notice = (TARGET / "NOTICE").read_text(encoding="ascii")
    assert all(name in notice for name in ("Xuebin Qin", "xuebinqin/U-2-Net", "arXiv:2005.09007", "Changed here"))
    assert (TARGET / "u2netp.safetensors").stat().st_size < 4_600_000


def _field(number: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def test_the_weights_of_an_onnx_file_come_in_the_order_of_its_graph() -> None:
    def tensor(name: str, *values: float) -> bytes:
        kind, shape = bytes([2 << 3, 1]), bytes([1 << 3, len(values)])
        return _field(5, shape + kind + _field(8, name.encode()) + _field(9, struct.pack(f"<{len(values)}f", *values)))

    def node(operator: str, *inputs: str) -> bytes:
        return _field(1, b"".join(_field(1, name.encode()) for name in inputs) + _field(4, operator.encode()))

    graph = tensor("late", 3.0) + tensor("early", 1.0, 2.0) + tensor("other", 9.0)
    graph += node("Conv", "x", "early") + node("Relu", "other") + node("Conv", "x", "late")
    version = bytes([1 << 3, 7])
    assert convolutions(version + _field(7, graph)) == [
        ("early", (2,), struct.pack("<2f", 1.0, 2.0)),
        ("late", (1,), struct.pack("<f", 3.0)),
    ]
