"""Fields: what a volume decoder evaluates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.shape_vae import PointDecoder
from ..sparse_grid import Grid
from . import reference
from .grid_decoder import OutputHead, PositionEmbedding
from .grid_field import GridField
from .groups import Groups
from .kv_selection import Selection
from .query_embedding import QueryEmbedding


class IndexedField(Protocol):
    """A field at the points of one grid."""

    def __call__(self, indices: Tensor, groups: Groups | None = None) -> Tensor:
        """Logits float32 [P] at indices int64 [P]; the rest as for a `Field`."""
        ...


class Field(ABC):
    """A scalar field over the decoded volume, positive inside the shape: the one thing that a volume decoder decodes.

    A volume decoder asks it two questions and knows nothing else of it: its values at points anywhere, and, through
    `on_grid`, its values at the points of a regular grid. Whatever they depend on (keys and values of the latents, a
    picture's feature map, the point decoder) is a part of the field.

    Attributes:
        device: where points are wanted.
        core_chunk: how many of its queries a core of a CPU is given in one call: so few that nobody waits for long.
    """

    device: torch.device
    core_chunk: int = 4096

    @abstractmethod
    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        """Evaluate.

        Args:
            points: float32 [P, 3] in the core frame.
            groups: which consecutive points may share an approximation; None asks for the exact field.

        Returns:
            Logits float32 [P]: truncated signed distance in [-1, 1], positive inside.
        """

    def on_grid(self, grid: Grid) -> IndexedField:
        """The same field at the points of a grid. Fields that have a faster way for these give it here."""
        return lambda indices, groups=None: self(grid.coordinates(indices), groups)


class BlendedField(Field):
    """Between two fields: the first where `amount` is 0, the other where it is 1."""

    def __init__(self, one: Field, other: Field, amount: float) -> None:
        self._one, self._other, self._amount = one, other, amount
        self.device, self.core_chunk = one.device, one.core_chunk

    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        """See `Field`."""
        return torch.lerp(self._one(points, groups), self._other(points, groups), self._amount)

    def on_grid(self, grid: Grid) -> IndexedField:
        """The same field at the points of a grid."""
        one, other = self._one.on_grid(grid), self._other.on_grid(grid)
        return lambda indices, groups=None: torch.lerp(one(indices, groups), other(indices, groups), self._amount)


class VecsetField(Field):
    """The decodable field of one shape: cross attention of query points to its decoded latents.

    Its parts are the keys and values of the latents, computed once, here; the `QueryEmbedding`, from which queries come; the
    selection of tokens; and the point decoder's end. Nothing else is kept between calls. Points anywhere are evaluated plainly,
    by the decoder's own parts and one group after the other; those of a grid on a fast path that gives the same.

    Args:
        decoder: the point decoder, on its device and in its dtype.
        decoded: [1, N, width], answer of `ShapeVAE.decode` for one shape.
        selection: how tokens are selected for grouped queries; None: every query reads every token.
        embedding: where queries come from; None: from their positions alone.
    """

    def __init__(
        self,
        decoder: PointDecoder,
        decoded: Tensor,
        selection: Selection | None = None,
        embedding: QueryEmbedding | None = None,
    ) -> None:
        if decoded.ndim != 3 or decoded.shape[0] != 1:
            raise ValueError(f"decoded latents must be [1, N, width], not {list(decoded.shape)}")
        self._decoder = decoder
        self._selection = selection
        self._embedding = embedding or PositionEmbedding(decoder)
        with torch.no_grad():
            self._kv = decoder.keys_values(decoded)
            self._output_head = OutputHead(decoder)
        self.device = self._kv.k.device

    @torch.no_grad()
    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        """See `Field`."""
        hidden = self._embedding(points)[None]
        queries = self._decoder.queries(hidden)
        if groups is None or self._selection is None:
            attended = F.scaled_dot_product_attention(queries, self._kv.k, self._kv.v)
        else:
            attended = self._attend_in_groups(queries[0].transpose(0, 1), groups, self._selection).transpose(0, 1)[None]
        return self._decoder.finish(hidden, attended)[0, :, 0].float()

    def on_grid(self, grid: Grid) -> IndexedField:
        """The same field at the points of a grid."""
        return GridField(self._embedding.on_grid(grid), self._kv, self._selection, self._output_head)

    def _attend_in_groups(self, queries: Tensor, groups: Groups, selection: Selection) -> Tensor:
        """Attention of each group's queries [P, H, D] to the tokens selected for the group -> [P, H, D]."""
        stride, topk = selection.stride(groups.coarse), selection.tokens(self._kv.k.shape[2])
        tokens = reference.select_tokens(queries, self._kv.k, groups.counts, stride, topk)
        return reference.grouped_attention(queries, self._kv, tokens, groups.counts)
