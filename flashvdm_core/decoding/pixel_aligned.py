"""The field of a pixel-aligned decoder: queries that read the picture, and a shape that keeps within its outline.

Points are (u, v, w) of the view frame (`models.pixel_aligned`), in which a grid's first two axes are places in the picture: all
that depends on these alone is computed once for the points of a column, which lie beside one another in a grid's order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.pixel_aligned import HALF_DEPTH, TO_PICTURE, PixelAlignedDecoder, PixelFeatures, at_pixels, outline_distance
from ..sparse_grid import Grid
from .cover import Cover, find_cover, look, rim_spread
from .field import Field, IndexedField, VecsetField
from .grid_decoder import embedded_axes
from .groups import Groups
from .interpolated import Answered, InterpolatedField
from .query_embedding import GridQueries, Queries, QueryEmbedding
from .thread_pool import parallel_map

_BEYOND = -1.0
"""The logit where no shape is near."""
_NOWHERE = -3.0
"""Logit of the coarse volume below which the decoder is not asked: of 20 validation pictures it put nothing there."""

RIM_DEPTH = 0.15
"""How far along w, in frame units, what is added at the rim falls to a third; less where the picture is narrow."""

FINEST = 0.45
"""Spacing at most, in pixels of the network's maps, of the lattice at whose points it is asked where a grid is finer."""

OUTLINE_REACH = 16
"""Pixels beside the outline in which a distance to it is known: farther than logits tell distances."""


