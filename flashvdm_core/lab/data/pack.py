"""Pack a folder of meshes into one file to train on: `python -m flashvdm_core.lab.data.pack FOLDER --out props.npz`.

Reads GLB, glTF, OBJ, PLY and STL through trimesh; layout of the file: `meshes.PackedMeshes`. Each mesh is centred, scaled to
the longest side 2 and given to a split by the hash of its path, so that more meshes later move no earlier one to another
split. Meshes that cannot be used are listed and left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import trimesh
from trimesh.visual.texture import TextureVisuals

from ...api.errors import TrainingError
from ...files import write_whole
from .meshes import SPLITS, ColouredMesh

SUFFIXES = (".glb", ".gltf", ".obj", ".ply", ".stl")
MOST_FACES = 100_000
_GREY = (180, 180, 180)
_SHARES = (90, 95, 100)  # percent of the hashes below which a mesh is of each split


def split_of(name: str) -> str:
    """Which split a mesh belongs to, by its name alone."""
    percent = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % 100
    return next(split for split, share in zip(SPLITS, _SHARES, strict=True) if percent < share)


def read_mesh(path: Path, name: str, z_up: bool) -> ColouredMesh:
    """One mesh file as a prop: all its objects joined with their places in the scene, coloured by face where it has colours.

    Args:
        path: mesh file.
        name: the prop's name, which decides its split.
        z_up: the file's up axis is z (and its front towards -y), as in many OBJ and STL files; otherwise y.

    Raises:
        ValueError: the file cannot be read, or has more than `MOST_FACES` faces.
    """
    try:
        parts = [part for part in trimesh.load_scene(path).dump() if isinstance(part, trimesh.Trimesh)]
        vertices, faces, colours = _joined(parts)
    except Exception as error:  # each format's reader has errors of its own
        raise ValueError(f"cannot be read ({type(error).__name__}: {error})") from error
    if len(faces) > MOST_FACES:
        raise ValueError(f"{len(faces)} faces, {MOST_FACES} at most")
    if z_up:
        vertices = vertices @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], np.float64)
    if len(vertices) and np.isfinite(vertices).all():
        low, high = vertices.min(0), vertices.max(0)
        vertices = (vertices - (low + high) / 2) * (2 / max((high - low).max(), 1e-12))
    return ColouredMesh(name, vertices.astype(np.float32), faces, colours, split_of(name))


def _joined(parts: Sequence[trimesh.Trimesh]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices float64 [V, 3], faces int64 [F, 3] and their colours uint8 [F, 3] of all parts; grey where there are none."""
    vertices, faces, colours = [np.empty((0, 3))], [np.empty((0, 3), np.int64)], [np.empty((0, 3), np.uint8)]
    start = 0
    for part in parts:
        # Joining moves no face, so the colours stay in their order.
        visual = part.visual.to_color() if isinstance(part.visual, TextureVisuals) else part.visual
        found = np.asarray(getattr(visual, "face_colors", ()), np.uint8)
        colours.append(found[:, :3] if found.shape == (len(part.faces), 4) else np.full((len(part.faces), 3), _GREY, np.uint8))
        part.merge_vertices(merge_tex=True, merge_norm=True)
        vertices.append(np.asarray(part.vertices, np.float64))
        faces.append(np.asarray(part.faces, np.int64) + start)
        start += len(part.vertices)
    return np.concatenate(vertices), np.concatenate(faces), np.concatenate(colours)


def pack(folder: Path, out: Path, z_up: bool = False) -> dict[str, str]:
    """Pack all meshes below `folder` into `out` (`.npz`, with a `.json` of their names beside it).

    Returns:
        Name -> why it was left out.

    Raises:
        TrainingError: the folder is missing, or holds no usable mesh.
    """
    if not folder.is_dir():
        raise TrainingError(f"There is no folder {folder}; give one with meshes ({', '.join(SUFFIXES)}).")
    props, faults = [], {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES):
        name = path.relative_to(folder).as_posix()
        try:
            prop = read_mesh(path, name, z_up)
            fault = prop.fault()
        except ValueError as error:
            prop, fault = None, str(error)
        if prop is None or fault:
            faults[name] = fault or "unusable"
        else:
            props.append(prop)
    if not props:
        raise TrainingError(f"{folder} holds no usable mesh ({len(faults)} were left out); give another one.")
    _write(props, out)
    return faults


def _write(props: Sequence[ColouredMesh], out: Path) -> None:
    arrays = {
        "vertices": np.concatenate([np.rint(prop.vertices * 32767).astype(np.int16) for prop in props]),
        "vertex_offsets": np.cumsum([0] + [len(prop.vertices) for prop in props]),
        "faces": np.concatenate([prop.faces.astype(np.uint32) for prop in props]),
        "face_offsets": np.cumsum([0] + [len(prop.faces) for prop in props]),
        "face_rgb": np.concatenate([prop.face_rgb for prop in props]),
        "split": np.array([SPLITS.index(prop.split) for prop in props], np.uint8),
    }
    names = json.dumps({"models": [{"name": prop.name} for prop in props]})

    def save(path: Path) -> None:
        with path.open("wb") as handle:
            np.savez_compressed(handle, **arrays)

    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, save)
    write_whole(out.with_suffix(".json"), lambda path: path.write_text(names, encoding="utf-8"))


def main(arguments: list[str] | None = None) -> int:
    """The command; exit status 1 with one sentence on failure."""
    parser = argparse.ArgumentParser(prog="python -m flashvdm_core.lab.data.pack", description="Pack meshes into one file.")
    parser.add_argument("folder", type=Path, help=f"with meshes: {', '.join(SUFFIXES)}")
    parser.add_argument("--out", type=Path, required=True, help="packed mesh file to write (.npz)")
    parser.add_argument("--z-up", action="store_true", help="the meshes' up axis is z, not y")
    given = parser.parse_args(arguments)
    try:
        faults = pack(given.folder, given.out, given.z_up)
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name, fault in faults.items():
        print(f"left out: {name}: {fault}")
    print(f"wrote {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
