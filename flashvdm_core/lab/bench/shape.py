"""A known shape, whose field stands in for the answer of a decoder with random weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ...decoding import Field, Groups
from ...decoding.field import IndexedField
from ...sparse_grid import Grid

# Distance at which the field saturates. With it the published decoder asks about as often for this figure (0.9, 0.3 and
# 1.3 million queries at 95, 190 and 380 cells) as it does for one with the published weights (0.9, 0.3 and 0.9 million).
TRUNCATION = 0.02
_SAMPLES = 192
_EXTENT = 1.02

# (one end, other end, radius) of the rounded limbs of a figure, and a shield thinner than a coarse cell (centre, half size).
_LIMBS = (
    ((0.0, -0.15, 0.0), (0.0, 0.25, 0.0), 0.2),
    ((0.0, 0.62, 0.0), (0.0, 0.66, 0.02), 0.18),
    ((-0.22, 0.3, 0.0), (-0.48, -0.05, 0.1), 0.08),
    ((0.22, 0.3, 0.0), (0.5, 0.1, 0.12), 0.08),
    ((-0.11, -0.35, 0.0), (-0.15, -0.85, 0.0), 0.1),
    ((0.11, -0.35, 0.0), (0.15, -0.85, 0.0), 0.1),
)
_SHIELD = ((0.55, 0.1, 0.26), (0.25, 0.3, 0.012))


def figure_distance(points: Tensor) -> Tensor:
    """Signed distance to a figure with a shield, positive inside (exact outside of its parts): [..., 3] -> [...]."""
    inside = None
    for start, end, radius in _LIMBS:
        a, b = points.new_tensor(start), points.new_tensor(end)
        along = ((points - a) @ (b - a) / (b - a).square().sum()).clamp(0, 1)[..., None]
        distance = radius - (points - a - along * (b - a)).norm(dim=-1)
        inside = distance if inside is None else torch.maximum(inside, distance)
    beyond = (points - points.new_tensor(_SHIELD[0])).abs() - points.new_tensor(_SHIELD[1])
    shield = -(beyond.clamp_min(0).norm(dim=-1) + beyond.amax(-1).clamp_max(0))
    assert inside is not None
    return torch.maximum(inside, shield)


class KnownShape(Field):
    """The figure's truncated distance, looked up in a table (one kernel a call, so that it hardly adds to the time)."""

    def __init__(self, device: torch.device) -> None:
        axis = torch.linspace(-_EXTENT, _EXTENT, _SAMPLES, device=device)
        slabs = [figure_distance(torch.stack(torch.meshgrid(axis[None, i], axis, axis, indexing="ij"), -1))[0]
                 for i in range(_SAMPLES)]  # fmt: skip
        # grid_sample takes its coordinates from the last axis to the first.
        self._table = torch.stack(slabs).permute(2, 1, 0).contiguous()[None, None]
        self.device = device

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        """See `Field`."""
        grid = (points / _EXTENT)[None, None, None]
        distance = F.grid_sample(self._table, grid, padding_mode="border", align_corners=True).flatten()
        return (distance / TRUNCATION).clamp(-1, 1)


class Replaced(Field):
    """A field that runs the network in full and answers with a known shape."""

    def __init__(self, network: Field, shape: KnownShape) -> None:
        self._network, self._shape, self.device = network, shape, network.device

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        """See `Field`."""
        self._network(points, groups)
        return self._shape(points)

    def on_grid(self, grid: Grid) -> IndexedField:
        """The same on the network's fast path."""
        network = self._network.on_grid(grid)

        def values(indices: Tensor, groups: Groups | None = None) -> Tensor:
            network(indices, groups)
            return self._shape(grid.coordinates(indices))

        return values
