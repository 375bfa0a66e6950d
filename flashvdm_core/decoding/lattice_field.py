"""The field of one shape at the points of one lattice: the fast path of `VecsetField`, which is its plain twin."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..lattice import Lattice
from ..models.shape_vae import KeysValues, PointDecoder
from .cores import Each, each_on_a_core
from .groups import Groups
from .kv_selection import GroupAttention, Selection, gathered, grouped_attention, sampled_positions, selected_tokens
from .lattice_decoder import Finish, LatticeDecoder

# Scores that are worked on at once by a thread of the CPU: with what belongs to them they stay in its cache.
_SCORES = 1 << 18
# Exponentials of numbers up to this far from zero, and sums of many of them, are float32 numbers of full precision.
_LARGEST_EXPONENT = 60.0


class LatticeField:
    """Keys in, logits out.

    On a CPU the scores are looked up too: a group's keys and the rows of its few planes make a small table of scores, and
    each query's scores are a sum of that table's rows. Elsewhere the queries are looked up and the attention is the device's.

    Args:
        decoder: the point decoder.
        kv: keys and values of the shape.
        selection: how tokens are selected for groups; None: every query reads every token.
        finish: the decoder's part after the attention.
        lattice: the points.

    Attributes:
        each: how the pieces of a call are spread over the cores of a CPU.
    """

    def __init__(
        self, decoder: PointDecoder, kv: KeysValues, selection: Selection | None, finish: Finish, lattice: Lattice
    ) -> None:
        self._kv, self._selection, self._finish = kv, selection, finish
        self._tables = LatticeDecoder(decoder, lattice)
        self.each: Each = each_on_a_core
        normed = not isinstance(decoder.cross_attn_decoder.attn.attention.q_norm, nn.Identity)
        self._attention = _group_attention(kv.k)
        self._by_scores = kv.k.device.type == "cpu" and kv.k.dtype == torch.float32 and not normed

    @torch.no_grad()
    def __call__(self, keys: Tensor, groups: Groups | None = None) -> Tensor:
        """Logits float32 [P] at keys int64 [P]; `groups` as for a `Field`."""
        rows = self._tables.rows(keys)
        weights = self._tables.weights(rows)
        if groups is None or self._selection is None:
            if self._by_scores:
                return self._scored(rows, weights, self._kv.k[0], self._kv.v[0])
            queries = self._tables.queries(rows, weights).transpose(0, 1)[None]
            attended = F.scaled_dot_product_attention(queries, self._kv.k, self._kv.v)[0].transpose(0, 1)
            return self._finish(self._tables.hidden(rows), attended.flatten(1))
        if self._by_scores:
            return self._scored_groups(rows, weights, groups, self._selection)
        queries = self._tables.queries(rows, weights)
        tokens = self._tokens(queries, groups, self._selection)
        attended = self._attention(queries, self._kv, tokens, groups.counts)
        return self._finish(self._tables.hidden(rows), attended.flatten(1))

    def _tokens(self, queries: Tensor, groups: Groups, selection: Selection) -> Tensor:
        """Tokens int64 [G, H, K] for groups of queries [P, H, D]."""
        positions, samples = sampled_positions(groups.counts, selection.stride(groups.coarse))
        sampled = queries[torch.from_numpy(positions).to(queries.device)]
        return selected_tokens(sampled, samples, self._kv.k, selection.tokens(self._kv.k.shape[2]))

    def _scored_groups(self, rows: Tensor, weights: Tensor, groups: Groups, selection: Selection) -> Tensor:
        positions, samples = sampled_positions(groups.counts, selection.stride(groups.coarse))
        index = torch.from_numpy(positions.reshape(-1))
        sampled = self._tables.queries(rows[index], weights[index]).unflatten(0, positions.shape)
        tokens = selected_tokens(sampled, samples, self._kv.k, selection.tokens(self._kv.k.shape[2]))
        logits = []
        k, v = gathered(self._kv, tokens)
        for group, (r, w) in enumerate(zip(rows.split(groups.counts), weights.split(groups.counts), strict=True)):
            logits.append(self._scored(r, w, k[group], v[group]))
        return torch.cat(logits)

    def _scored(self, rows: Tensor, weights: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Logits of points that read the keys and values [H, K, D]."""
        heads, tokens, width = k.shape
        table, local = self._tables.score_table(rows, k / width**0.5)
        bounded = _bound(table, weights) < _LARGEST_EXPONENT
        piece = max(_SCORES // (heads * tokens), 64)

        def logits(start: int) -> Tensor:
            part = slice(start, start + piece)
            scores = F.embedding_bag(local[part], table, mode="sum", per_sample_weights=weights[part])
            shares = scores.unflatten(-1, (heads, tokens))
            if bounded:  # then the exponentials can be summed as they are, and be divided by their sum in the end
                shares = shares.exp_()
                attended = torch.bmm(shares.transpose(0, 1), v).div_(shares.sum(-1).T[..., None])
            else:
                attended = torch.bmm(shares.softmax(-1).transpose(0, 1), v)
            return self._finish(self._tables.hidden(rows[part]), attended.transpose(0, 1).flatten(1))

        return torch.cat(self.each(logits, range(0, len(rows), piece)))


def _bound(table: Tensor, weights: Tensor) -> float:
    """No score, a sum of four of the table's rows, is further from zero than this."""
    *rows, constant = table.abs().amax(1).split([len(table) - 1, 1])
    return 3 * float(rows[0].max() * weights[:, :3].amax() + constant)


def _group_attention(keys: Tensor) -> GroupAttention:
    """The kernel that gathers tokens itself where it can be used, else its plain twin."""
    if keys.device.type == "cuda":
        try:
            from .gathered_attention import gathered_attention, usable
        except ImportError:
            return grouped_attention
        if usable(keys.device, keys.dtype, keys.shape[-1]):
            return gathered_attention
    return grouped_attention
