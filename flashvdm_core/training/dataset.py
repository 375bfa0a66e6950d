"""The prepared training data: what the shards on disk hold, and fast random batches of them.

A shard is a folder of `.npy` arrays with one row a prop (n props, views V, image side S):

| array | type | meaning |
|---|---|---|
| near_points, uniform_points | int16 [n, 8192 or 4096, 3] | query positions, coordinate = value / 32767 * `POINT_RANGE` |
| near_sdf, uniform_sdf | float16 [n, 8192 or 4096] | signed distance at the stored position, positive inside, not truncated |
| surface_points, sharp_points | int16 [n, 4096 or 2048, 3] | samples of the outer surface and of its sharp edges |
| surface_normals, sharp_normals | int8 [n, 4096 or 2048, 3] | outward unit normals, value / 127 |
| images | uint8 [n, V, S, S, 4] | recentred views, sRGB and straight alpha; view 0 is the front |
| cameras | float32 [n, V, 3] | yaw, elevation, field of view in degrees |
| index | int64 [n] | position of the prop in the source file |

Positions are in the core frame, shapes scaled by `scale` of `data.json` (longest side 2 * scale).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import TrainingError

POINT_RANGE = 1.1
MANIFEST = "data.json"


def encode_points(points: Tensor) -> np.ndarray:
    """Positions float32 [..., 3] within +-`POINT_RANGE` as int16."""
    return (points / POINT_RANGE * 32767).round().to(torch.int16).cpu().numpy()


def decode_points(points: np.ndarray) -> Tensor:
    """The inverse of `encode_points`, float32 to 1.7e-5."""
    return torch.from_numpy(points).float() * (POINT_RANGE / 32767)


def encode_normals(normals: Tensor) -> np.ndarray:
    """Unit normals float32 [..., 3] as int8."""
    return (normals * 127).round().to(torch.int8).cpu().numpy()


def decode_normals(normals: np.ndarray) -> Tensor:
    """The inverse of `encode_normals`, renormalised."""
    return torch.nn.functional.normalize(torch.from_numpy(normals).float(), dim=-1)


class PropData:
    """One split of a prepared folder. Points are held in memory (about 160 KB a prop), images are memory-mapped.

    A folder whose preparation is still running can be opened; it has the props of the finished shards.

    Attributes:
        names: one label a prop.
        index: int64 [n], position of each prop in the source file.
        views, size: number of images of a prop, and their side in pixels.
        scale: factor from the source's coordinates (longest side 2) to the stored ones.

    Raises:
        TrainingError: the folder is no prepared data, or holds no finished shard of the split.
    """

    def __init__(self, folder: str | Path, split: str) -> None:
        folder = Path(folder)
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise TrainingError(f"{folder} holds no prepared data; run flashvdm_core.training.prepare first.") from None
        shards = sorted(folder.glob(f"{manifest['key']}-{split}-*"))
        if not shards:
            raise TrainingError(f"{folder} has no finished {split} data; let flashvdm_core.training.prepare run on.")
        self.scale: float = manifest["scale"]
        self.views: int = manifest["views"]
        self.size: int = manifest["size"]
        self._near = _load(shards, "near_points"), _load(shards, "near_sdf")
        self._uniform = _load(shards, "uniform_points"), _load(shards, "uniform_sdf")
        self._surface = _load(shards, "surface_points"), _load(shards, "surface_normals")
        self._sharp = _load(shards, "sharp_points"), _load(shards, "sharp_normals")
        self.cameras = _load(shards, "cameras")
        self.index = _load(shards, "index")
        self.names: list[str] = [manifest["names"][position] for position in self.index]
        self._images = [np.load(shard / "images.npy", mmap_mode="r") for shard in shards]
        self._starts = np.cumsum([0] + [len(images) for images in self._images])

    def __len__(self) -> int:
        return len(self.names)

    def sample(
        self,
        indices: np.ndarray,
        n_surface: int,
        n_sharp: int,
        n_near: int,
        n_uniform: int,
        rng: np.random.Generator,
    ) -> dict[str, Tensor]:
        """A random batch of B props.

        Args:
            indices: int64 [B], props of this split.
            n_surface: surface samples a prop, at most 4096.
            n_sharp: sharp-edge samples a prop, at most 2048.
            n_near: queries near the surface a prop, at most 8192.
            n_uniform: queries uniform in [-1.05, 1.05]^3 a prop, at most 4096.
            rng: chooses the samples; they are distinct within a prop.

        Returns:
            float32 tensors: "surface" [B, n_surface, 6] and "sharp" [B, n_sharp, 6] (position, unit normal),
            "points" [B, n_near + n_uniform, 3] (near ones first) and "sdf" [B, n_near + n_uniform], positive inside.
        """
        indices = np.asarray(indices)
        near, near_sdf = _pick(self._near, indices, n_near, rng)
        uniform, uniform_sdf = _pick(self._uniform, indices, n_uniform, rng)
        oriented = {}
        for name, arrays, count in (("surface", self._surface, n_surface), ("sharp", self._sharp, n_sharp)):
            points, normals = _pick(arrays, indices, count, rng)
            oriented[name] = torch.cat([decode_points(points), decode_normals(normals)], 2)
        return oriented | {
            "points": decode_points(np.concatenate([near, uniform], 1)),
            "sdf": torch.from_numpy(np.concatenate([near_sdf, uniform_sdf], 1)).float(),
        }

    def images(self, indices: np.ndarray, view_indices: np.ndarray) -> Tensor:
        """View `view_indices[b]` of prop `indices[b]`: uint8 [B, S, S, 4], sRGB and straight alpha."""
        shard = np.searchsorted(self._starts, np.asarray(indices), side="right") - 1
        rows = np.asarray(indices) - self._starts[shard]
        pictures = [self._images[s][row, view] for s, row, view in zip(shard, rows, view_indices, strict=True)]
        return torch.from_numpy(np.stack(pictures))


def _load(shards: list[Path], name: str) -> np.ndarray:
    return np.concatenate([np.load(shard / f"{name}.npy", allow_pickle=False) for shard in shards])


def _pick(
    arrays: tuple[np.ndarray, np.ndarray], indices: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """`count` distinct rows of each prop in `indices`, the same rows of both arrays.

    Stored rows are in random order and their number is a power of two, so steps of any odd stride from any start give
    a random subset without repeats, for a fraction of what a permutation of all rows costs.
    """
    stored = arrays[0].shape[1]
    if count > stored:
        raise ValueError(f"{count} samples asked for, {stored} stored")
    start = rng.integers(stored, size=(len(indices), 1))
    stride = rng.integers(stored // 2, size=(len(indices), 1)) * 2 + 1
    rows = (start + stride * np.arange(count)) % stored
    first, second = (array[indices[:, None], rows] for array in arrays)
    return first, second
