"""Shapes to learn from: query points of several prepared data sets side by side, and the meshes that they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ....api.errors import TrainingError
from ...data.dataset import POINT_RANGE, Shards
from ...data.meshes import ColouredMesh, PackedMeshes


@dataclass(frozen=True)
class Source:
    """One prepared data set.

    Attributes:
        folder: prepared points (`lab.data.prepare --kind points`).
        props: the packed meshes that it was prepared from.
        weight: how often it is drawn, against the others.
    """

    folder: Path
    props: Path
    weight: float = 1.0

    @classmethod
    def parse(cls, text: str) -> Source:
        """From FOLDER=PROPS.npz or FOLDER=PROPS.npz:WEIGHT."""
        folder, _, rest = text.partition("=")
        props, _, weight = rest.rpartition(":")
        if not props or not weight.replace(".", "", 1).isdigit():
            props, weight = rest, "1"
        if not props:
            raise TrainingError(f"'{text}' names no data; give FOLDER=PROPS.npz or FOLDER=PROPS.npz:WEIGHT.")
        return cls(Path(folder), Path(props), float(weight))


class Meshes:
    """The meshes of the rows of a bank; small enough to be opened in every process.

    Attributes:
        scale: factor from a mesh's coordinates to those of the bank.
    """

    def __init__(self, sources: list[Source], split: str) -> None:
        self._props = [PackedMeshes(source.props) for source in sources]
        shards = [Shards(source.folder, "points", split) for source in sources]
        self._index = [shard.load("index") for shard in shards]
        scales = {float(shard.manifest["scale"]) for shard in shards}
        if len(scales) > 1:
            raise TrainingError(f"The data sets are prepared at different scales ({sorted(scales)}); prepare them alike.")
        self.scale = scales.pop()
        self.counts = [len(index) for index in self._index]
        self._start = np.cumsum([0, *self.counts])
        weights = np.array([source.weight for source in sources])
        self._share = weights / weights.sum()

    def __len__(self) -> int:
        return int(self._start[-1])

    def __getitem__(self, row: int) -> ColouredMesh:
        source = int(np.searchsorted(self._start, row, "right")) - 1
        return self._props[source][int(self._index[source][row - self._start[source]])]

    def draw(self, rng: np.random.Generator) -> tuple[int, partial[ColouredMesh]]:
        """A row at random, and how to load its mesh."""
        source = int(rng.choice(len(self._share), p=self._share))
        row = int(self._start[source] + rng.integers(self.counts[source]))
        return row, partial(self.__getitem__, row)


class PointBank:
    """Query points of one split, in memory (65 KB a row).

    Attributes:
        near, uniform: how many of either kind a row has; near ones come first.
    """

    def __init__(self, sources: list[Source], split: str) -> None:
        host = torch.device("cpu")
        shards = [Shards(source.folder, "points", split) for source in sources]
        parts = {name: [shard.tensor(name, host) for shard in shards] for name in _ARRAYS}
        self.near, self.uniform = parts["near_sdf"][0].shape[1], parts["uniform_sdf"][0].shape[1]
        joined = [torch.cat([a, b], 1) for a, b in zip(parts["near_points"], parts["uniform_points"], strict=True)]
        self._points = torch.cat(joined)
        self._sdf = torch.cat([torch.cat([a, b], 1) for a, b in zip(parts["near_sdf"], parts["uniform_sdf"], strict=True)])

    def __len__(self) -> int:
        return len(self._points)

    def rows(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """All points float32 [B, near + uniform, 3] and signed distances float32 [B, near + uniform] of rows int64 [B]."""
        return self._points[rows].float() * (POINT_RANGE / 32767), self._sdf[rows].float()


_ARRAYS = ("near_points", "near_sdf", "uniform_points", "uniform_sdf")
