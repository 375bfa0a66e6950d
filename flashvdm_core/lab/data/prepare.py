"""Prepare training data: `python -m flashvdm_core.lab.data.prepare --data props.npz --out runs/data`.

Writes shards of points (surface samples and signed distances, on the GPU where there is one) and of views (pictures, on
the CPU); layout: `dataset`. The command may be stopped at any time and run again: finished shards are kept. Each row has
its own random stream, seeded by the prop's place in the source, so the result does not depend on the number of workers.
Shards are named by a key made of the source file and the options; those of other keys stay untouched and unused.

Training props come in several variants: as they are, and stretched at random along each axis. A stretched prop is a new
shape with pictures of its own, and its distances are computed anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, fields
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...api.errors import TrainingError
from ...api.units import SHAPE_HALF_SIDE
from ...encoding.samples import Surface, sample_sharp_edges
from ...files import open_file, try_lock
from ...models.shape_vae import farthest_points
from ..files import device_of_choice, write_json
from ..options import checked, number
from .dataset import KINDS, MANIFEST, decode_points, encode_normals, encode_points
from .meshes import ColouredMesh, PackedMeshes
from .queries import NEAR_SIGMAS, QUERY_BOUND, near_offsets, uniform_points
from .render import Camera, random_camera, render_view
from .sdf import sample_surface, signed_distance

FORMAT = 2
SHARD = 128
LOCK = "prepare.lock"


RANGES: Mapping[str, tuple[float, float]] = {
    "views": (1, 1024),
    "size": (8, 4096),
    "variants": (1, 1000),
    "stretch": (1, 10),
    "scale": (0.01, 1),
    "probes": (64, 1 << 22),
    "near": (1, 1 << 22),
    "uniform": (1, 1 << 22),
    "clouds": (1, 1024),
    "surface": (1, 1 << 20),
    "sharp": (1, 1 << 20),
    "farthest": (0, 1),
    "seed": (0, 2**31 - 1),
}
"""The least and the most that each of the options may be."""


@dataclass(frozen=True)
class Options:
    """What decides the content of the prepared data.

    Attributes:
        views, size: pictures of each row, and their side in pixels.
        variants: rows of a training prop: itself, and stretched copies.
        stretch: a stretched axis is scaled by a factor between 1 / stretch and stretch.
        scale: half the longest side of a shape, which leaves a margin in the decoded volume.
        probes: points drawn on all faces, hidden ones included; those on the outer surface are used.
        near, uniform: queries near the surface and in the whole volume (powers of two).
        clouds, surface, sharp: point clouds of a row, each with so many uniform and sharp-edge points.
        farthest: share of each cloud that is put in front by farthest point sampling.
        seed: of all random numbers.
    """

    views: int = 8
    size: int = 112
    variants: int = 3
    stretch: float = 1.35
    scale: float = SHAPE_HALF_SIDE
    probes: int = 8192
    near: int = 8192
    uniform: int = 4096
    clouds: int = 4
    surface: int = 1536
    sharp: int = 512
    farthest: float = 0.25
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises TrainingError for a value out of its range."""
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if checked(name, value, type(value), low, high) and name in ("near", "uniform") and value & (value - 1):
                raise TrainingError(f"'{name}' must be a power of two, not {value}.")


@dataclass(frozen=True, order=True)
class Row:
    """One row of the data: variant `variant` of the prop at `index` in the source."""

    variant: int
    index: int

    def rng(self, options: Options, stream: int) -> np.random.Generator:
        """The row's random numbers; `stream` keeps the shape, its points and its views apart."""
        return np.random.default_rng([options.seed, self.index, self.variant, stream])


def shaped(prop: ColouredMesh, row: Row, options: Options) -> np.ndarray:
    """Vertices float32 [V, 3] of a row: stretched unless it is variant 0, the longest side 2 * `options.scale`."""
    vertices = prop.vertices
    if row.variant:
        vertices = vertices * options.stretch ** row.rng(options, 0).uniform(-1, 1, 3).astype(np.float32)
        vertices = vertices / np.abs(vertices).max()
    return vertices * np.float32(options.scale)


