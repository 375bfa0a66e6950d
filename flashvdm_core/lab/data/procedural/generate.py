"""Write procedural shapes as a packed mesh file: `python -m flashvdm_core.lab.data.procedural --count 4000 --out props.npz`.

The layout is that of `meshes.PackedMeshes`; all shapes belong to the training split. Shape number `index` depends on the
seed and the index alone.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...options import number
from .deform import varied
from .families import FAMILIES, WEIGHTS
from .mesh import Part, bounds_of, joined

TRIANGLES = (12, 6000)
ATTEMPTS = 20
SCALE = 32767
TOUCHING = 0.004


@dataclass(frozen=True, eq=False)
class Model:
    """A generated shape, its coordinates rounded as they are stored.

    Attributes:
        name: family and number.
        family: key of `FAMILIES`.
        vertices: int16 [V, 3], coordinate times 32767.
        faces: uint16 [F, 3].
        face_rgb: uint8 [F, 3].
    """

    name: str
    family: str
    vertices: np.ndarray
    faces: np.ndarray
    face_rgb: np.ndarray


def generate(seed: int, index: int, family: str | None = None) -> Model:
    """Shape number `index` of the series `seed`, of a family drawn at random unless it is given."""
    rng = np.random.default_rng([seed, index])
    shares = np.array([WEIGHTS.get(name, 1.0) for name in FAMILIES])
    drawn = family or str(rng.choice(list(FAMILIES), p=shares / shares.sum()))
    found = None
    for _ in range(ATTEMPTS):
        parts = varied(rng, FAMILIES[drawn](rng))
        found = fault(parts)
        if found is None:
            return _packed(f"{drawn} {index}", drawn, parts)
    raise RuntimeError(f"No usable shape of the family {drawn} in {ATTEMPTS} attempts: {found}.")


def fault(parts: list[Part]) -> str | None:
    """Why a shape is not fit for training, or None."""
    count = sum(len(part.faces) for part in parts)
    if not TRIANGLES[0] <= count <= TRIANGLES[1]:
        return f"{count} triangles"
    if not all(np.isfinite(part.vertices).all() for part in parts):
        return "coordinates that are not finite"
    extent = np.sort(np.ptp(bounds_of(parts), axis=0))
    if extent[0] < 0.03 * extent[2] or extent[1] < 0.06 * extent[2]:
        return "too thin"
    return None if is_connected(parts) else "parts that do not touch"


def is_connected(parts: list[Part], tolerance: float = TOUCHING) -> bool:
    """Whether the bounding boxes of the parts hang together; `tolerance` in units of the coordinates."""
    boxes = np.stack([part.bounds() for part in parts])
    low, high = boxes[:, 0] - tolerance, boxes[:, 1] + tolerance
    touching = ((low[:, None] <= high[None]) & (low[None] <= high[:, None])).all(2)
    reached = touching[0]
    for _ in parts:
        wider = touching[reached].any(0)
        if (wider == reached).all():
            break
        reached = wider
    return bool(reached.all())


def _packed(name: str, family: str, parts: list[Part]) -> Model:
    whole = joined(parts)
    vertices = np.round(whole.vertices.clip(-1, 1) * SCALE).astype(np.int16)
    return Model(name, family, vertices, whole.faces.astype(np.uint16), whole.rgb)


def write(path: Path, models: Iterable[Model]) -> int:
    """Write the packed file and the names beside it, each in one step; returns the number of models."""
    listed = list(models)
    arrays = {
        "vertices": np.concatenate([model.vertices for model in listed]),
        "vertex_offsets": np.cumsum([0, *(len(model.vertices) for model in listed)], dtype=np.int64),
        "faces": np.concatenate([model.faces for model in listed]),
        "face_offsets": np.cumsum([0, *(len(model.faces) for model in listed)], dtype=np.int64),
        "face_rgb": np.concatenate([model.face_rgb for model in listed]),
        "split": np.zeros(len(listed), np.uint8),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    names = {"models": [{"name": model.name, "family": model.family} for model in listed]}
    sidecar = path.with_suffix(".json.part")
    sidecar.write_text(json.dumps(names), encoding="utf-8")
    packed = path.with_suffix(".npz.part")
    with packed.open("wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(sidecar, path.with_suffix(".json"))
    os.replace(packed, path)
    return len(listed)


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m flashvdm_core.lab.data.procedural", description="Generate training shapes.")
    parser.add_argument("--count", type=number(int, 1, 10_000_000), default=4000, help="number of shapes (default: %(default)s)")
    parser.add_argument("--seed", type=number(int, 0, 2**31 - 1), default=0, help="of the series (default: %(default)s)")
    parser.add_argument(
        "--start", type=number(int, 0, 10_000_000), default=0, help="index of the first shape (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, required=True, help="packed mesh file to write (.npz)")
    parser.add_argument("--family", choices=sorted(FAMILIES), help="shapes of this family only")
    given = parser.parse_args(arguments)
    indices = range(given.start, given.start + given.count)
    count = write(given.out, (generate(given.seed, index, given.family) for index in indices))
    print(f"{count} shapes in {given.out}")
    return 0
