"""A package index on this machine that can fail in many ways, and tiny wheels and lists for it."""

from __future__ import annotations

import base64
import hashlib
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

VERSION = "2.13.0+cpu"


def write_wheel(folder: Path, name: str, version: str, content: str) -> Path:
    """A wheel with one module."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": content,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in (files | {f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}).items():
            archive.writestr(path, text)
    return wheel


def write_list(path: Path, wheels: list[Path], pythons: str = "3.11 3.12 3.13") -> Path:
    """A list of these wheels as `build.py lock` writes them."""
    lines = ["# PyTorch for tests.", f"# pythons: {pythons}"]
    for wheel in wheels:
        name, version = wheel.name.split("-")[:2]
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines += [f"# {wheel.stat().st_size} bytes", f"{name}=={version} \\", f"    --hash=sha256:{digest}"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@dataclass
class Index:
    """A running index over a folder of wheels.

    Attributes:
        mend: what becomes of a wheel's bytes on their way; a status in place of bytes is answered alone.
        gate: a wheel is answered to no further than its half until this is set, nor with `gate_pages` a page.
        asked: the paths that were asked for.
        short: wheels break off at their half.
    """

    folder: Path
    url: str = ""
    mend: Callable[[bytes], bytes | int] = lambda data: data
    page: bytes | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    short: bool = False
    gate_pages: bool = False


@contextmanager
def serving(folder: Path) -> Iterator[Index]:
    """An index over the wheels in `folder`."""
    index = Index(folder)
    index.gate.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            index.asked.append(self.path)
            parts = [part for part in self.path.split("/") if part]
            if parts[:1] == ["simple"] and len(parts) == 2:
                wheels = [path.name for path in folder.glob("*.whl") if path.name.split("-")[0].replace("_", "-") == parts[1]]
                links = "".join(f'<a href="/files/{name}">{name}</a>' for name in wheels)
                self._answer(index.page or f"<!DOCTYPE html><html><body>{links}</body></html>".encode())
            elif parts[:1] == ["files"] and (folder / parts[1].replace("%2B", "+")).is_file():
                self._answer(index.mend((folder / parts[1].replace("%2B", "+")).read_bytes()), wheel=True)
            else:
                self._answer(404)

        def do_HEAD(self) -> None:
            self._answer(405)

        def _answer(self, body: bytes | int, wheel: bool = False) -> None:
            status = body if isinstance(body, int) else 200
            data = b"" if isinstance(body, int) else body
            self.send_response(status)
            self.send_header("Content-Type", "application/octet-stream" if wheel else "text/html")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            half = len(data) // 2 if wheel else 0
            self.wfile.write(data[:half])
            self.wfile.flush()
            if wheel or index.gate_pages:
                index.gate.wait(30)
            if wheel and index.short:
                self.close_connection = True
                return
            self.wfile.write(data[half:])

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """uv goes away in the middle, which is part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    index.url = f"http://127.0.0.1:{server.server_address[1]}/simple"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        index.gate.set()
        server.shutdown()
        server.server_close()
