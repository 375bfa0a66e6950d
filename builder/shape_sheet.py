"""The sheet of shapes in the documents: pictures that the built-in model never saw, and what the product makes of them.

    python -m builder.shape_sheet --data cc0_props.npz [SHEET.png]

takes the photographs and drawings of `cutout_sheet` and renders of held-out models, generates from each with the settings as
they come, cut out by the product itself, and draws: input, clay from the front, three quarters and the back, and in colours.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from flashvdm_core.api.events import Result
from flashvdm_core.api.mesh import Colouring
from flashvdm_core.api.tasks import Request
from flashvdm_core.image import open_image
from flashvdm_core.lab.data.meshes import PackedMeshes
from flashvdm_core.lab.data.render import Camera, random_camera, render_view
from flashvdm_core.pipeline.pipeline import Pipeline

from . import cutout_sheet
from .environments import ROOT, BuildError, say

SHEET = ROOT / "docs" / "images" / "shapes.png"
LEFT_OUT = ("camera.png", "chelsea.png", "coins.png", "clock_motion.png")
"""Of the cut-outs' sheet: several objects, parts of one, and one without a shape."""
_COLUMNS = 2
_TILE = 128  # pixels
_RENDERED = 384
_GREY, _GROUND = (176, 182, 190), (226, 229, 233)
_VIEWS = ((0.0, False), (-50.0, False), (180.0, False), (-35.0, True))
"""Azimuth in degrees, and whether in colours."""


def renders(data: Path, count: int, folder: Path) -> list[Path]:
    """Pictures of held-out models, evenly chosen, from random cameras."""
    props = PackedMeshes(data)
    held_out = [index for index in range(len(props)) if props.split(index) == "val"]
    paths = []
    for place in np.linspace(0, len(held_out) - 1, count).astype(int):
        prop = props[held_out[place]]
        camera = random_camera(np.random.default_rng(held_out[place]))
        vertices, faces = torch.from_numpy(prop.vertices), torch.from_numpy(prop.faces)
        rgba = render_view(vertices, faces, torch.from_numpy(prop.face_rgb), camera, _RENDERED)
        paths.append(folder / f"{place}.png")
        Image.fromarray(rgba.numpy()).save(paths[-1])
    return paths


def make_sheet(paths: list[Path]) -> Image.Image:
    """Each picture and its shape; a row of the sheet holds two."""
    width = _TILE * (1 + len(_VIEWS))
    sheet = Image.new("RGB", (width * _COLUMNS, _TILE * -(-len(paths) // _COLUMNS)), _GROUND)
    pipeline = Pipeline()
    for number, path in enumerate(paths):
        *_, result = pipeline.generate(Request({"front": str(path)}))
        if not isinstance(result, Result):
            raise BuildError(f"{path}: {result}")
        say(f"{path.name}: {len(result.mesh.faces)} faces, {sum(result.seconds.values()):.1f} s")
        left, top = width * (number % _COLUMNS), _TILE * (number // _COLUMNS)
        tiles = [open_image(path).picture.convert("RGBA"), *(_drawn(result, yaw, coloured) for yaw, coloured in _VIEWS)]
        for column, tile in enumerate(tiles):
            tile.thumbnail((_TILE - 4, _TILE - 4), Image.Resampling.LANCZOS)
            place = (left + column * _TILE + (_TILE - tile.width) // 2, top + (_TILE - tile.height) // 2)
            sheet.paste(tile, place, tile)
    return sheet


def _drawn(result: Result, yaw: float, coloured: bool) -> Image.Image:
    mesh, colouring = result.mesh, result.colouring
    grey = np.broadcast_to(np.array(_GREY, np.uint8), (len(mesh.faces), 3)).copy()
    colours = _face_colours(colouring) if coloured and colouring is not None else grey
    vertices, faces = torch.from_numpy(mesh.vertices), torch.from_numpy(mesh.faces.astype(np.int64))
    view = render_view(vertices, faces, torch.from_numpy(colours), Camera(yaw=yaw, elevation=15.0), 2 * _TILE)
    return Image.fromarray(view.numpy())


def _face_colours(colouring: Colouring) -> np.ndarray:
    """The texture in the middle of each face, uint8 [F, 3]."""
    middle = colouring.uvs.reshape(-1, 3, 2).mean(1)
    height, width = colouring.texture.shape[:2]
    column = (middle[:, 0] * width).astype(int).clip(0, width - 1)
    row = ((1 - middle[:, 1]) * height).astype(int).clip(0, height - 1)
    return colouring.texture[row, column]


def main() -> int:
    """Make the sheet."""
    parser = argparse.ArgumentParser(prog="python -m builder.shape_sheet", description="Draw what the built-in model makes.")
    parser.add_argument("sheet", nargs="?", type=Path, default=SHEET, help="PNG to write (default: %(default)s)")
    parser.add_argument("--data", type=Path, required=True, help="packed mesh file with held-out models")
    parser.add_argument("--renders", type=int, default=12, help="renders of held-out models (default: %(default)s)")
    given = parser.parse_args()
    try:
        gathered = [path for path in cutout_sheet.gather() if path.name not in LEFT_OUT]
        with tempfile.TemporaryDirectory() as scratch:
            sheet = make_sheet(gathered + renders(given.data, given.renders, Path(scratch)))
        sheet.convert("P", palette=Image.Palette.ADAPTIVE, colors=256).save(given.sheet, optimize=True)
    except BuildError as error:
        print(f"builder.shape_sheet: {error}", file=sys.stderr)
        return 1
    say(f"{given.sheet}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
