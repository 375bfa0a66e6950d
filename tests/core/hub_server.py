"""A hub on this machine: it speaks the Hugging Face hub's protocol over HTTP, and fails in every way that a real one does.

Two servers, as there: the hub itself, which knows size and hash of a file and sends whoever asks for a large one on to another
host, and that host, which has the bytes. Standard library only.
"""

from __future__ import annotations

import hashlib
import http.server
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

LARGE = 1 << 12
"""Bytes from which on a file is kept by the other host."""

COMMIT = "0123456789abcdef0123456789abcdef01234567"
"""A revision."""

_CHUNK = 1 << 16


@dataclass(frozen=True)
class Request:
    """One request that a server got."""

    server: str
    method: str
    path: str
    headers: Mapping[str, str]


Fault = Callable[["Handler"], bool]
"""Answers a request in its own way; whether it did."""


@dataclass
class Hub:
    """What the two servers have, how they behave, and what they were asked.

    Attributes:
        files: "owner/name/path" -> its bytes, or the file that holds them.
        revision: the one that it has; "" for any.
        commit: the one that its main branch is at.
        token: the access token that the hub wants, "" for none.
        faults: looked at in turn at each request.
        rate: bytes a second that the other host sends at most; 0: as many as it can.
        endpoint: the hub's address.
        requests: what was asked, in order.
    """

    files: dict[str, bytes | Path] = field(default_factory=dict)
    revision: str = ""
    commit: str = COMMIT
    token: str = ""
    faults: list[Fault] = field(default_factory=list)
    rate: int = 0
    endpoint: str = ""
    storage: str = ""
    requests: list[Request] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)

    def size(self, name: str) -> int:
        """Bytes of a file."""
        content = self.files[name]
        return len(content) if isinstance(content, bytes) else content.stat().st_size

    def sha256(self, name: str) -> str:
        """The hash of a file; computed once."""
        if name not in self.hashes:
            with self.open(name) as file:
                self.hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
        return self.hashes[name]

    def open(self, name: str) -> BinaryIO:
        """A file, open for reading."""
        import io

        content = self.files[name]
        return io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")

    def asked(self, server: str, method: str = "GET") -> list[Request]:
        """The requests that one of the servers ("hub", "storage") got."""
        return [request for request in self.requests if (request.server, request.method) == (server, method)]


@contextmanager
def running(hub: Hub) -> Iterator[Hub]:
    """The hub with its two servers, under two names of this machine, as two hosts."""
    servers = {name: http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub, name)) for name in ("hub", "storage")}
    hub.endpoint = f"http://127.0.0.1:{servers['hub'].server_port}"
    hub.storage = f"http://localhost:{servers['storage'].server_port}"
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True) for server in servers.values()]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        for server in servers.values():
            server.shutdown()
            server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    """One request. Faults use its methods."""

    hub: Hub
    server_name: str

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.hub.requests.append(Request(self.server_name, self.command, self.path, dict(self.headers.items())))
        try:
            if not any(fault(self) for fault in self.hub.faults):
                self.answer()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # whoever asked was killed

    @property
    def name(self) -> str:
        """The file that is asked for, "owner/name/path"; "" where there is none."""
        found = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", unquote(urlsplit(self.path).path))
        if self.server_name == "storage":
            found = re.fullmatch(r"/([^/]+/[^/]+)/()(.+)", unquote(urlsplit(self.path).path))
        name = f"{found[1]}/{found[3]}" if found else ""
        known = ("", "main", self.hub.revision) if self.hub.revision else (found[2] if found else "",)
        return name if name in self.hub.files and found and found[2] in known else ""

    def answer(self) -> None:
        """As a hub does that has no trouble."""
        hub, name = self.hub, self.name
        if self.server_name == "hub" and hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self.refuse(401)
        elif not name:
            self.refuse(404, {"X-Error-Code": "EntryNotFound"})
        elif self.server_name == "hub" and hub.size(name) >= LARGE:
            linked = {"X-Linked-Size": str(hub.size(name)), "X-Linked-Etag": f'"{hub.sha256(name)}"', "X-Repo-Commit": hub.commit}
            self.refuse(302, {**linked, "ETag": '"pointer"', "Location": f"{hub.storage}/{name}?signature={time.time()}"})
        else:
            self.send(name)

    def refuse(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bool:
        """Answer with a status that is no file; True, as a fault returns."""
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        return True

    def send(
        self,
        name: str,
        *,
        ranges: bool = True,
        etag: str | None = None,
        until: int | None = None,
        changed: Callable[[bytes, int], bytes] = lambda chunk, place: chunk,
        pause: float = 0.0,
    ) -> bool:
        """Send a file, or what is asked of it; True, as a fault returns.

        Args:
            ranges: whether parts of files are sent.
            until: cut the connection after this many bytes.
            changed: the bytes to send in place of those at a place.
            pause: seconds between two chunks.
        """
        size = self.hub.size(name)
        if etag is None:
            etag = f'"{self.hub.sha256(name)}"' if size >= LARGE else f'"{_git_sha1(self.hub, name)}"'
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        partial = ranges and asked is not None and self.headers.get("If-Range", etag) == etag
        start = int(asked[1]) if asked is not None and partial else 0
        if start >= size and partial:
            return self.refuse(416, {"Content-Range": f"bytes */{size}"})
        self.send_response(206 if partial else 200)
        if partial:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        for key, value in {"Content-Length": str(size - start), "ETag": etag, "Content-Type": "application/octet-stream"}.items():
            self.send_header(key, value)
        if self.server_name == "hub" and self.hub.commit:
            self.send_header("X-Repo-Commit", self.hub.commit)
        self.end_headers()
        if self.command != "HEAD":
            self._send_bytes(name, start, size if until is None else min(size, start + until), changed, pause)
        return True

    def _send_bytes(self, name: str, start: int, end: int, changed: Callable[[bytes, int], bytes], pause: float) -> None:
        began, sent = time.monotonic(), 0
        with self.hub.open(name) as file:
            file.seek(start)
            while start + sent < end and (chunk := file.read(min(_CHUNK, end - start - sent))):
                self.wfile.write(changed(chunk, start + sent))
                sent += len(chunk)
                late = sent / self.hub.rate - (time.monotonic() - began) if self.hub.rate else 0.0
                time.sleep(max(late, pause))
        self.wfile.flush()
        if start + sent < self.hub.size(name):
            self.close_connection = True


def _handler(hub: Hub, name: str) -> type[Handler]:
    return type(f"{name.title()}Handler", (Handler,), {"hub": hub, "server_name": name})


def _git_sha1(hub: Hub, name: str) -> str:
    with hub.open(name) as file:
        content = file.read()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
