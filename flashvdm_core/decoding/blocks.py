"""Blocks of a picture that hang together: distances within the cut-out, how wide it is, and means over neighbours.

Arrays over blocks are [u, v], both ascending. A way (di, dj, link) leads from block (i, j) to (i + di, j + dj) where link[i, j].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..models.pixel_aligned import TO_PICTURE

BLOCKS, PLACES = 64, 4
"""Blocks along each side of a picture, and places that are tried along each side of a block."""
BLOCK = 2 / BLOCKS / TO_PICTURE
"""Side of a block in frame units."""
_WIDEST = 0.15

Way = tuple[int, int, np.ndarray]
Ways = Sequence[Way]


def shifted(array: np.ndarray, di: int, dj: int, fill: float | bool) -> np.ndarray:
    """[L, L] -> what (i + di, j + dj) has at (i, j); `fill` beyond the picture."""
    out = np.full((array.shape[0] + 2, array.shape[1] + 2), fill, array.dtype)
    out[1:-1, 1:-1] = array
    return out[1 + di : 1 + di + array.shape[0], 1 + dj : 1 + dj + array.shape[1]]


def linked(fine: np.ndarray, mask: np.ndarray, chosen: np.ndarray) -> Ways:
    """The ways between neighbouring blocks whose chosen places hang together within the two (or the four, across a corner).

    Args:
        fine: bool [L * `PLACES`, L * `PLACES`], places within the cut-out.
        mask: bool [L, L], blocks with such a place.
        chosen: int64 [L, L], a place in each block, row by row.
    """
    padded, ways = np.pad(fine, PLACES), []
    for di, dj in ((1, 0), (0, 1), (1, 1), (1, -1)):
        i, j = np.nonzero(mask & shifted(mask, di, dj, False))
        left, count = j + min(dj, 0), np.arange(len(i))
        rows = ((i + 1) * PLACES)[:, None, None] + np.arange(PLACES * (1 + di))[:, None]
        columns = ((left + 1) * PLACES)[:, None, None] + np.arange(PLACES * (1 + abs(dj)))
        window, start, end = padded[rows, columns], chosen[i, j], chosen[i + di, j + dj]
        reached = np.pad(np.zeros_like(window), ((0, 0), (1, 1), (1, 1)))
        reached[count, 1 + start // PLACES, 1 + start % PLACES + (j - left) * PLACES] = True
        for _ in range(3 * PLACES):
            tall = reached[:, :-2] | reached[:, 1:-1] | reached[:, 2:]
            reached[:, 1:-1, 1:-1] = (tall[:, :, :-2] | tall[:, :, 1:-1] | tall[:, :, 2:]) & window
        link = np.zeros_like(mask)
        link[i, j] = reached[count, 1 + end // PLACES + di * PLACES, 1 + end % PLACES + (j + dj - left) * PLACES]
        ways.append((di, dj, link))
    return both_ways(ways)


def both_ways(ways: Ways) -> Ways:
    """Each way, and the way back."""
    return [way for di, dj, link in ways for way in ((di, dj, link), (-di, -dj, shifted(link, -di, -dj, False)))]


def geodesic(
    seeds: np.ndarray, ways: Ways, carried: np.ndarray | None = None, most: float = np.inf
) -> tuple[np.ndarray, np.ndarray]:
    """Distance within the cut-out to the nearest of some blocks, in frame units.

    Args:
        seeds: bool [L, L].
        ways: between blocks.
        carried: [L, L], what seeds have and others take from their nearest.
        most: farther blocks are not reached: infinite.

    Returns:
        Distances [L, L], and what was carried.
    """
    distance = np.where(seeds, 0.0, np.inf)
    carried = np.zeros_like(distance) if carried is None else np.where(seeds, carried, 0)
    while True:
        before = distance
        for di, dj, link in ways:
            over = np.where(link, shifted(distance, di, dj, np.inf) + BLOCK * (di * di + dj * dj) ** 0.5, np.inf)
            nearer = (over < distance - 1e-9) & (over <= most)
            carried = np.where(nearer, shifted(carried, di, dj, 0), carried)
            distance = np.where(nearer, over, distance)
        if (distance == before).all():
            return distance, carried


def thickness(inside: np.ndarray) -> np.ndarray:
    """Radius of the largest circle within the cut-out that a block is in, from the distance to the outline [L, L]."""
    reach = int(_WIDEST / BLOCK) + 1
    padded, out = np.pad(np.minimum(inside, _WIDEST), reach), inside
    for di in range(-reach, reach + 1):
        for dj in range(-reach, reach + 1):
            circle = padded[reach + di : reach + di + BLOCKS, reach + dj : reach + dj + BLOCKS]
            holds = BLOCK * ((di * di + dj * dj) ** 0.5 - 0.5) <= circle
            out = np.where(holds, np.maximum(out, circle), out)
    return out


def blurred(array: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The mean over neighbours in the mask, which count a half, those across a corner a quarter."""
    mean, weight = _gathered(array, mask, lambda di, dj: (2 - abs(di)) * (2 - abs(dj)))
    return np.where(mask, mean / np.maximum(weight, 1), array)


def extended(array: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Two blocks beside what is known take their neighbours' mean, so that what is read between blocks is not spoilt."""
    for _ in range(2):
        mean, weight = _gathered(array, known, lambda di, dj: 1)
        array = np.where(known | (weight == 0), array, mean / np.maximum(weight, 1))
        known = known | (weight > 0)
    return array


def _gathered(array: np.ndarray, mask: np.ndarray, share: Callable[[int, int], int]) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sum over a block and its neighbours in the mask, and of the weights."""
    total, weight = np.zeros_like(array), np.zeros_like(array)
    for di in (-1, 0, 1):
        for dj in (-1, 0, 1):
            own = shifted(mask, di, dj, False) * share(di, dj)
            total, weight = total + own * shifted(array, di, dj, 0.0), weight + own
    return total, weight
