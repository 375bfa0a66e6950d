"""The published decoder's other rule of choosing tokens: all that matter to any query of a group, one set for all heads."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ...decoding import Grid, Groups, Selection, VecsetField
from ...decoding.field import Field, IndexedField
from ...models.shape_vae import PointDecoder

# The rule looks at every so many queries of a group (number of the published decoder).
_STRIDE = 30


class MergeRuleField(VecsetField):
    """A `VecsetField` whose groups on fine levels read every token that a sampled query gives some of its attention to.

    Args:
        decoder, decoded, selection: as for `VecsetField`; groups of the first level follow the selection.
        threshold: share of a query's attention (mean over heads) above which a token is read.
    """

    def __init__(self, decoder: PointDecoder, decoded: Tensor, selection: Selection, threshold: float = 1e-6) -> None:
        super().__init__(decoder, decoded, selection)
        self._threshold = threshold

    def on_grid(self, grid: Grid) -> IndexedField:
        """By coordinates: there is no fast path for this rule."""
        return Field.on_grid(self, grid)

    def _attend_in_groups(self, queries: Tensor, groups: Groups, selection: Selection) -> Tensor:
        if groups.coarse:
            return super()._attend_in_groups(queries, groups, selection)
        chosen = merged_tokens(queries, self._kv.k, groups.counts, self._threshold)
        attended = [
            F.scaled_dot_product_attention(query.transpose(0, 1)[None], self._kv.k[:, :, tokens], self._kv.v[:, :, tokens])[0]
            for query, tokens in zip(queries.split(groups.counts), chosen, strict=True)
        ]
        return torch.cat(attended, dim=1).transpose(0, 1)


def merged_tokens(queries: Tensor, keys: Tensor, counts: tuple[int, ...], threshold: float) -> list[Tensor]:
    """Tokens that any sampled query attends to with more than the threshold: for each of G groups int64 [M].

    The weights are a softmax of q.k without 1 / sqrt(D), averaged over the heads.

    Args:
        queries: [P, H, D], the groups one after the other.
        keys: [1, H, N, D].
        counts: queries of each group.
        threshold: see `MergeRuleField`.
    """
    chosen = []
    for group in queries.split(counts):
        scores = group[::_STRIDE].float().transpose(0, 1) @ keys[0].float().transpose(1, 2)
        chosen.append(scores.softmax(-1).mean(0).amax(0).gt(threshold).nonzero()[:, 0])
    return chosen
