"""Attention of groups of queries in one kernel that gathers the selected tokens itself, in Triton.

Triton comes with PyTorch for CUDA on Linux. Nothing needs this module: `kv_selection.grouped_attention` is its reference,
and is used wherever `is_supported` says no.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
import triton
import triton.language as tl
from torch import Tensor

from ..models.shape_vae import KeysValues
from .kv_selection import grouped_attention

# Queries of one program, and tokens that it reads at a time.
_TILE, _STEP = 128, 64


@triton.jit
def _kernel(
    queries, keys, values, tokens, starts, lengths, owners, out,
    heads, available, selected, scale,
    width: tl.constexpr, tile: tl.constexpr, step: tl.constexpr,
):  # fmt: skip
    """One tile of queries of one group and one head; softmax over the tokens as they come."""
    number, head = tl.program_id(0), tl.program_id(1)
    start, length, group = tl.load(starts + number), tl.load(lengths + number), tl.load(owners + number)
    row, channel = tl.arange(0, tile), tl.arange(0, width)
    place = ((start + row)[:, None].to(tl.int64) * heads + head) * width + channel[None, :]
    q = tl.load(queries + place, mask=(row < length)[:, None], other=0.0)
    highest = tl.full((tile,), float("-inf"), tl.float32)
    total = tl.zeros((tile,), tl.float32)
    mixed = tl.zeros((tile, width), tl.float32)
    chosen = tokens + (group.to(tl.int64) * heads + head) * selected
    base = head * available
    for first in range(0, selected, step):
        column = first + tl.arange(0, step)
        there = column < selected
        token = base + tl.load(chosen + column, mask=there, other=0)
        block = token[:, None] * width + channel[None, :]
        k = tl.load(keys + block)
        scores = tl.dot(q, tl.trans(k), input_precision="ieee") * scale
        scores = tl.where(there[None, :], scores, float("-inf"))
        raised = tl.maximum(highest, tl.max(scores, 1))
        share = tl.exp2(scores - raised[:, None])
        shrink = tl.exp2(highest - raised)
        v = tl.load(values + block)
        total = total * shrink + tl.sum(share, 1)
        mixed = tl.dot(share.to(v.dtype), v, mixed * shrink[:, None], input_precision="ieee")
        highest = raised
    mixed = mixed / total[:, None]
    tl.store(out + place, mixed.to(out.dtype.element_ty), mask=(row < length)[:, None])


def gathered_attention(queries: Tensor, kv: KeysValues, tokens: Tensor, counts: Sequence[int]) -> Tensor:
    """As `grouped_attention`: queries [P, H, D], tokens int64 [G, H, K], counts of the G groups -> [P, H, D]."""
    queries, tokens = queries.contiguous(), tokens.int().contiguous()
    keys, values = kv.k[0].contiguous(), kv.v[0].contiguous()
    heads, available, width = keys.shape
    out = torch.empty_like(queries)
    starts, lengths, owners = (torch.from_numpy(part).to(queries.device) for part in _tiles(counts))
    _kernel[(starts.numel(), heads)](
        queries, keys, values, tokens, starts, lengths, owners, out,
        heads, available, tokens.shape[2], width**-0.5 * 1.4426950408889634,  # exp2 takes the place of exp
        width=width, tile=_TILE, step=_STEP,  # pyright: ignore[reportArgumentType]
    )  # fmt: skip
    return out


def _tiles(counts: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Groups cut into tiles: each tile's first query, number of queries and group, int32 [T]."""
    lengths = np.asarray(counts)
    number = -(-lengths // _TILE)
    owners = np.repeat(np.arange(len(lengths)), number)
    within = np.arange(len(owners)) - np.repeat(number.cumsum() - number, number)
    starts = (lengths.cumsum() - lengths)[owners] + within * _TILE
    sizes = np.minimum(lengths[owners] - within * _TILE, _TILE)
    return starts.astype(np.int32), sizes.astype(np.int32), owners.astype(np.int32)


@cache
def is_supported(device: torch.device, dtype: torch.dtype, width: int) -> bool:
    """Whether the kernel can be built here and gives what its reference gives; tried once, with a warning where it fails."""
    if device.type != "cuda" or width not in (16, 32, 64, 128) or dtype == torch.float32:
        return False
    generator = torch.Generator(device).manual_seed(0)
    counts, heads, available, selected = (130, 1, 200), 2, 256, 96
    queries, *parts = (
        torch.randn(*size, width, generator=generator, device=device).to(dtype)
        for size in ((sum(counts), heads), (1, heads, available), (1, heads, available))
    )
    tokens = torch.rand(len(counts), heads, available, generator=generator, device=device).topk(selected, sorted=False).indices
    arguments = queries, KeysValues(*parts), tokens, counts
    try:
        got = gathered_attention(*arguments)
        wrong = (got.float() - grouped_attention(*arguments).float()).abs().max().item()
        problem = "" if wrong < 0.03 else f"its answer differs by {wrong:.3g}"
    except Exception as error:  # a compiler that is missing or too old has many ways to fail
        problem = f"{type(error).__name__}: {error}".splitlines()[0]
    if problem:
        warnings.warn(f"The attention kernel is not used ({problem}); decoding is somewhat slower.", stacklevel=2)
    return not problem
