"""The prepared training data: what the shards on disk hold, and fast random batches of them.

A shard is a folder of `.npy` arrays with one row a shape (n rows, clouds K, views V, image side S). Kind "points":

| array | type | meaning |
|---|---|---|
| near_points, uniform_points | int16 [n, 8192 or 4096, 3] | query positions, coordinate = value / 32767 * `POINT_RANGE` |
| near_sdf, uniform_sdf | float16 [n, 8192 or 4096] | signed distance at the stored position, positive inside, not truncated |
| surface_points, sharp_points | int16 [n, K, 1536 or 512, 3] | samples of surface and sharp edges, farthest first |
| surface_normals, sharp_normals | int8 [n, K, 1536 or 512, 3] | outward unit normals, value / 127 |
| index | int64 [n] | position of the prop in the source file |

and kind "views", with the same rows:

| array | type | meaning |
|---|---|---|
| images | uint8 [n, V, S, S, 4] | recentred views, sRGB and straight alpha; view 0 is the front |
| cameras | float32 [n, V, 3] | yaw, elevation, field of view in degrees |
| index | int64 [n] | position of the prop in the source file |

Positions are in the core frame, shapes scaled by `scale` of `data.json` (longest side 2 * scale).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from ...api.errors import TrainingError
from ...api.fields import Fields, parse_object
from ...api.npy import Shape, read_npy, read_npy_header
from ...files import open_file, read_file
from ...models.shape_vae import Surface
from .meshes import MAX_ARRAY

KINDS = ("points", "views")
POINT_RANGE = 1.1
MANIFEST = "data.json"
_MAX_MANIFEST = 1 << 28  # bytes
_POINTS, _CLOUDS = (None, None, 3), (None, None, None, 3)
_ARRAYS: Mapping[str, tuple[type, Shape]] = {
    "near_points": (np.int16, _POINTS),
    "near_sdf": (np.float16, (None, None)),
    "uniform_points": (np.int16, _POINTS),
    "uniform_sdf": (np.float16, (None, None)),
    "surface_points": (np.int16, _CLOUDS),
    "surface_normals": (np.int8, _CLOUDS),
    "sharp_points": (np.int16, _CLOUDS),
    "sharp_normals": (np.int8, _CLOUDS),
    "images": (np.uint8, (None, None, None, None, 4)),
    "cameras": (np.float32, _POINTS),
    "index": (np.int64, (None,)),
}

T = TypeVar("T")


def encode_points(points: Tensor) -> np.ndarray:
    """Positions float32 [..., 3] within +-`POINT_RANGE` as int16."""
    return (points / POINT_RANGE * 32767).round().to(torch.int16).cpu().numpy()


def decode_points(points: np.ndarray | Tensor) -> Tensor:
    """The inverse of `encode_points`, float32 to 1.7e-5."""
    return torch.as_tensor(points).float() * (POINT_RANGE / 32767)


def encode_normals(normals: Tensor) -> np.ndarray:
    """Unit normals float32 [..., 3] as int8."""
    return (normals * 127).round().to(torch.int8).cpu().numpy()


def decode_normals(normals: np.ndarray | Tensor) -> Tensor:
    """The inverse of `encode_normals`, renormalised."""
    return torch.nn.functional.normalize(torch.as_tensor(normals).float(), dim=-1)


class Shards:
    """The finished shards of one kind and split in a prepared folder.

    A folder whose preparation is still running can be opened; it has the rows of the finished shards.

    Raises:
        TrainingError: the folder is no prepared data, or holds no finished shard of this kind and split.
    """

    def __init__(self, folder: str | Path, kind: str, split: str) -> None:
        folder = Path(folder)
        try:
            self.manifest = _checked_manifest(parse_object(read_file(folder / MANIFEST, _MAX_MANIFEST)))
        except (OSError, ValueError):
            raise TrainingError(f"{folder} holds no prepared data; run flashvdm_core.lab.data.prepare first.") from None
        self.folders = sorted(folder.glob(f"{self.manifest['key']}-{kind}-{split}-*"))
        if not self.folders:
            raise TrainingError(f"{folder} has no finished {split} {kind}; let flashvdm_core.lab.data.prepare run on.")

    @property
    def key(self) -> str:
        """Tells these shards from any others."""
        return f"{self.manifest['key']} {len(self.folders)}"

    def load(self, name: str) -> np.ndarray:
        """One array of all shards.

        Raises:
            TrainingError: it is missing, damaged or of another layout in one of them.
        """
        parts = [self._part(shard, name) for shard in self.folders]
        self._check_rows(name, [part.shape for part in parts])
        return np.concatenate(parts)

    def tensor(self, name: str, device: torch.device) -> Tensor:
        """One array of all shards, on a device; never twice in the host's memory. Raises as `load` does."""
        heads = [self._read(shard, name, read_npy_header) for shard in self.folders]
        self._check_rows(name, [shape for _, shape in heads])
        dtype = torch.from_numpy(np.empty(0, heads[0][0])).dtype
        rows = [shape[0] for _, shape in heads]
        whole = torch.empty((sum(rows), *heads[0][1][1:]), dtype=dtype, device=device)
        for target, shard in zip(whole.split(rows), self.folders, strict=True):
            target.copy_(torch.from_numpy(self._part(shard, name)))
        return whole

    def _part(self, shard: Path, name: str) -> np.ndarray:
        part = self._read(shard, name, read_npy)
        if name == "index" and part.size and not 0 <= part.min() <= part.max() < len(self.manifest["names"]):
            raise TrainingError(f"{shard / name}.npy names props that are not there; prepare the data anew.")
        return part

    def _read(self, shard: Path, name: str, read: Callable[[BufferedReader, int, type, Shape, int], T]) -> T:
        path = shard / f"{name}.npy"
        try:
            with open_file(path) as file:
                return read(file, os.fstat(file.fileno()).st_size, *_ARRAYS[name], MAX_ARRAY)
        except (OSError, ValueError) as error:
            raise TrainingError(f"{path} is damaged or missing ({error}); remove its folder and prepare it anew.") from None

    def _check_rows(self, name: str, shapes: Sequence[tuple[int, ...]]) -> None:
        if len({shape[1:] for shape in shapes}) != 1:
            raise TrainingError(f"The shards in {self.folders[0].parent} hold {name} of several sizes; prepare the data anew.")


