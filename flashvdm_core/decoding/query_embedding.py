"""Where the queries of a vecset field come from: the seam for point decoders that look at more than a point's position."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor

from ..sparse_grid import Grid


@dataclass(frozen=True, eq=False)
class Queries:
    """What the attention and the end of a point decoder need of some points of a grid, in the decoder's dtype.

    Attributes:
        queries: [P, H, D], normed.
        hidden: [P, W], the embedding that the attention's answer is added to, with the bias of the attention's last projection.
    """

    queries: Tensor
    hidden: Tensor


class GridQueries(ABC):
    """Queries at the points of one grid. What points have in common is computed once, when it is made."""

    @abstractmethod
    def __call__(self, indices: Tensor) -> Queries:
        """At indices int64 [P]."""


class QueryEmbedding(ABC):
    """The part of a point decoder that comes before the cross attention: a point becomes a vector, and that a query.

    `PositionEmbedding` is that of the published decoders: the point's Fourier features, projected. A *feature-aligned* decoder
    (of one picture: pixel-aligned) is another one, and all that the volume decoders have to be given: `VecsetField` takes it
    beside the point decoder, and points, grids, groups, the selection of tokens, the tight query set and the prediction of
    smooth points go on as before. It owns the picture's feature map [C, h, w] and the layer that makes of a feature a scale and
    a shift (FiLM), and gives

        embedding(x, y, z) = (1 + scale(x, y)) * position(x, y, z) + shift(x, y) + cheap terms of z

    - at points anywhere (`__call__`): the features are looked up at each point's (x, y), the position's embedding is asked of
      `PositionEmbedding`. This is the reference of the next.
    - on a grid (`on_grid`): scale and shift depend on the column alone, so they and what the column's x and y add to the
      embedding are one table [n * n, W] each. With column(x, y) = (1 + scale) * (X[x] + Y[y]) + shift, the embedding is
      column[x, y] + (1 + scale)[x, y] * Z[z] + the terms of z, a row of three tables for each point; the norm before the
      attention and the projection to queries are applied to the sum (they cannot be looked up by axis as `GridDecoder` does).
      Indices run along z fastest, so neighbouring queries share their column's rows.
    """

    @abstractmethod
    def __call__(self, points: Tensor) -> Tensor:
        """Points float32 [P, 3] in the core frame -> the embedding [P, W], in the decoder's dtype."""

    @abstractmethod
    def on_grid(self, grid: Grid) -> GridQueries:
        """The queries of the same embedding at the points of one grid."""
