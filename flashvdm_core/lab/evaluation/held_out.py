"""Held-out props: which are measured, their true solids, and what an encoder or an image model is shown of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...api.errors import SettingsError
from ...api.units import SHAPE_HALF_SIDE
from ...encoding import encoder_input
from ...encoding.samples import Surface
from ...models.shape_vae import ShapeVAE
from ..data.meshes import SPLITS, ColouredMesh, PackedMeshes
from ..data.queries import QUERY_BOUND
from ..data.sdf import sample_surface
from .metrics import METRIC_POINTS, iou, near_surface_points, volume_points
from .occupancy import solid_occupancy

SURFACE_SAMPLES = 16_384


@dataclass(frozen=True)
class Selected:
    """Which props of a packed file are measured.

    Attributes:
        props: the open file.
        split: "train", "val", "test", or "all".
        indices: positions in the file, ascending.
        left_out: label -> why a prop that was drawn cannot be measured.
        scale: factor from the file's coordinates (longest side 2) to the core frame.
        seed: of everything that is drawn for a prop, together with its position.
    """

    props: PackedMeshes
    split: str
    indices: tuple[int, ...]
    left_out: dict[str, str]
    scale: float
    seed: int

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[HeldOutMesh]:
        """The props, each with its surface sampled when it is reached."""
        return (HeldOutMesh.of(self.props[index], index, self.scale, self.seed) for index in self.indices)

    def rng(self, index: int) -> np.random.Generator:
        """A random stream of one prop, apart from those of its surface and its points."""
        return np.random.default_rng([self.seed, index, 2])


def select(path: Path, split: str, count: int, seed: int, scale: float = SHAPE_HALF_SIDE) -> Selected:
    """Draw props from a packed file; a larger `count` keeps those of a smaller one.

    Args:
        path: packed mesh file (`PackedMeshes`).
        split: one of `SPLITS`, "all", or "" for the first of val, test and all that the file has.
        count: props to measure; 0 for all of the split.

    Raises:
        TrainingError: the file is not usable.
        SettingsError: the split has no usable prop, or a number is out of its range.
    """
    if count < 0 or not 0 < scale <= 1:
        raise SettingsError("The count must be 0 or more, and the scale above 0 and at most 1.")
    props = PackedMeshes(path)
    present = [props.split(index) for index in range(len(props))]
    split = split or next((name for name in ("val", "test") if name in present), "all")
    candidates = [index for index, own in enumerate(present) if split in (own, "all")]
    if not candidates:
        known = ", ".join(name for name in SPLITS if name in present)
        raise SettingsError(f"{path} has no props of the split '{split}'; it has {known or 'no props at all'}.")
    left_out, chosen = {}, []
    for index in np.random.default_rng(seed).permutation(candidates).tolist():
        fault = props[index].fault()
        if fault is not None:
            left_out[f"{index} {props.names[index]}"] = fault
        elif not count or len(chosen) < count:
            chosen.append(index)
    if not chosen:
        raise SettingsError(f"No prop of the split '{split}' of {path} can be measured: {next(iter(left_out.values()))}.")
    return Selected(props, split, tuple(sorted(chosen)), left_out, scale, seed)


@dataclass(frozen=True, eq=False)
class HeldOutMesh:
    """One prop in the core frame.

    Attributes:
        index: its position in the file.
        vertices: float32 [V, 3]; faces: int64 [F, 3]; face_rgb: uint8 [F, 3], sRGB.
        surface: samples of its outer surface.
        seed: of its random streams.
    """

    index: int
    name: str
    vertices: Tensor
    faces: Tensor
    face_rgb: Tensor
    surface: Surface
    seed: int

    @classmethod
    def of(cls, prop: ColouredMesh, index: int, scale: float, seed: int) -> HeldOutMesh:
        """Scale a prop and sample its surface."""
        vertices, faces = torch.from_numpy(prop.vertices) * scale, torch.from_numpy(prop.faces)
        surface = sample_surface(vertices, faces, SURFACE_SAMPLES, np.random.default_rng([seed, index, 0]))
        return cls(index, prop.name, vertices, faces, torch.from_numpy(prop.face_rgb), surface, seed)

    def truth(self, count: int = METRIC_POINTS) -> Truth:
        """The true occupancy at `count` points for V-IoU and as many for S-IoU."""
        rng = np.random.default_rng([self.seed, self.index, 1])
        near = near_surface_points(self.surface, count, rng).clamp(-QUERY_BOUND, QUERY_BOUND)
        points = torch.cat([volume_points(count, rng), near])
        return Truth(points, solid_occupancy(self.vertices, self.faces, self.surface, points))


@dataclass(frozen=True, eq=False)
class Truth:
    """Points of V-IoU and S-IoU, and which of them are inside the true solid.

    Attributes:
        points: float32 [2 P, 3], first those uniform in the volume, then those near the surface.
        inside: bool [2 P].
    """

    points: Tensor
    inside: Tensor

    def ious(self, inside: Tensor) -> tuple[float, float]:
        """V-IoU and S-IoU of an occupancy, bool [2 P], at the points."""
        (v_first, s_first), (v_true, s_true) = inside.chunk(2), self.inside.chunk(2)
        return iou(v_first, v_true), iou(s_first, s_true)


@torch.no_grad()
def encoded(vae: ShapeVAE, prop: HeldOutMesh, rng: np.random.Generator) -> Tensor:
    """The mean of a prop's posterior: float32 [1, N, embed_dim] on the autoencoder's device, not scaled."""
    weight = vae.post_kl.weight
    read = encoder_input(vae.spec, prop.vertices, prop.faces, prop.surface, rng)
    data, queries = (part.to(weight.device, weight.dtype) for part in (read.data, read.queries))
    read = replace(read, data=data, queries=queries)
    return vae.encode_unscaled(read).mean.float()
