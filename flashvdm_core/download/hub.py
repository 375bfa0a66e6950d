"""The Hugging Face hub and its mirrors: the address of a file, and where on this machine it may be already."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from .files import Download
from .network import Network

MAIN = "main"
"""The branch of a repository whose newest commit is what people see of it."""


def hub_download(
    network: Network, repository: str, revision: str, path: str, *, name: str = "", size: int | None = None, sha256: str = ""
) -> Download:
    """A file of a repository at a revision, from the endpoint of `network`.

    Args:
        repository: "owner/name".
        path: of the file in the repository.
        name: its path in the folder that it is downloaded to; "": `path`.
    """
    url = f"{network.endpoint}/{quote(repository)}/resolve/{quote(revision, safe='')}/{quote(path)}"
    return Download(url, name or path, size, sha256, copies=tuple(cached_copies(repository, revision, path, sha256)))


def cached_copies(repository: str, revision: str, path: str, sha256: str = "") -> Iterator[Path]:
    """Files of the hub's own caches on this machine that may be the one that is asked for.

    A cache has `models--OWNER--NAME/snapshots/REVISION/PATH`, a link to a blob of the repository; in the new layout that is a
    link itself, to a store that repositories share. Blobs of large files are named by their SHA-256.
    """
    for cache in _caches():
        folder = cache / f"models--{repository.replace('/', '--')}"
        snapshots = sorted(folder.glob("snapshots/*"), key=lambda snapshot: snapshot.name != revision)
        found = [snapshot / path for snapshot in snapshots] + ([folder / "blobs" / sha256.lower()] if sha256 else [])
        yield from (file for file in found if file.is_file())


def _caches() -> list[Path]:
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE") or os.path.join(home, "hub")
    return [Path(named).expanduser()]
