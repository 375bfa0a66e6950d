"""How far the edges of block-outs move when they are refined: the table and the picture of docs/block_outs.md.

    python -m builder.block_outs [SHEET.png]

refines a box, a car and a chair of boxes with the embedded model, after pictures that it draws itself.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from flashvdm_core.api.events import Result
from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.api.tasks import BlockOut, Request
from flashvdm_core.api.units import SHAPE_HALF_SIDE
from flashvdm_core.encoding.outer_surface import point_triangle_distance
from flashvdm_core.geometry.camera import points_on
from flashvdm_core.geometry.polygons import PolygonMesh
from flashvdm_core.lab.data.procedural.generate import generate
from flashvdm_core.lab.data.render import Camera, render_view
from flashvdm_core.lab.tables import markdown
from flashvdm_core.pipeline.pipeline import Pipeline

from .environments import ROOT, say

SHEET = ROOT / "docs" / "images" / "block_outs.png"
STRENGTHS = (0.0, 0.2, 0.3, 0.5, 0.7)
_SHOWN = (0.0, 0.2, 0.5)
_RESOLUTION = 128  # finer meshes keep the edges better
_TILE = 260  # pixels
_GREY = 190
_VIEW = Camera(yaw=35.0, elevation=20.0)
_CANDIDATES = 12

Box = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Two opposite corners."""


def box(*size: float) -> TriangleMesh:
    """A box of these sides, off the origin."""
    corners = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32) * np.array(size, np.float32) + 3
    quads = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
    return TriangleMesh(corners, np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))], np.int32))


def boxes(*sides: Box) -> tuple[TriangleMesh, np.ndarray]:
    """Boxes as one mesh, and points [N, 3] along their edges that none of the others hides."""
    made = [(np.array(low, np.float32), np.array(high, np.float32)) for low, high in sides]
    meshes = [(box(*(high - low)).vertices - 3 + low, box(1, 1, 1).faces) for low, high in made]
    ends = [(i, i ^ bit) for i in range(8) for bit in (1, 2, 4) if i ^ bit > i]
    share = np.linspace(0, 1, 15)[:, None]
    points = np.concatenate([v[a] + (v[b] - v[a]) * share for v, _ in meshes for a, b in ends])
    inside = [((points >= low - 1e-4) & (points <= high + 1e-4)).all(axis=1) for low, high in made]
    vertices = np.concatenate([v for v, _ in meshes])
    faces = np.concatenate([f + 8 * number for number, (_, f) in enumerate(meshes)])
    return TriangleMesh(vertices, faces), points[np.sum(inside, axis=0) == 1]


_LEGS: list[Box] = [((x - 0.05, -0.6, z - 0.05), (x + 0.05, 0.0, z + 0.05)) for x in (-0.35, 0.35) for z in (-0.35, 0.35)]
BLOCK_OUTS = {
    "box": boxes(((-0.5, -0.4, -0.6), (0.5, 0.4, 0.6))),
    "car": boxes(((-0.4, -0.25, -1), (0.4, 0.1, 1)), ((-0.36, 0.1, -0.55), (0.36, 0.45, 0.5))),
    "chair": boxes(((-0.4, 0, -0.4), (0.4, 0.1, 0.4)), ((-0.4, 0.1, -0.4), (0.4, 1, -0.3)), *_LEGS),
}
"""Name -> the mesh, and points along its edges."""


def distance_from(result: TriangleMesh, block_out: TriangleMesh, points: np.ndarray) -> np.ndarray:
    """How far points [N, 3] of a block-out are from the result's surface, in sizes of the block-out: float32 [N]."""
    low, high = block_out.vertices.min(0), block_out.vertices.max(0)
    scale = 2 * SHAPE_HALF_SIDE / float((high - low).max())
    where = torch.from_numpy(((points - (low + high) / 2) * scale).astype(np.float32))
    corners = torch.from_numpy(result.vertices[result.faces])
    near = torch.cdist(where, corners.mean(1)).topk(min(_CANDIDATES, len(corners)), largest=False).indices
    away = point_triangle_distance(where.repeat_interleave(near.shape[1], 0), corners[near.flatten()])
    return away.view(near.shape).amin(1).numpy() / (2 * SHAPE_HALF_SIDE)


def _picture(name: str, folder: Path) -> Path:
    """A picture of something that the block-out may become."""
    prop = generate(5, 3, {"box": "chest"}.get(name, name))
    vertices = torch.from_numpy(prop.vertices.astype(np.float32) / 32767)
    faces = torch.from_numpy(prop.faces.astype(np.int64))
    pixels = render_view(vertices, faces, torch.from_numpy(prop.face_rgb), Camera(yaw=35.0), 256).numpy()
    path = folder / f"{name}.png"
    Image.fromarray(pixels).save(path)
    return path


def _drawn(mesh: TriangleMesh) -> Image.Image:
    faces = torch.from_numpy(mesh.faces.astype(np.int64))
    grey = torch.full((len(faces), 3), _GREY, dtype=torch.uint8)
    return Image.fromarray(render_view(torch.from_numpy(mesh.vertices), faces, grey, _VIEW, _TILE).numpy())


def _refined(pipeline: Pipeline, picture: Path, block_out: BlockOut) -> TriangleMesh:
    settings = {"resolution": _RESOLUTION, "preview": False, "colours": False}
    *_, last = pipeline.generate(Request({"front": str(picture)}, settings, block_out=block_out))
    if not isinstance(last, Result):
        raise SystemExit(f"builder.block_outs: {last}")
    return last.mesh


def main() -> int:
    """Print the table, and make the picture: block-out, picture, and what becomes of them."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else SHEET
    sheet = Image.new("RGB", (_TILE * (2 + len(_SHOWN)), _TILE * len(BLOCK_OUTS)), "white")
    header = ("strength", *(f"{name}: {what}" for name in BLOCK_OUTS for what in ("edges, farthest", "surface, mean")))
    rows: dict[float, list[str]] = {strength: [f"{100 * strength:.0f} %"] for strength in STRENGTHS}
    pipeline = Pipeline()
    with tempfile.TemporaryDirectory() as folder:
        for line, (name, (mesh, edges)) in enumerate(BLOCK_OUTS.items()):
            picture = _picture(name, Path(folder))
            tiles = [_drawn(mesh), Image.open(picture).resize((_TILE, _TILE))]
            surface = points_on(PolygonMesh.of(mesh))[::10]
            for strength in STRENGTHS:
                made = _refined(pipeline, picture, BlockOut(mesh, strength))
                farthest, mean = distance_from(made, mesh, edges).max(), distance_from(made, mesh, surface).mean()
                say(f"{name}, {100 * strength:.0f} %: edges {100 * farthest:.2f} %, surface {100 * mean:.2f} %")
                rows[strength] += [f"{100 * farthest:.2f} %", f"{100 * mean:.2f} %"]
                tiles += [_drawn(made)] if strength in _SHOWN else []
            for place, tile in enumerate(tiles):
                sheet.paste(tile, (place * _TILE, line * _TILE), tile)
    say("\n".join(markdown([header, *map(tuple, rows.values())])))
    sheet.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(target, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
