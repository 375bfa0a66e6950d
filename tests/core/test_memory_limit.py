"""A process whose memory is limited by the system: the decoder runs out of it for real, goes on, and says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .tiny_model import write_disc_image, write_tiny_model

ROOT = Path(__file__).resolve().parents[2]
_TOLD = "ran out of memory; decoding goes on in chunks of"
# The stacks of more threads would take the room.
_ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}

# The command line, with chunks of queries as large as a graphics card gets them, and while it decodes little room beside what
# the process has.
SCRIPT = """
import resource, sys
from pathlib import Path

from flashvdm_core.cli import main
from flashvdm_core.decoding.field import Field
from flashvdm_core.api.events import Stage
from flashvdm_core.pipeline.pipeline import Pipeline

room = int(sys.argv.pop(1)) << 20
Field.core_chunk = 1 << 17
generate = Pipeline.generate

def limited(*arguments):
    before = None
    for event in generate(*arguments):
        stage = getattr(event, "stage", before)
        if room and stage is not before:
            size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + room if stage is Stage.DECODE else -1, -1))
        before = stage
        yield event

Pipeline.generate = limited
raise SystemExit(main(["generate", *sys.argv[1:]]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and a limit on the memory of a process")
def test_decoding_goes_on_in_smaller_chunks_and_the_user_is_told(tmp_path: Path) -> None:
    image = write_disc_image(tmp_path / "disc.png")
    write_tiny_model(tmp_path / "tiny")
    expected, told = generated(image, 0)
    assert _TOLD not in told
    # How much is too little for large chunks and enough for small ones depends on the libraries' own caches.
    for room in (*range(23, 12, -1), *range(24, 48), *range(48, 80, 4)):
        mesh, told = generated(image, room)
        if mesh and _TOLD in told:
            break
    assert _TOLD in told
    assert abs(len(mesh) - len(expected)) < 0.01 * len(expected)


def generated(image: Path, room: int) -> tuple[bytes, str]:
    """The mesh file, empty where there is none, and what the user was told; with `room` MiB for the decoding, 0 without limit."""
    output = image.with_name(f"{room}.stl")
    settings = [f"--model={image.with_name('tiny')}", "--resolution=64", "--steps=1", "--no-colours", "--device=cpu"]
    command = [sys.executable, "-c", SCRIPT, str(room), str(image), "-o", str(output), *settings]
    done = subprocess.run(command, cwd=ROOT, env=_ONE_THREAD, capture_output=True, text=True, timeout=100, check=False)
    assert output.exists() == (done.returncode == 0)
    return output.read_bytes() if output.exists() else b"", done.stderr