def row_points(prop: ColouredMesh, row: Row, options: Options, device: torch.device) -> dict[str, np.ndarray]:
    """The arrays of a row of kind "points" (see `dataset`), the clouds still in random order."""
    rng = row.rng(options, 1)
    vertices = torch.from_numpy(shaped(prop, row, options)).to(device)
    faces = torch.from_numpy(prop.faces).to(device)
    surface = sample_surface(vertices, faces, options.probes, rng)
    queries = _queries(surface, options, rng)
    # Distances belong to the stored, rounded positions.
    sdf = signed_distance(vertices, faces, surface, decode_points(queries).to(device)).half().cpu().numpy()
    chosen = _resized(rng.permutation(len(surface.points)), options.clouds * options.surface).to(device)
    sharp_points, sharp_normals = sample_sharp_edges(vertices, faces, surface, options.clouds * options.sharp, rng)
    return {
        "near_points": queries[: options.near],
        "near_sdf": sdf[: options.near],
        "uniform_points": queries[options.near :],
        "uniform_sdf": sdf[options.near :],
        "surface_points": encode_points(surface.points[chosen]).reshape(options.clouds, options.surface, 3),
        "surface_normals": encode_normals(surface.normals[chosen]).reshape(options.clouds, options.surface, 3),
        "sharp_points": encode_points(sharp_points).reshape(options.clouds, options.sharp, 3),
        "sharp_normals": encode_normals(sharp_normals).reshape(options.clouds, options.sharp, 3),
    }


def _queries(surface: Surface, options: Options, rng: np.random.Generator) -> np.ndarray:
    """Encoded query positions int16 [near + uniform, 3]: around surface samples, and anywhere."""
    anchors = _resized(rng.permutation(len(surface.points)), options.near).to(surface.points.device)
    sigma = rng.permutation(np.resize(NEAR_SIGMAS, options.near))[:, None]
    near = surface.points[anchors] + torch.from_numpy(near_offsets(sigma, rng)).to(surface.points) * surface.normals[anchors]
    uniform = torch.from_numpy(uniform_points(options.uniform, rng))
    return np.concatenate([encode_points(near.clamp(-QUERY_BOUND, QUERY_BOUND)), encode_points(uniform)])


def _resized(indices: np.ndarray, count: int) -> Tensor:
    """The first `count` indices, or all of them again and again until there are so many."""
    return torch.from_numpy(np.resize(indices, count))


def farthest_first(rows: dict[str, np.ndarray], options: Options, device: torch.device) -> None:
    """Bring the farthest points to the front of each cloud of a shard, in place: an encoder reads its queries off there."""
    for kind in ("surface", "sharp"):
        points, normals = rows[f"{kind}_points"], rows[f"{kind}_normals"]
        positions = decode_points(points).to(device).flatten(0, 1)
        count = positions.shape[1]
        picked = farthest_points(positions, max(1, int(options.farthest * count)))
        rank = torch.full(positions.shape[:2], count, device=device)
        rank.scatter_(1, picked, torch.arange(picked.shape[1], device=device).expand_as(picked))
        order = rank.argsort(dim=1, stable=True).view(*points.shape[:3], 1).cpu().numpy()
        rows[f"{kind}_points"] = np.take_along_axis(points, order, 2)
        rows[f"{kind}_normals"] = np.take_along_axis(normals, order, 2)


def row_views(prop: ColouredMesh, row: Row, options: Options) -> dict[str, np.ndarray]:
    """The arrays of a row of kind "views" (see `dataset`)."""
    rng = row.rng(options, 2)
    vertices, faces = torch.from_numpy(shaped(prop, row, options)), torch.from_numpy(prop.faces)
    cameras = [Camera()] + [random_camera(rng) for _ in range(options.views - 1)]
    pictures = [render_view(vertices, faces, torch.from_numpy(prop.face_rgb), camera, options.size) for camera in cameras]
    return {
        "images": torch.stack(pictures).numpy(),
        "cameras": np.array([(camera.yaw, camera.elevation, camera.fov) for camera in cameras], np.float32),
    }


def write_shard(source: Path, target: Path, kind: str, rows: list[Row], options: Options) -> float:
    """Prepare `rows` of the packed file `source` and put the finished folder at `target`. Returns seconds."""
    torch.set_num_threads(1)
    started = time.perf_counter()
    device = device_of_choice() if kind == "points" else torch.device("cpu")
    props = PackedMeshes(source)
    if kind == "points":
        single = [row_points(props[row.index], row, options, device) for row in rows]
    else:
        single = [row_views(props[row.index], row, options) for row in rows]
    arrays = {name: np.stack([row[name] for row in single]) for name in single[0]}
    if kind == "points":
        farthest_first(arrays, options, device)
    arrays["index"] = np.array([row.index for row in rows], np.int64)
    folder = target.with_name(f".{target.name}.part")
    shutil.rmtree(folder, ignore_errors=True)  # left by a run that was killed
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    os.replace(folder, target)
    return time.perf_counter() - started


