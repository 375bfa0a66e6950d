"""Plain solids for the tests of training data and metrics."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from flashvdm_core.lab.data.prepare import main as prepare


def box(
    half: tuple[float, float, float] = (0.5, 0.5, 0.5), centre: tuple[float, float, float] = (0, 0, 0)
) -> tuple[Tensor, Tensor]:
    """Vertices float32 [8, 3] and outward faces int64 [12, 3] of a box."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32)
    faces = [[0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]]
    faces += [[2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]]
    return torch.from_numpy(corners * np.float32(half) + np.float32(centre)), torch.tensor(faces)


def sphere(radius: float = 0.8, rings: int = 24) -> tuple[Tensor, Tensor]:
    """A closed sphere of latitude rings, outward faces."""
    theta = np.pi * np.arange(1, rings) / rings
    phi = np.pi * np.arange(2 * rings) / rings
    grid = np.stack(
        [np.outer(np.sin(theta), np.sin(phi)), np.outer(np.cos(theta), np.ones_like(phi)), np.outer(np.sin(theta), np.cos(phi))],
        2,
    ).reshape(-1, 3)
    vertices = np.concatenate([grid, [[0, 1, 0], [0, -1, 0]]]).astype(np.float32) * radius
    columns, top, bottom = 2 * rings, len(grid), len(grid) + 1
    faces = []
    for j in range(columns):
        k = (j + 1) % columns
        faces.append([top, j, k])
        faces.append([bottom, (rings - 2) * columns + k, (rings - 2) * columns + j])
        for i in range(rings - 2):
            a, b, c, d = i * columns + j, i * columns + k, (i + 1) * columns + j, (i + 1) * columns + k
            faces += [[a, c, d], [a, d, b]]
    return torch.from_numpy(vertices), torch.tensor(faces)


def together(*parts: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Several meshes as one."""
    vertices, faces, start = [], [], 0
    for part_vertices, part_faces in parts:
        vertices.append(part_vertices)
        faces.append(part_faces + start)
        start += len(part_vertices)
    return torch.cat(vertices), torch.cat(faces)


def prepared_boxes(folder: Path) -> Path:
    """Nine boxes of different proportions (five to train on, three to validate, one to test), prepared; returns their folder."""
    sizes = np.random.default_rng(0).uniform(0.3, 1.0, (9, 3)).astype(np.float32)
    sizes /= sizes.max(1, keepdims=True)
    vertices, faces = box((1, 1, 1))
    np.savez(
        folder / "boxes.npz",
        vertices=np.concatenate([(vertices.numpy() * s * 32767).astype(np.int16) for s in sizes]),
        vertex_offsets=np.arange(10) * 8,
        faces=np.concatenate([faces.numpy().astype(np.uint16)] * 9),
        face_offsets=np.arange(10) * 12,
        face_rgb=np.full((9 * 12, 3), 180, np.uint8),
        split=np.array([0] * 5 + [1] * 3 + [2], np.uint8),
    )
    (folder / "boxes.json").write_text(json.dumps({"models": [{"name": f"box {i}"} for i in range(9)]}))
    files = ["--data", str(folder / "boxes.npz"), "--out", str(folder / "data")]
    options = ["--views", "2", "--size", "28", "--variants", "1", "--clouds", "2", "--surface", "96", "--sharp", "32"]
    counts = ["--probes", "2048", "--near", "1024", "--uniform", "512", "--workers", "1"]
    assert prepare([*files, *options, *counts]) == 0
    return folder / "data"