@dataclass(frozen=True)
class Columns:
    """Where in the picture some points are, those of a column of a grid together.

    Attributes:
        number: int64 [C], i * n + j of each column, in the points' order.
        of_point: int64 [P], the point's place in `number`.
        view: float32 [1, C, 2], u and v of the columns.
    """

    number: Tensor
    of_point: Tensor
    view: Tensor

    @classmethod
    def on_grid(cls, indices: Tensor, grid: Grid) -> Columns:
        """Of linear indices int64 [P], in any order, of which sorted ones have the fewest columns."""
        number, of_point = (indices // grid.size).unique_consecutive(return_inverse=True)
        view = torch.stack([grid.axes[0][number // grid.size], grid.axes[1][number % grid.size]], -1)
        return cls(number, of_point, view[None])

    @classmethod
    def of_points(cls, points: Tensor) -> Columns:
        """A column for each of the points float32 [P, 3]."""
        number = torch.arange(len(points), device=points.device)
        return cls(number, number, points[None, :, :2])

    def bins(self, volume: Tensor) -> Tensor:
        """The volume [1, D, h, h] along the columns: [C, D]."""
        return at_pixels(volume, self.view)[0].T.contiguous()

    def at_points(self, rows: Tensor) -> Tensor:
        """What each column has, [C, N], at the points: [P, N]."""
        return rows.index_select(0, self.of_point)  # much faster than an index in brackets

    def in_bins(self, bins: Tensor, w: Tensor) -> Tensor:
        """`bins` [C, D] at the points, whose depths are w [P]: [P]. As `models.pixel_aligned.in_volume`."""
        last = bins.shape[1] - 1
        place = ((w / HALF_DEPTH + 1) * (bins.shape[1] / 2) - 0.5).clamp(0, last)
        below = place.long().clamp_max(last - 1)
        first = below.add(self.of_point, alpha=bins.shape[1])
        return torch.lerp(bins.take(first), bins.take(first + 1), place - below)

    def likeliest(self, bins: Tensor) -> Tensor:
        """The depth w [P] around which `bins` [C, D] are full in the points' columns: a mean, so that it is smooth."""
        count = bins.shape[1]
        w = ((2 * torch.arange(count, device=bins.device) + 1) / count - 1) * HALF_DEPTH
        return (bins.softmax(1) @ w.to(bins))[self.of_point]


class PixelEmbedding(QueryEmbedding):
    """The embedding of points, scaled and shifted by what they read off one picture.

    Args:
        decoder: the pixel-aligned decoder.
        features: of the picture, a batch of one.
    """

    def __init__(self, decoder: PixelAlignedDecoder, features: PixelFeatures) -> None:
        self._decoder, self._features = decoder, features

    def __call__(self, points: Tensor) -> Tensor:
        """See `QueryEmbedding`; the reference of `on_grid`."""
        view = points[None]
        scale, shift, _ = self._decoder.film(self._features, view, self._features.camera)
        return (self._decoder.point_decoder.embed(view) * (1 + scale) + shift)[0]

    def on_grid(self, grid: Grid) -> GridQueries:
        """See `QueryEmbedding`."""
        return PixelGridQueries(self._decoder, self._features, grid)


class PixelGridQueries(GridQueries):
    """The same at the points of one grid."""

    def __init__(self, decoder: PixelAlignedDecoder, features: PixelFeatures, grid: Grid) -> None:
        self._decoder, self._features, self._grid = decoder, features, grid
        self._x, self._y, self._z = embedded_axes(decoder.point_decoder, grid)
        self._bias = decoder.point_decoder.cross_attn_decoder.attn.c_proj.bias

    def __call__(self, indices: Tensor) -> Queries:
        """See `GridQueries`."""
        film, features, size = self._decoder.film, self._features, self._grid.size
        columns, k = Columns.on_grid(indices, self._grid), indices % size
        w = self._grid.axes[2][k]
        points = torch.cat([columns.at_points(columns.view[0]), w[:, None]], 1)
        depth = columns.at_points(at_pixels(features.depth, columns.view)[0].T)
        inside, height = columns.in_bins(columns.bins(features.volume), w), features.camera.height(points[None])[0]
        of_pixels = columns.at_points(film.of_pixels(features, columns.view)[0])
        scale, shift = film.of_depth(depth, w, inside, height).add_(of_pixels).chunk(2, -1)
        flat = self._x[columns.number // size] + self._y[columns.number % size]
        position = columns.at_points(flat).add_(self._z.index_select(0, k))
        hidden = torch.addcmul(shift.add_(position), position, scale)
        queries = self._decoder.point_decoder.queries(hidden[None])[0].transpose(0, 1)
        return Queries(queries, hidden.add_(self._bias))


def network_field(decoder: PixelAlignedDecoder, decoded: Tensor, features: PixelFeatures) -> VecsetField:
    """What the network alone says, but for what the coarse volume adds: the reference of its `InterpolatedField`.

    Args:
        decoder, decoded, features: see `OutlinedField`.
    """
    tokens = decoder.reader(decoded.to(features.planes.dtype))
    return VecsetField(decoder.point_decoder, tokens, None, PixelEmbedding(decoder, features))


def finest_spacing(features: PixelFeatures) -> float:
    """`FINEST` in frame units: the maps that the network reads are bilinear between pixels, so a finer one hardly says more."""
    return FINEST * 2 / features.planes.shape[-1] / TO_PICTURE


class OutlinedField(Field):
    """The field of a pixel-aligned decoder, whose shape ends where the picture's outline does.

    The decoder is not asked beyond the outline, nor where the coarse volume is sure that nothing is: the answer is known. Inside
    of the outline, close by, something is known to be at some depth, of which the mean of all that is possible says that it is
    nowhere: thin parts would break and rims shrink. So logits are raised there around the likeliest depth, by the spec's `rim` at
    the outline and by nothing where the outline is a truncation distance away. And what the picture shows in one piece is one
    piece (`cover`); without a rim neither is done.

    Args:
        decoder: the pixel-aligned decoder.
        decoded: [1, N, width], answer of `ShapeVAE.decode` for one shape.
        features: of the picture, a batch of one.
        outline: float32 [1, 1, T, T], signed distance to the outline in frame units, positive inside (`signed_outline`).
        truncation: distance that a logit of 1 stands for.
    """

    core_chunk = 16384  # they cost little, and most are read between others

    def __init__(
        self, decoder: PixelAlignedDecoder, decoded: Tensor, features: PixelFeatures, outline: Tensor, truncation: float
    ) -> None:
        self._film, self._volume, self._outline = decoder.film, features.volume, outline / truncation
        self._rim = decoder.spec.rim
        self._inner = InterpolatedField(network_field(decoder, decoded, features), finest_spacing(features))
        self.device = self._inner.device
        self._spread: Tensor | None = None
        self._cover: Cover | None = None
        if self._rim:
            # Looked at with wide rims, so that what is thin does not lie between two depths.
            with torch.no_grad():
                lattice = look(self.on_grid, outline.float(), features.volume.float())
            self._cover, self._spread = find_cover(lattice, truncation, self.device), rim_spread(outline.float(), RIM_DEPTH)

    @torch.no_grad()
    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        """See `Field`."""
        outline = self._outline_at(Columns.of_points(points))
        wanted = (outline > _BEYOND).nonzero()[:, 0]
        near = points[wanted]
        return self._outlined(outline, wanted, lambda asked: self._inner(near[asked]), Columns.of_points(near), near[:, 2])

    def on_grid(self, grid: Grid) -> IndexedField:
        """The same field at the points of a grid."""
        inner = self._inner.on_grid(grid)

        def evaluate(indices: Tensor, groups: Groups | None = None) -> Tensor:
            on_cores = indices.device.type == "cpu" and indices.numel()
            tiles = indices.split(-(-len(indices) // torch.get_num_threads())) if on_cores else (indices,)
            answered: list[list[Answered]] = [[] for _ in tiles]
            parts = parallel_map(lambda number: tile_of(tiles[number], answered[number]), range(len(tiles)))
            inner.keep([answer for of_tile in answered for answer in of_tile])
            return torch.cat(parts)

        def tile_of(indices: Tensor, answered: list[Answered]) -> Tensor:
            outline = self._outline_at(Columns.on_grid(indices, grid))
            wanted = (outline > _BEYOND).nonzero()[:, 0]
            near = indices[wanted]
            w = grid.axes[2][near % grid.size]
            columns = Columns.on_grid(near, grid)
            return self._outlined(outline, wanted, lambda asked: inner.read(near[asked], answered), columns, w)

        return evaluate

    def _outline_at(self, columns: Columns) -> Tensor:
        """Logits [P] of the outline alone."""
        return at_pixels(self._outline, columns.view)[0, 0][columns.of_point]

    def _outlined(self, outline: Tensor, wanted: Tensor, ask: Callable[[Tensor], Tensor], columns: Columns, w: Tensor) -> Tensor:
        """The outline's logits, at `wanted` no more than those of the decoder with what the coarse volume and the rim add.

        `ask` answers with the decoder's logits at some of the wanted, of which the columns and depths are.
        """
        most, bins = outline[wanted], columns.bins(self._volume)
        spread = RIM_DEPTH
        if self._spread is not None:
            spread = at_pixels(self._spread, columns.view)[0, 0].take(columns.of_point)
        apart, inside = (w - columns.likeliest(bins)) / spread, columns.in_bins(bins, w)
        rim = self._rim * (1 - most).clamp(0, 1) * torch.exp(-apart.square())
        asked = (inside > _NOWHERE).nonzero()[:, 0]
        logits = torch.full_like(w, _BEYOND).index_put_((asked,), ask(asked) + self._film.added(inside[asked]))
        whole = torch.minimum(logits + rim, most)
        if self._cover is not None:
            whole = self._cover.added(whole, most, columns.view, columns.of_point, w)
        return outline.index_put((wanted,), whole)


class Relief(Field):
    """What the picture alone says of a shape: all that lies between its front and its back, within the outline.

    Args:
        features: of the picture, a batch of one.
        outline, truncation: see `OutlinedField`.
    """

    def __init__(self, features: PixelFeatures, outline: Tensor, truncation: float) -> None:
        self._maps = torch.cat([features.depth, F.interpolate(outline, features.depth.shape[-2:], mode="area")], 1)
        self._truncation = truncation
        self.device = outline.device

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        """See `Field`."""
        front, back, inside = at_pixels(self._maps, points[None])[0]
        w = points[:, 2]
        return torch.minimum(torch.minimum(front - w, w - back), inside) / self._truncation


def signed_outline(opacity: Tensor) -> Tensor:
    """Distance to the outline, positive inside, in frame units: opacity float32 [B, 1, T, T] -> the same shape.

    Smoothed over a pixel, so that a shape's rim does not show the pixels of the picture; at most `OUTLINE_REACH` pixels.
    Lines and gaps of a single pixel stay.
    """
    opaque = opacity[:, 0] > 0.5
    signed = outline_distance(opaque, OUTLINE_REACH) - outline_distance(~opaque, OUTLINE_REACH)
    signed = (signed - signed.sign() / 2)[:, None]
    kernel = signed.new_tensor([1.0, 2.0, 1.0]) / 4
    smooth = F.conv2d(F.pad(signed, (1, 1, 1, 1), mode="replicate"), (kernel[:, None] * kernel)[None, None])
    smooth = torch.where(opaque[:, None] == (smooth > 0), smooth, torch.where(opaque[:, None], 0.15, -0.15))
    return smooth * (2 / opacity.shape[-1] / TO_PICTURE)