def plan(props: PackedMeshes, options: Options, limit: int) -> tuple[dict[str, list[Row]], dict[str, str]]:
    """Sort rows into shards: ("split-number" -> rows, held-out splits first; "index name" -> why a prop is left out)."""
    faults = {index: fault for index in range(len(props)) if (fault := props[index].fault())}
    shards = {}
    for split in ("val", "test", "train"):
        usable = [index for index in range(len(props)) if props.split(index) == split and index not in faults]
        variants = options.variants if split == "train" else 1
        rows = [Row(variant, index) for variant in range(variants) for index in usable[: limit or None]]
        for place, start in enumerate(range(0, len(rows), SHARD)):
            shards[f"{split}-{place:04d}"] = rows[start : start + SHARD]
    return shards, {f"{index} {props.names[index]}": fault for index, fault in faults.items()}


def prepare(source: Path, out: Path, options: Options, workers: int = 1, limit: int = 0, kinds: tuple[str, ...] = KINDS) -> None:
    """Write all shards that are missing from `out`, and the manifest that names the valid ones.

    Args:
        source: packed mesh file (`meshes.PackedMeshes`).
        out: folder of the prepared data, made if it does not exist.
        options: what to store.
        workers: processes, each of which uses one thread; one works in this process.
        limit: at most so many props of each split; 0 for all.
        kinds: "points", "views" or both.

    Raises:
        TrainingError: the source is not usable, has no usable mesh, or the disk is full.
    """
    props = PackedMeshes(source)
    with open_file(source) as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(json.dumps([FORMAT, limit, asdict(options)]).encode())
    key = digest.hexdigest()[:12]
    shards, faults = plan(props, options, limit)
    if not shards:
        raise TrainingError(f"{source} holds no usable mesh ({len(faults)} were left out); give another file.")
    manifest = {"key": key, "format": FORMAT, **asdict(options), "left_out": faults, "names": props.names}
    wanted = {f"{key}-{kind}-{name}": (kind, rows) for kind in kinds for name, rows in shards.items()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        with (out / LOCK).open("ab") as lock:
            if not try_lock(lock):
                raise TrainingError(f"Another preparation writes to {out}; wait for its end, or choose another folder.")
            write_json(out / MANIFEST, manifest)
            missing = {name: job for name, job in wanted.items() if not (out / name).exists()}
            print(f"{len(props)} props, {len(faults)} left out, {len(missing)} of {len(wanted)} shards to do", flush=True)
            _write_shards(source, out, missing, options, workers)
    except OSError as error:
        raise TrainingError(f"Cannot write to {out} ({error.strerror}); free space there and run again.") from error
    except BrokenExecutor as error:
        message = "A process that prepares data was killed, most likely for want of memory; run again with fewer --workers."
        raise TrainingError(message) from error


_Job = tuple[Path, Path, str, list[Row], Options]
"""What `write_shard` is called with."""


def _write_shards(source: Path, out: Path, missing: Mapping[str, tuple[str, list[Row]]], options: Options, workers: int) -> None:
    jobs = {name: (source, out / name, *job, options) for name, job in missing.items()}
    seconds = _in_turn(jobs) if workers == 1 else _side_by_side(jobs, workers)
    for done, (name, taken) in enumerate(seconds, 1):
        print(f"{name}: {len(missing[name][1])} rows in {taken:.0f} s ({done}/{len(jobs)})", flush=True)


def _in_turn(jobs: Mapping[str, _Job]) -> Iterator[tuple[str, float]]:
    """Do the jobs in this process, which spares the start of another: yields (name, seconds)."""
    for name, job in jobs.items():
        yield name, write_shard(*job)


def _side_by_side(jobs: Mapping[str, _Job], workers: int) -> Iterator[tuple[str, float]]:
    """Do the jobs in so many processes: yields (name, seconds) as they end."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        names = {pool.submit(write_shard, *job): name for name, job in jobs.items()}
        try:
            for job in as_completed(names):
                yield names[job], job.result()
        except OSError:
            pool.shutdown(cancel_futures=True)
            raise


def main(arguments: list[str] | None = None) -> int:
    """The command; exit status 1 with one sentence on failure."""
    parser = argparse.ArgumentParser(prog="python -m flashvdm_core.lab.data.prepare", description="Prepare training data.")
    parser.add_argument("--data", type=Path, required=True, help="packed mesh file (.npz)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the prepared data")
    parser.add_argument("--kind", choices=KINDS, action="append", help="prepare this kind only (default: all)")
    parser.add_argument("--limit", type=number(int, 0), default=0, help="at most so many props of each split; 0 for all")
    parser.add_argument("--workers", type=number(int, 1, 1024), default=2, help="processes")
    for option in fields(Options):
        kind = number(type(option.default), *RANGES[option.name])
        parser.add_argument(f"--{option.name}", type=kind, default=option.default, help="(default: %(default)s)")
    given = parser.parse_args(arguments)
    try:
        options = Options(**{option.name: getattr(given, option.name) for option in fields(Options)})
        prepare(given.data, given.out, options, given.workers, given.limit, tuple(given.kind or KINDS))
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
