"""The field of one shape at the points of one grid: the fast path of `VecsetField`, which is its reference."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.shape_vae import KeysValues
from .grid_decoder import OutputHead
from .groups import Groups
from .kv_selection import GroupAttention, Selection, grouped_attention, select_tokens
from .query_embedding import GridQueries
from .thread_pool import Map, parallel_map, tile_size


class GridField:
    """Linear indices in, logits out.

    Args:
        queries: the queries of the grid's points.
        kv: keys and values of the shape.
        selection: how tokens are selected for groups; None: every query reads every token.
        output_head: the decoder's part after the attention.

    Attributes:
        map: how the tiles of a call are spread over the cores of a CPU.
    """

    def __init__(self, queries: GridQueries, kv: KeysValues, selection: Selection | None, output_head: OutputHead) -> None:
        self._queries, self._kv, self._selection, self._output_head = queries, kv, selection, output_head
        self.map: Map = parallel_map
        self._attention = _group_attention(kv.k)

    @torch.no_grad()
    def __call__(self, indices: Tensor, groups: Groups | None = None) -> Tensor:
        """Logits float32 [P] at indices int64 [P]; `groups` as for a `Field`."""
        if not indices.numel():
            return torch.empty(0, device=indices.device)
        if groups is None or self._selection is None:
            if indices.device.type != "cpu":
                return self._exact(indices)
            tile = tile_size(len(indices), torch.get_num_threads())
            return torch.cat(self.map(lambda at: self._exact(indices[at : at + tile]), range(0, len(indices), tile)))
        at = self._queries(indices)
        stride, topk = self._selection.stride(groups.coarse), self._selection.tokens(self._kv.k.shape[2])
        tokens = select_tokens(at.queries, self._kv.k, groups.counts, stride, topk)
        return self._output_head(at.hidden, self._attention(at.queries, self._kv, tokens, groups.counts).flatten(1))

    def _exact(self, indices: Tensor) -> Tensor:
        """Logits of points that read every token."""
        at = self._queries(indices)
        attended = F.scaled_dot_product_attention(at.queries.transpose(0, 1)[None], self._kv.k, self._kv.v)[0]
        return self._output_head(at.hidden, attended.transpose(0, 1).flatten(1))


def _group_attention(attended: Tensor) -> GroupAttention:
    """The kernel that gathers tokens itself where it can be used, else its reference."""
    if attended.device.type == "cuda":
        try:
            from .gathered_attention import gathered_attention, is_supported
        except ImportError:
            return grouped_attention
        if is_supported(attended.device, attended.dtype, attended.shape[-1]):
            return gathered_attention
    return grouped_attention
