"""Prepare training data: `python -m flashvdm_core.training.prepare --data props.npz --out runs/data`.

Writes shards of signed distances, surface samples and pictures (layout: `dataset`). The command may be stopped at any
time and run again: finished shards are kept. Each prop has its own random stream, seeded by its place in the source, so
the result does not depend on the number of workers. Shards are named by a key made of the source file and the options;
those of other keys stay untouched and unused.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from ..errors import TrainingError
from .dataset import MANIFEST, decode_points, encode_normals, encode_points
from .meshes import PackedProps, Prop
from .render import Camera, random_camera, render_view
from .sdf import sample_sharp_edges, sample_surface, signed_distance

FORMAT = 1
SHARD = 128
QUERY_BOUND = 1.05
NEAR_SIGMAS = (0.005, 0.05)
NEAR_LIMIT = 0.25


@dataclass(frozen=True)
class Options:
    """What decides the content of the prepared data.

    `scale` leaves a margin in the decoded volume; `probes` surface points are drawn on all faces, hidden ones included.
    """

    views: int = 8
    size: int = 112
    scale: float = 0.96
    probes: int = 16384
    near: int = 8192
    uniform: int = 4096
    surface: int = 4096
    sharp: int = 2048
    seed: int = 0


def prepare_prop(prop: Prop, index: int, options: Options) -> dict[str, np.ndarray]:
    """All arrays of one prop, without the leading axis that a shard adds (see `dataset`)."""
    rng = np.random.default_rng([options.seed, index])
    vertices = torch.from_numpy(prop.vertices) * options.scale
    faces, face_rgb = torch.from_numpy(prop.faces), torch.from_numpy(prop.face_rgb)
    surface = sample_surface(vertices, faces, options.probes, rng)

    chosen = rng.permutation(np.resize(np.arange(len(surface.points)), max(options.near, len(surface.points))))
    anchor, outward = surface.points[chosen[: options.near]], surface.normals[chosen[: options.near]]
    sigma = np.resize(NEAR_SIGMAS, (options.near, 1))
    offset = torch.from_numpy((rng.standard_normal((options.near, 1)) * sigma).clip(-NEAR_LIMIT, NEAR_LIMIT)).float()
    near = encode_points((anchor + offset * outward).clamp(-QUERY_BOUND, QUERY_BOUND))
    shuffled = rng.permutation(options.near)
    uniform = encode_points(torch.from_numpy(rng.uniform(-QUERY_BOUND, QUERY_BOUND, (options.uniform, 3))).float())
    # Distances belong to the stored, rounded positions.
    queries = decode_points(np.concatenate([near[shuffled], uniform]))
    sdf = signed_distance(vertices, faces, surface, queries).half().numpy()

    sharp_points, sharp_normals = sample_sharp_edges(vertices, faces, surface, options.sharp, rng)
    cameras = [Camera()] + [random_camera(rng) for _ in range(options.views - 1)]
    kept = chosen[: options.surface]
    return {
        "near_points": near[shuffled],
        "near_sdf": sdf[: options.near],
        "uniform_points": uniform,
        "uniform_sdf": sdf[options.near :],
        "surface_points": encode_points(surface.points[kept]),
        "surface_normals": encode_normals(surface.normals[kept]),
        "sharp_points": encode_points(sharp_points),
        "sharp_normals": encode_normals(sharp_normals),
        "images": torch.stack([render_view(vertices, faces, face_rgb, camera, options.size) for camera in cameras]).numpy(),
        "cameras": np.array([(camera.yaw, camera.elevation, camera.fov) for camera in cameras], np.float32),
        "index": np.array(index, np.int64),
    }


def write_shard(source: Path, target: Path, indices: list[int], options: Options) -> float:
    """Prepare the props `indices` of the packed file `source` and put the finished folder at `target`. Returns seconds."""
    torch.set_num_threads(1)
    started = time.perf_counter()
    props = PackedProps(source)
    rows = [prepare_prop(props[index], index, options) for index in indices]
    folder = target.with_name(f".{target.name}.part")
    shutil.rmtree(folder, ignore_errors=True)  # left by a run that was killed
    folder.mkdir()
    for name in rows[0]:
        np.save(folder / f"{name}.npy", np.stack([row[name] for row in rows]), allow_pickle=False)
    os.replace(folder, target)
    return time.perf_counter() - started


def plan(props: PackedProps, key: str, limit: int) -> tuple[dict[str, list[int]], dict[str, str]]:
    """Sort props into shards: (shard name -> indices, held-out splits first; "index name" -> why it is left out)."""
    faults = {index: fault for index in range(len(props)) if (fault := props[index].fault())}
    shards = {}
    for split in ("val", "test", "train"):
        usable = [index for index in range(len(props)) if props.split(index) == split and index not in faults]
        usable = usable[: limit or None]
        for number, start in enumerate(range(0, len(usable), SHARD)):
            shards[f"{key}-{split}-{number:04d}"] = usable[start : start + SHARD]
    return shards, {f"{index} {props.names[index]}": fault for index, fault in faults.items()}


def prepare(source: Path, out: Path, options: Options, workers: int = 1, limit: int = 0) -> None:
    """Write all shards that are missing from `out`, and the manifest that names the valid ones.

    Args:
        source: packed mesh file (`meshes.PackedProps`).
        out: folder of the prepared data, made if it does not exist.
        options: what to store.
        workers: processes; each uses one thread.
        limit: at most so many props of each split; 0 for all.

    Raises:
        TrainingError: the source is not usable, or the disk is full.
    """
    props = PackedProps(source)
    digest = hashlib.sha256(source.read_bytes())
    digest.update(json.dumps([FORMAT, limit, asdict(options)]).encode())
    key = digest.hexdigest()[:12]
    shards, faults = plan(props, key, limit)
    out.mkdir(parents=True, exist_ok=True)
    manifest = {"key": key, "format": FORMAT, **asdict(options), "left_out": faults, "names": props.names}
    partial = out / f".{MANIFEST}.part"
    partial.write_text(json.dumps(manifest), encoding="utf-8")
    os.replace(partial, out / MANIFEST)
    missing = {name: indices for name, indices in shards.items() if not (out / name).exists()}
    print(f"{len(props)} props, {len(faults)} left out, {len(missing)} of {len(shards)} shards to do", flush=True)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = {pool.submit(write_shard, source, out / name, indices, options): name for name, indices in missing.items()}
        try:
            for done, job in enumerate(as_completed(jobs), 1):
                print(f"{jobs[job]}: {len(missing[jobs[job]])} props in {job.result():.0f} s ({done}/{len(jobs)})", flush=True)
        except OSError as error:
            pool.shutdown(cancel_futures=True)
            raise TrainingError(f"Cannot write to {out} ({error.strerror}); free space there and run again.") from error


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m flashvdm_core.training.prepare", description="Prepare training data.")
    parser.add_argument("--data", type=Path, required=True, help="packed mesh file (.npz)")
    parser.add_argument("--out", type=Path, required=True, help="folder of the prepared data")
    parser.add_argument("--views", type=int, default=Options.views, help="pictures of each prop")
    parser.add_argument("--size", type=int, default=Options.size, help="side of the pictures in pixels")
    parser.add_argument("--limit", type=int, default=0, help="at most so many props of each split; 0 for all")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--seed", type=int, default=Options.seed)
    given = parser.parse_args(arguments)
    options = Options(views=given.views, size=given.size, seed=given.seed)
    try:
        prepare(given.data, given.out, options, given.workers, given.limit)
    except TrainingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