def _checked_manifest(fields: Fields) -> dict[str, Any]:
    """What is asked for of it; ValueError where something is missing."""
    names = fields.value("names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("it has no names")
    key = fields.text("key")
    if not key.isalnum():  # a pattern of files is made of it
        raise ValueError("it has no key")
    return {"key": key, "names": names, "scale": fields.number("scale", 0), "clouds": fields.integer("clouds", 1, 1 << 20)}


class ShapeData:
    """Points of one split, in the memory of a device (about 170 KB a row).

    Attributes:
        names: one label a row.
        index: int64 [n], position of each row's prop in the source file.
        scale: factor from the source's coordinates (longest side 2) to the stored ones.
        clouds: point clouds of a row.
        key: tells this data from any other.
    """

    def __init__(self, folder: str | Path, split: str, device: torch.device | str = "cpu") -> None:
        shards = Shards(folder, "points", split)
        self.device = torch.device(device)
        self.key = shards.key
        self.scale: float = shards.manifest["scale"]
        self.clouds: int = shards.manifest["clouds"]
        self.index = shards.load("index")
        self.names: list[str] = [shards.manifest["names"][position] for position in self.index]
        self._arrays = {
            name: shards.tensor(name, self.device)
            for kind in ("near", "uniform", "surface", "sharp")
            for name in (f"{kind}_points", f"{kind}_normals" if kind in ("surface", "sharp") else f"{kind}_sdf")
        }

    def __len__(self) -> int:
        return len(self.names)

    def stored(self, kind: str) -> int:
        """How many queries of the kind "near" or "uniform" a row has."""
        return self._arrays[f"{kind}_points"].shape[1]

    def queries(self, rows: Tensor, near: int, uniform: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Random query points and their distances.

        Args:
            rows: int64 [B].
            near: queries near the surface a row, at most as many as are stored.
            uniform: queries uniform in the cube of `queries.QUERY_BOUND` a row, likewise.
            rng: chooses the samples; they are distinct within a row.

        Returns:
            Positions float32 [B, near + uniform, 3] (near ones first) and signed distances float32
            [B, near + uniform], positive inside.
        """
        points, distances = [], []
        for kind, count in (("near", near), ("uniform", uniform)):
            positions, sdf = self._arrays[f"{kind}_points"], self._arrays[f"{kind}_sdf"]
            chosen = _distinct(len(rows), positions.shape[1], count, rng)
            points.append(decode_points(positions[rows[:, None], chosen]))
            distances.append(sdf[rows[:, None], chosen].float())
        return torch.cat(points, 1), torch.cat(distances, 1)

    def surfaces(self, rows: Tensor, clouds: Tensor, num_latents: int) -> Surface:
        """What an encoder of `num_latents` tokens reads of the rows int64 [B], cloud int64 [B] of each.

        `data` float32 [B, n, 7] holds positions, normals and the sharp-edge flag; `queries` [B, num_latents, 7] the
        farthest points of both parts, in proportion to their sizes.

        Raises:
            TrainingError: fewer points are prepared than the encoder has tokens.
        """
        data, queries = [], []
        uniform, sharp = self._arrays["surface_points"].shape[2], self._arrays["sharp_points"].shape[2]
        # The published encoder divides its queries in the same way.
        from_uniform = int(uniform / (uniform + sharp) * num_latents)
        if num_latents > uniform + sharp:
            raise TrainingError(
                f"The encoder has {num_latents} tokens and the prepared clouds {uniform} + {sharp} points; prepare more "
                "of them (--surface and --sharp)."
            )
        for kind, count, flag in (("surface", from_uniform, 0.0), ("sharp", num_latents - from_uniform, 1.0)):
            positions = decode_points(self._arrays[f"{kind}_points"][rows, clouds])
            normals = decode_normals(self._arrays[f"{kind}_normals"][rows, clouds])
            part = torch.cat([positions, normals, torch.full_like(positions[..., :1], flag)], dim=-1)
            data.append(part)
            queries.append(part[:, :count])
        return Surface(torch.cat(data, 1), torch.cat(queries, 1))


class ViewData:
    """Pictures of one split, in the memory of a device.

    Attributes:
        views, size: number of pictures of a row, and their side in pixels.
        cameras: float32 [n, V, 3].
        index: int64 [n], position of each row's prop in the source file.
        key: tells this data from any other.
    """

    def __init__(self, folder: str | Path, split: str, device: torch.device | str = "cpu") -> None:
        shards = Shards(folder, "views", split)
        self.index = shards.load("index")
        self.cameras = shards.load("cameras")
        self.key = shards.key
        self._images = shards.tensor("images", torch.device(device))
        self.views, self.size = self._images.shape[1:3]

    def images(self, rows: Tensor, views: Tensor) -> Tensor:
        """View `views[b]` of row `rows[b]`: uint8 [B, S, S, 4], sRGB and straight alpha."""
        return self._images[rows, views]


def _distinct(batch: int, stored: int, count: int, rng: torch.Generator) -> Tensor:
    """`count` distinct indices below `stored` for each of `batch` rows: int64 [batch, count].

    Stored samples are in random order and their number is a power of two, so steps of any odd stride from any start give
    a random subset without repeats, for a fraction of what a permutation costs.
    """
    if count > stored:
        raise ValueError(f"{count} samples asked for, {stored} stored")
    start = torch.randint(stored, (batch, 1), generator=rng, device=rng.device)
    stride = torch.randint(max(1, stored // 2), (batch, 1), generator=rng, device=rng.device) * 2 + 1
    return (start + stride * torch.arange(count, device=rng.device)) % stored
