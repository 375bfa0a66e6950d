"""A point decoder specialised for a grid: what depends on one coordinate alone is computed once for each plane of points.

The embedding of a point is linear in its Fourier features, and each of these is a function of one coordinate, so

    query_proj(fourier(x, y, z)) = X[x] + Y[y] + Z[z]

exactly, with 3 n rows for the n^3 points of a grid. The norm before the attention only subtracts the mean and divides by
the standard deviation s; its affine part and the projection to queries are linear again:

    query(x, y, z) = (QX[x] + QY[y] + QZ[z]) / s(x, y, z) + constant,

and s comes from the inner products of the rows. A query is thus a weighted sum of four rows of one table.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models.shape_vae import PointDecoder
from ..sparse_grid import Grid, unravel_index
from .query_embedding import GridQueries, Queries, QueryEmbedding


class PositionEmbedding(QueryEmbedding):
    """The embedding of the published decoders, from a point's position alone.

    Args:
        decoder: the point decoder.
    """

    def __init__(self, decoder: PointDecoder) -> None:
        self._decoder = decoder

    def __call__(self, points: Tensor) -> Tensor:
        """See `QueryEmbedding`."""
        return self._decoder.embed(points[None])[0]

    def on_grid(self, grid: Grid) -> GridQueries:
        """See `QueryEmbedding`."""
        return GridDecoder(self._decoder, grid)


class GridDecoder(GridQueries):
    """The part of a point decoder that comes before the attention, at the points of one grid.

    Args:
        decoder: the point decoder; the grid lies on its device.
        grid: n points an axis.
    """

    def __init__(self, decoder: PointDecoder, grid: Grid) -> None:
        attention = decoder.cross_attn_decoder.attn
        norm = decoder.cross_attn_decoder.ln_1
        self._size, self._heads, self._norm = grid.size, attention.heads, attention.attention.q_norm
        embedded = embedded_axes(decoder, grid)
        # The bias of the projection after the attention is added to the same sum in the end.
        bias = attention.c_proj.bias.float() / 3
        self._hidden = (embedded + bias).flatten(0, 1).to(attention.c_proj.weight.dtype)
        centred = embedded - embedded.mean(-1, keepdim=True)
        self._squares, self._eps = _squares(centred), norm.eps
        weight = attention.c_q.weight.float()
        rows = (centred * norm.weight.float()).flatten(0, 1) @ weight.T
        constant = weight @ norm.bias.float()
        if attention.c_q.bias is not None:
            constant = constant + attention.c_q.bias.float()
        self._table = torch.cat([rows, constant[None]]).to(attention.c_proj.weight.dtype)

    def __call__(self, indices: Tensor) -> Queries:
        """See `GridQueries`."""
        rows = self._rows(indices)
        weights = self._weights(rows).to(self._table.dtype)
        summed = F.embedding_bag(rows, self._table, mode="sum", per_sample_weights=weights)
        hidden = F.embedding_bag(rows[:, :3].contiguous(), self._hidden, mode="sum")
        return Queries(self._norm(summed.unflatten(-1, (self._heads, -1))), hidden)

    def _rows(self, indices: Tensor) -> Tensor:
        """Indices int64 [P] -> the four rows of a point in the tables: int64 [P, 4]; the last is the constant's."""
        i, j, k = unravel_index(indices, self._size)
        return torch.stack([i, j + self._size, k + 2 * self._size, torch.full_like(i, 3 * self._size)], dim=1)

    def _weights(self, rows: Tensor) -> Tensor:
        """How the four rows add up to a query: float32 [P, 4], three times 1 / s and 1."""
        size, (i, j, k, _) = self._size, rows.unbind(1)
        j, k = j - size, k - 2 * size
        pairs = zip(self._squares, (i * size + j, i * size + k, j * size + k), strict=True)
        variance = sum(table.index_select(0, pair) for table, pair in pairs)
        assert isinstance(variance, Tensor)
        scale = torch.rsqrt(variance.clamp_min_(0) + self._eps)
        return torch.stack([scale, scale, scale, torch.ones_like(scale)], dim=1)


def embedded_axes(decoder: PointDecoder, grid: Grid) -> Tensor:
    """What each axis adds to the embedding: float32 [3, n, W]; their sum is the embedding of a point."""
    points = torch.diag_embed(grid.axes.T).transpose(0, 1)  # [3, n, 3]: the other two coordinates are zero
    features = decoder.fourier(points).float()
    origin = decoder.fourier(points.new_zeros(3)).float()
    weight, bias = decoder.query_proj.weight.float(), decoder.query_proj.bias.float()
    embedded = (features - origin) @ weight.T
    embedded[0] += weight @ origin + bias
    return embedded


def _squares(centred: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Three tables [n * n], for the pairs (x, y), (x, z), (y, z), that add up to the mean square of X + Y + Z."""
    x, y, z = centred
    own = centred.square().sum(-1)
    xy = own[0, :, None] + own[1] + 2 * (x @ y.T)
    xz = 2 * (x @ z.T)
    yz = own[2] + 2 * (y @ z.T)
    return tuple(table.flatten() / centred.shape[-1] for table in (xy, xz, yz))  # pyright: ignore[reportReturnType]


class OutputHead:
    """The part of a point decoder after the attention, its output head: [P, W] of both -> logits [P].

    Where no norm follows the MLP, its last projection and the output's are one vector.
    """

    def __init__(self, decoder: PointDecoder) -> None:
        self._decoder, self._block = decoder, decoder.cross_attn_decoder
        self._projection = self._block.attn.c_proj.weight.T
        self._folded: tuple[Tensor, Tensor, Tensor] | None = None
        if isinstance(decoder.ln_post, nn.Identity):
            last, output = self._block.mlp.c_proj, decoder.output_proj
            row, dtype = output.weight[0].float(), output.weight.dtype
            constant = row @ last.bias.float() + output.bias[0].float()
            self._folded = output.weight[0], (row @ last.weight.float()).to(dtype), constant

    def __call__(self, hidden: Tensor, attended: Tensor) -> Tensor:
        """Logits float32 [P].

        Args:
            hidden: [P, W], as `Queries.hidden`.
            attended: [P, W], the attention's answer with its heads side by side.
        """
        x = torch.addmm(hidden, attended, self._projection)
        normed = self._block.ln_3(x)
        if self._folded is None:
            out = x + self._block.mlp(normed)
            return self._decoder.output_proj(self._decoder.ln_post(out))[:, 0].float()
        direct, through, constant = self._folded
        return (x @ direct).float() + (F.gelu(self._block.mlp.c_fc(normed)) @ through).float() + constant
