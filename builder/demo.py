"""`build.py demo`: an image to a mesh in real Blender, from the zip a user would install."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from .environments import MAIN, ROOT, BuildError, say
from .extension import build_zips

SAMPLE = ROOT / "docs" / "images" / "sample.png"
# On two cores without a GPU the whole scene takes a fraction of this; a Blender that hangs must not hang the demo.
_LIMIT = 900.0


def demo(image: Path) -> int:
    """Generate a mesh from `image`; leave .blend, .glb and .png in build/demo and print where and how long.

    Raises BuildError where the image is missing or Blender does not finish.
    """
    image = image.resolve()
    if not image.is_file():
        raise BuildError(f"The image {image} does not exist: name an image file.")
    python = MAIN.ensure()
    output = ROOT / "build" / "demo"
    output.mkdir(parents=True, exist_ok=True)
    say("Building the extension")
    archive = build_zips(ROOT / "build" / "zip")[0]
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        order = {"zip": archive, "image": image, "output": output, "report": report}
        _run_scene(python, order, Path(scratch), output / "blender.log")
        made = json.loads(report.read_text(encoding="utf-8"))
    say(f"{made['object']}: {made['vertices']} vertices, {made['triangles']} triangles")
    for name, seconds in made["seconds"].items():
        print(f"   {name:<40} {seconds:8.2f} s")
    for path in made["files"]:
        say(path)
    return 0


def _run_scene(python: Path, order: dict[str, Path], scratch: Path, log: Path) -> None:
    """Run the scene script in Blender, whose many lines go to `log`; BuildError shows the last of them."""
    say("Generating and rendering in Blender")
    command = [python, ROOT / "builder" / "demo_scene.py", json.dumps({key: str(path) for key, path in order.items()})]
    environment = os.environ | {"BLENDER_USER_RESOURCES": str(scratch / "blender"), "FLASHVDM_PYTHON": str(python)}
    with log.open("w", encoding="utf-8") as lines:
        try:
            ended = subprocess.run(
                command, cwd=ROOT, env=environment, stdout=lines, stderr=subprocess.STDOUT, timeout=_LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            raise BuildError(f"Blender did not finish within {_LIMIT:.0f} s; {log} says how far it came.") from None
    if ended.returncode != 0 and order["report"].exists():
        raise BuildError(json.loads(order["report"].read_text(encoding="utf-8"))["error"])
    if ended.returncode != 0:
        print("".join(log.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)[-20:]))
        raise BuildError(f"Blender failed with exit status {ended.returncode}; its last messages are above, all are in {log}.")
