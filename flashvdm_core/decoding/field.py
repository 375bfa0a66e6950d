"""Fields: what a volume decoder evaluates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.shape_vae import KeysValues, PointDecoder
from ..sparse_grid import Lattice
from .groups import Groups
from .kv_selection import Selection
from .lattice_decoder import Finish, PositionEmbedding
from .lattice_field import LatticeField
from .query_embedding import QueryEmbedding


class KeyedField(Protocol):
    """A field at the points of one lattice."""

    def __call__(self, keys: Tensor, groups: Groups | None = None) -> Tensor:
        """Logits float32 [P] at keys int64 [P]; the rest as for a `Field`."""
        ...


class Field(ABC):
    """A scalar field over the decoded volume, positive inside the shape: the one thing that a volume decoder decodes.

    A volume decoder asks it two questions and knows nothing else of it: its values at points anywhere, and, through
    `on_lattice`, its values at the points of a regular lattice. Whatever they depend on (keys and values of the latents, a
    picture's feature map, the point decoder) is a part of the field.

    Attributes:
        device: where points are wanted.
    """

    device: torch.device

    @abstractmethod
    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        """Evaluate.

        Args:
            points: float32 [P, 3] in the core frame.
            groups: which consecutive points may share an approximation; None asks for the exact field.

        Returns:
            Logits float32 [P]: truncated signed distance in [-1, 1], positive inside.
        """

    def on_lattice(self, lattice: Lattice) -> KeyedField:
        """The same field at the points of a lattice. Fields that have a faster way for these give it here."""
        return lambda keys, groups=None: self(lattice.coordinates(keys), groups)


# The merge rule looks at every so many queries of a group (number of the published decoder).
_STRIDE_MERGE = 30


class VecsetField(Field):
    """The decodable field of one shape: cross attention of query points to its decoded latents.

    Its parts are the keys and values of the latents, computed once, here; the `QueryEmbedding`, from which queries come; the
    selection of tokens; and the point decoder's end. Nothing else is kept between calls. Points anywhere are evaluated plainly,
    by the decoder's own parts and one group after the other; those of a lattice on a fast path that gives the same.

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
            self._finish = Finish(decoder)
        self.device = self._kv.k.device

    @torch.no_grad()
    def __call__(self, points: Tensor, groups: Groups | None = None) -> Tensor:
        """See `Field`."""
        hidden = self._embedding(points)[None]
        queries = self._decoder.queries(hidden)
        if groups is None or self._selection is None:
            attended = F.scaled_dot_product_attention(queries, self._kv.k, self._kv.v)
        else:
            attended = selected_attention(queries, self._kv, groups, self._selection)
        return self._decoder.finish(hidden, attended)[0, :, 0].float()

    def on_lattice(self, lattice: Lattice) -> KeyedField:
        """The same field at the points of a lattice."""
        if self._selection is not None and self._selection.rule == "merge":
            return super().on_lattice(lattice)
        return LatticeField(self._embedding.on_lattice(lattice), self._kv, self._selection, self._finish)


def selected_attention(queries: Tensor, kv: KeysValues, groups: Groups, selection: Selection) -> Tensor:
    """Attention of each group's queries [1, H, P, D] to the tokens selected for the group -> [1, H, P, D]."""
    if selection.rule == "merge" and not groups.coarse:
        chosen = merged_tokens(queries, kv.k, groups.counts, selection.threshold)
    else:
        chosen = top_tokens(queries, kv.k, groups.counts, selection.stride(groups.coarse), selection.tokens(kv.k.shape[2]))
    attended = []
    for query, tokens in zip(queries.split(groups.counts, dim=2), chosen, strict=True):
        index = tokens[None, :, :, None].expand(-1, kv.k.shape[1], -1, kv.k.shape[3])
        attended.append(F.scaled_dot_product_attention(query, kv.k.gather(2, index), kv.v.gather(2, index)))
    return torch.cat(attended, dim=2)


def _sampled(counts: tuple[int, ...], stride: int, device: torch.device) -> tuple[Tensor, tuple[int, ...]]:
    """Every `stride`-th query of each group: (positions int64 [S], samples of each group)."""
    parts, start = [], 0
    for count in counts:
        parts.append(torch.arange(start, start + count, stride))
        start += count
    return torch.cat(parts).to(device), tuple(part.numel() for part in parts)


def top_tokens(queries: Tensor, keys: Tensor, counts: tuple[int, ...], stride: int, topk: int) -> Tensor:
    """Tokens of the highest mean score q.k over the sampled queries: int64 [G, H, topk].

    The mean of the products is the product with the mean query, so all groups cost one small matrix product.
    """
    sampled, samples = _sampled(counts, stride, queries.device)
    group = torch.arange(len(counts)).repeat_interleave(torch.tensor(samples)).to(queries.device)
    q = queries[0, :, sampled].float()
    mean = q.new_zeros(q.shape[0], len(counts), q.shape[2]).index_add_(1, group, q)
    mean /= torch.tensor(samples, device=q.device)[None, :, None]
    scores = mean @ keys[0].float().transpose(1, 2)
    return scores.topk(topk, dim=-1, sorted=False).indices.transpose(0, 1)


def merged_tokens(queries: Tensor, keys: Tensor, counts: tuple[int, ...], stride_threshold: float) -> list[Tensor]:
    """Tokens that any sampled query attends to with more than the threshold, one set for all heads: G times int64 [1, M].

    The weights are a softmax of q.k without 1 / sqrt(D), averaged over the heads.
    """
    sampled, samples = _sampled(counts, _STRIDE_MERGE, queries.device)
    weights = (queries[0, :, sampled].float() @ keys[0].float().transpose(1, 2)).softmax(-1).mean(0)
    return [part.amax(0).gt(stride_threshold).nonzero().T for part in weights.split(samples)]
