"""The field of a shape that may go no further than so far from the mesh that it was started from.

An autoencoder gives a mesh back with rounded edges, a few percent off, and what is sampled from there goes on from that. So the
mesh's own signed distance takes the place of what the autoencoder makes of it: to it is added what has changed since, and that
only as far as the surface stays within reach.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..sparse_grid import Grid
from .field import Field, IndexedField
from .groups import Groups


@dataclass(frozen=True, eq=False)
class Hold:
    """What a shape is held to, and how tightly.

    Attributes:
        distance: points float32 [P, 3] -> signed distance to the mesh, positive inside, in logits; exact where the surface may
            be, and 1 further.
        reach: how far the surface may be from the mesh's, in logits; infinity: anywhere.
        trust: how much the mesh's distance counts in the place of the autoencoder's answer, 0 to 1.
    """

    distance: Callable[[Tensor], Tensor]
    reach: float
    trust: float


class HeldField(Field):
    """What has changed from `before` to `now`, on the mesh that `before` was made of.

    The two are not asked where the mesh alone decides.

    Args:
        now: the field of the shape.
        before: that of the mesh's own latents.
        hold: what they are held to.
    """

    def __init__(self, now: Field, before: Field, hold: Hold) -> None:
        self._now, self._before, self._hold = now, before, hold
        self.device = now.device

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        """See `Field`."""
        own = self._hold.distance(points)
        return self._held(own, lambda chosen: (self._now(points[chosen]), self._before(points[chosen])))

    def on_grid(self, grid: Grid) -> IndexedField:
        """The same field at the points of a grid."""
        now, before = self._now.on_grid(grid), self._before.on_grid(grid)

        def evaluate(indices: Tensor, groups: Groups | None = None) -> Tensor:
            own = self._hold.distance(grid.coordinates(indices))
            return self._held(own, lambda chosen: (now(indices[chosen]), before(indices[chosen])))

        return evaluate

    def _held(self, own: Tensor, answers: Callable[[Tensor], tuple[Tensor, Tensor]]) -> Tensor:
        """Logits [P], from the mesh's own [P] and the answers of the two fields at some points."""
        reach, logits = self._hold.reach, own.clamp(-1, 1)
        chosen = (own.abs() < reach + 1).nonzero()[:, 0] if reach > 0 else own.new_zeros(0, dtype=torch.long)
        if not len(chosen):
            return logits
        now, before = answers(chosen)
        wanted = now + self._hold.trust * (logits[chosen] - before)
        if reach < torch.inf:
            wanted = own[chosen] + reach * ((wanted - own[chosen]) / reach).tanh()
        return logits.index_put((chosen,), wanted.clamp(-1, 1))
