"""Decode the volume of one shape, level after level, at exactly the resolution that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypedDict, Unpack

from torch import Tensor

from ..api.units import BOX_HALF_SIDE
from ..models.shape_vae import PointDecoder
from ..sparse_grid import Bounds, Grid, aligned_grids
from .evaluate import Evaluator, default_chunk
from .field import Field, VecsetField
from .groups import BlockGrouping, pack_groups, sort_by_group, split_groups
from .hierarchy import Evaluate, Level, decode_levels
from .kv_selection import default_selection
from .prediction import TOLERANCE

Method = Literal["flash", "hierarchical", "dense"]

# Sub-volumes along each axis whose queries share their tokens: the published decoder's on the first level (section 3.2);
# finer ones where queries are dense near the surface, which lie closer together and so agree better (figure 17).
COARSE_CELLS, FINE_CELLS = 4, 16
LONGEST_GROUP = 4096


@dataclass(frozen=True)
class DecodeProgress:
    """How far a level is.

    Attributes:
        index: of the level; 0 for the first.
        count: number of levels.
        done: points of the level that are evaluated.
        total: points of the level that are to be evaluated, as far as is known: it grows where the surface leads out of them.
        chunk: queries in one call.
        shrunk: the chunk was made smaller, because the device ran out of memory.
    """

    index: int
    count: int
    done: int
    total: int
    chunk: int
    shrunk: bool


OnProgress = Callable[[DecodeProgress], None]
"""Called before the first chunk of queries and after each; may raise `errors.Cancelled` to stop."""


def ignore(_progress: DecodeProgress) -> None:
    """An `OnProgress` that nobody watches."""


class Options(TypedDict, total=False):
    """How a volume is decoded; `decode_volume` says what each means."""

    method: Method
    bounds: Bounds
    level: float
    min_resolution: int
    cells: tuple[int, int]
    chunk: int
    tolerance: float
    on_progress: OnProgress


def decode_shape(decoder: PointDecoder, decoded: Tensor, resolution: int, **options: Unpack[Options]) -> Iterator[Level]:
    """`decode_volume` of the shape with the decoded latents [1, N, width]; "flash" selects tokens where that pays."""
    method = options.get("method", "flash")
    selection = default_selection(decoded.shape[1]) if method == "flash" else None
    if method == "flash" and selection is None:
        method = "hierarchical"
    return decode_volume(VecsetField(decoder, decoded, selection), resolution, **(options | Options(method=method)))


def decode_volume(
    field: Field,
    resolution: int,
    *,
    method: Method = "flash",
    bounds: Bounds = BOX_HALF_SIDE,
    level: float = 0.0,
    min_resolution: int = 48,
    cells: tuple[int, int] = (COARSE_CELLS, FINE_CELLS),
    chunk: int = 0,
    tolerance: float = TOLERANCE,
    on_progress: OnProgress = ignore,
) -> Iterator[Level]:
    """Evaluate a field around its surface on ever finer grids; yield each level as it is done.

    Memory grows with the surface: only the first level is evaluated everywhere. Its grid has `min_resolution` to
    twice `min_resolution` cells an axis.

    Args:
        field: the field of one shape.
        resolution: cells along each axis of the last level.
        method: "dense" evaluates every point of one level (the oracle of the others); "hierarchical" refines around the
            surface (algorithm 1); "flash" also lets the queries of a sub-volume share selected tokens (algorithm 2).
        bounds: half size of the decoded cube in the core frame, or six numbers (minimum, maximum).
        level: logit of the surface, in (-1, 1).
        min_resolution: fewest cells of the first level.
        cells: sub-volumes along each axis that share selected tokens, on the first and on the finer levels.
        chunk: most queries in one call of the field; 0 chooses for the device.
        tolerance: how far points that are predicted rather than evaluated may move the surface, in cells of the last level; 0
            evaluates every point.
        on_progress: see `OnProgress`.

    Yields:
        The levels, coarse to fine, of which the last is the answer.

    Raises:
        MemoryLimitError: the device has not even the memory for small chunks.
    """
    coarsest = resolution if method == "dense" else min_resolution
    grids = aligned_grids(resolution, coarsest, bounds, field.device)
    evaluator = Evaluator(chunk or default_chunk(field))
    asked = evaluator.chunk

    def at(grid: Grid, index: int) -> Evaluate:
        here = field.on_grid(grid)
        grouping = BlockGrouping(cells[0] if index == 0 else cells[1])
        done, total = 0, 0

        def report(evaluated: int) -> None:
            nonlocal done
            done += evaluated
            on_progress(DecodeProgress(index, len(grids), done, total, evaluator.chunk, evaluator.chunk < asked))

        def evaluate(indices: Tensor) -> Tensor:
            nonlocal total
            total += indices.numel()
            if method != "flash" or not indices.numel():
                return evaluator.plain(here, indices, report)
            groups = split_groups(sort_by_group(grouping(grid, indices)), LONGEST_GROUP)
            return evaluator.grouped(here, indices, groups, index == 0, pack_groups, report)

        return evaluate

    return decode_levels(grids, at, level, tolerance)
