"""A download whose process is killed again and again, at moments of chance: does the file arrive whole, and from where it was?

`python -m tests.core.killed_download --gigabytes 3 --kills 10` makes a sparse file and does it with that.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .hub_server import Hub, running

_NAME = "owner/model/model.safetensors"
_CHILD = """
import json, sys
from pathlib import Path
from flashvdm_core.download import Download, Network, fetch
url, size, sha256, folder = json.loads(sys.argv[1])
tell = lambda progress: print(progress.done if progress.step == "downloading" else 0, flush=True)
fetch(Download(url, "model.safetensors", size, sha256), Path(folder), tell, network=Network())
"""


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        kills: processes that were killed at work.
        sizes: bytes that had come at each kill.
        starts: where in the file the requests for it began, in order.
        sha256: of the file that arrived.
    """

    kills: int
    sizes: list[int]
    starts: list[int]
    sha256: str


def run(hub: Hub, folder: Path, kills: int, chance: random.Random) -> Outcome:
    """Download the hub's file into `folder` with `kills` processes killed at work, each at a place of chance.

    The last one is left to end.
    """
    url = f"{hub.endpoint}/owner/model/resolve/main/model.safetensors"
    command = [sys.executable, "-c", _CHILD, json.dumps([url, hub.size(_NAME), hub.sha256(_NAME), str(folder)])]
    part, sizes = folder / "model.safetensors.part", []
    while len(sizes) < kills:
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            enough = (len(sizes) + chance.uniform(0.0, 0.9)) / (kills + 1) * hub.size(_NAME)
            while int(process.stdout.readline() or -1) < enough:
                assert process.poll() is None, "it was done before the last kill"
            time.sleep(chance.uniform(0.0, 0.1))
            process.kill()
        sizes.append(part.stat().st_size if part.exists() else 0)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with (folder / "model.safetensors").open("rb") as file:
        arrived = hashlib.file_digest(file, "sha256").hexdigest()
    ranges = [request.headers.get("Range", "bytes=0-") for request in hub.asked("storage")]
    return Outcome(len(sizes), sizes, [int(text[6:-1]) for text in ranges], arrived)


def offered(content: bytes | Path, rate: int = 0) -> Hub:
    """A hub that has one file."""
    return Hub(files={_NAME: content}, rate=rate)


def make_sparse(path: Path, size: int, chance: random.Random) -> None:
    """A file of zeros that takes no space, with some other bytes at places of chance."""
    with path.open("wb") as file:
        file.truncate(size)
        for place in _places(size, chance):
            file.seek(place)
            file.write(chance.randbytes(4096))


def _places(size: int, chance: random.Random) -> Iterator[int]:
    yield 0
    for _ in range(200):
        yield chance.randrange(size - 4096)
    yield size - 4096


def main() -> None:
    """The check with a large file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=3.0)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--rate", type=int, default=100, help="megabytes a second that the server sends")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_sparse(folder / "served", int(options.gigabytes * 1e9), chance)
        with running(offered(folder / "served", options.rate * 10**6)) as hub:
            wanted = hub.sha256(_NAME)
            start = time.monotonic()
            outcome = run(hub, folder / "arrived", options.kills, chance)
        print(f"{outcome.kills} kills at {[f'{size / 1e9:.2f} GB' for size in outcome.sizes]}")
        print(f"requests began at {[f'{place / 1e9:.2f} GB' for place in outcome.starts]}")
        print(f"{time.monotonic() - start:.0f} s, the hash is {'right' if outcome.sha256 == wanted else 'WRONG'}")


if __name__ == "__main__":
    main()
