"""uv for the extension: fetched once for each system from the package index, by its pinned hash, and kept in build/uv."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from .environments import MAIN, REQUIREMENTS, ROOT, BuildError, run, say, write_whole

WHEELS = {
    "windows-x64": "win_amd64",
    "windows-arm64": "win_arm64",
    "macos-x64": "macosx_10_12_x86_64",
    "macos-arm64": "macosx_11_0_arm64",
    "linux-x64": "manylinux_2_17_x86_64",
}
"""Blender's name of a system -> the tag of the wheel."""

PIN = REQUIREMENTS / "runtime" / "uv.txt"


def uv_folder(platform: str) -> Path:
    """The folder with uv for a system and `uv.sha256` beside it, fetched where it is missing. Raises BuildError."""
    folder = ROOT / "build" / "uv" / platform
    stamp = folder / ".pin"
    pin = hashlib.sha256(PIN.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="ascii") == pin:
        return folder
    say(f"Fetching uv for {platform}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        command = [MAIN.ensure(), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary", ":all:", "--platform", WHEELS[platform], "--require-hashes", "-r", PIN, "--dest", scratch]
        run(command, f"uv for {platform} could not be fetched; check the network and run the command again")
        _unpack(next(Path(scratch).glob("uv-*.whl")), folder)
    write_whole(stamp, pin)
    return folder


def own_uv() -> Path:
    """The program for this machine. Raises BuildError."""
    folder = uv_folder(own_platform())
    return next(folder / name for name in ("uv.exe", "uv") if (folder / name).is_file())


def own_platform() -> str:
    """Blender's name of the system that builds. Raises BuildError where none of WHEELS is for it."""
    system = {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")
    machine = "arm64" if "arm" in _machine() or "aarch64" in _machine() else "x64"
    if f"{system}-{machine}" not in WHEELS:
        raise BuildError(f"uv for {system}-{machine} is not pinned in {PIN.name}.")
    return f"{system}-{machine}"


def carry(platform: str, tree: Path) -> None:
    """Lay uv for a system into a staged tree. Raises BuildError."""
    target = tree / "uv"
    target.mkdir()
    for path in uv_folder(platform).iterdir():
        if not path.name.startswith("."):
            shutil.copy2(path, target / path.name)


def _unpack(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            parts = name.split("/")
            if parts[-1] in ("uv", "uv.exe") and "scripts" in parts:
                program = folder / parts[-1]
                program.write_bytes(archive.read(name))
                program.chmod(0o755)
                (folder / "uv.sha256").write_text(hashlib.sha256(program.read_bytes()).hexdigest(), encoding="ascii")
            elif "licenses" in parts:
                (folder / parts[-1]).write_bytes(archive.read(name))
    if not (folder / "uv.sha256").exists():
        raise BuildError(f"{wheel.name} has no uv in it.")


def _machine() -> str:
    return os.environ.get("PROCESSOR_ARCHITECTURE", "").lower() if os.name == "nt" else os.uname().machine.lower()
