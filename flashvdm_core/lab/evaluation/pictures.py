"""Pictures of meshes side by side, with captions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from ...api.mesh import TriangleMesh
from ..data.render import Camera, render_view
from .generation import Shown
from .held_out import HeldOutMesh
from .report import write_whole

SIDE = 220
_GREY = (176, 182, 190)
_CAPTION = 32
# Light, but not white: parts of many props are.
_GROUND = (226, 229, 233)
_VIEW = Camera(yaw=-35.0, elevation=20.0)


def generation_sheet(shown: Sequence[Shown], names: Sequence[str], path: Path) -> None:
    """One row a prop: the input, the true shape and the mesh of each row of the table, all from the input's camera."""
    rows = []
    for entry in shown:
        truth = _drawn(entry.prop.vertices.numpy(), entry.prop.faces.numpy(), entry.camera)
        rows.append([_on_ground(entry.image), truth, *(_mesh(mesh, entry.camera) for mesh in entry.meshes)])
    _write(rows, ["input", "true shape", *names], path)


def holes_sheet(shown: Sequence[tuple[HeldOutMesh, Sequence[TriangleMesh | None]]], names: Sequence[str], path: Path) -> None:
    """One row a prop: the true shape and the surfaces of the variants."""
    rows = [
        [_drawn(prop.vertices.numpy(), prop.faces.numpy(), _VIEW), *(_mesh(mesh, _VIEW) for mesh in meshes)]
        for prop, meshes in shown
    ]
    _write(rows, ["true shape", *names], path)


def _mesh(mesh: TriangleMesh | None, camera: Camera) -> Image.Image:
    if mesh is None:
        return Image.new("RGB", (SIDE, SIDE), _GROUND)
    return _drawn(mesh.vertices, mesh.faces.astype(np.int64), camera)


def _drawn(vertices: np.ndarray, faces: np.ndarray, camera: Camera) -> Image.Image:
    """A grey mesh."""
    colour = torch.tensor(_GREY, dtype=torch.uint8).expand(len(faces), 3)
    return _on_ground(render_view(torch.from_numpy(vertices), torch.from_numpy(faces), colour, camera, SIDE).numpy())


def _on_ground(rgba: np.ndarray) -> Image.Image:
    """uint8 [S, S, 4] -> a picture of the side `SIDE`."""
    image = Image.fromarray(rgba)
    ground = Image.new("RGBA", image.size, _GROUND)
    return Image.alpha_composite(ground, image).convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _write(rows: Sequence[Sequence[Image.Image]], captions: Sequence[str], path: Path) -> None:
    """Lay pictures out in a grid and write it as PNG, whole or not at all."""
    sheet = Image.new("RGB", (SIDE * len(captions), _CAPTION + SIDE * len(rows)), _GROUND)
    draw = ImageDraw.Draw(sheet)
    for column, caption in enumerate(captions):
        lines = caption.replace(", ", "\n")
        draw.multiline_text((column * SIDE + SIDE // 2, _CAPTION // 2), lines, fill="black", anchor="mm", align="center")
    for number, row in enumerate(rows):
        for column, image in enumerate(row):
            sheet.paste(image, (column * SIDE, _CAPTION + number * SIDE))
    write_whole(path, lambda partial: sheet.save(partial, "PNG"))
