"""There is one door of each kind for what comes from outside; these tests find a second one."""

from __future__ import annotations

import ast
import functools
import os
from pathlib import Path
from urllib.parse import quote

import pytest

from builder.rooms import ADDON, CORE, LAB, ROOT, python_files
from flashvdm_core.files import open_file, pasted_path, read_file

# Module -> calls that are its own: the door itself, files of the system, files that are written.
OPENING = {
    "flashvdm_core/files.py": {"open", "os.open"},
    "flashvdm_core/api/wire/arrays.py": {"open", "os.open"},  # writes
    "flashvdm_core/checkpoints/convert.py": {"open"},  # writes
    "flashvdm_core/batch/index.py": {"open"},  # writes
    "flashvdm_core/batch/log.py": {"os.open"},  # appends
    "flashvdm_core/cli/__init__.py": {"os.open"},  # the null device
    "flashvdm_core/doctor/places.py": {"open"},  # /proc
    "flashvdm_core/download/lock.py": {"open"},  # writes
    "flashvdm_core/download/network.py": {"opener.open"},  # an address
    "flashvdm_core/download/part.py": {"open"},  # writes
    "flashvdm_core/geometry/mesh_io.py": {"open"},  # writes
    "flashvdm_core/runtime/memory/peak.py": {"read_text"},  # /proc
    "flashvdm_core/worker/__main__.py": {"open"},  # the null device
    "flashvdm_core/setup/detect.py": {"read_text"},  # /proc and /sys
    "flashvdm_core/setup/install.py": {"open"},  # writes
    "addon/link/exchange.py": {"open", "os.open"},  # its own lock
    "addon/session/doctor.py": {"read_text"},  # the extension's own manifest
}
READING_ARRAYS = {
    "load",
    "fromfile",
    "memmap",
    "read_array",
    "read_array_header_1_0",
    "read_array_header_2_0",
    "read_magic",
    "genfromtxt",
    "loadtxt",
}
PARSING = {"flashvdm_core/api/fields.py": {"json.loads"}}


def product_files() -> list[Path]:
    """Of the core and the add-on: what is installed."""
    return [file for folder in (CORE, ADDON) for file in python_files(folder) if not file.is_relative_to(LAB)]


@functools.cache
def calls(file: Path) -> tuple[str, ...]:
    """Dotted names of what a module calls, as far as they are names."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return tuple(ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call))


def found(names: set[str], allowed: dict[str, set[str]]) -> list[str]:
    """Where one of these functions is called by a module that has no leave."""
    return [
        f"{file.relative_to(ROOT).as_posix()}: {call}"
        for file in product_files()
        for call in calls(file)
        if (call in names or (call.rpartition(".")[2] in names and "." in call))
        and not {call, call.rpartition(".")[2]} & allowed.get(file.relative_to(ROOT).as_posix(), set())
    ]


def test_files_from_outside_are_opened_at_one_place() -> None:
    opened = found({"open", "read_bytes", "read_text"}, OPENING)
    others = ("Image.open", "cls.open")  # of a file that is open already
    assert [call for call in opened if not call.endswith(others)] == []


def test_arrays_from_outside_are_read_at_one_place() -> None:
    assert [call for call in found(READING_ARRAYS, {}) if ": np." in call or ": npy." in call or ": numpy." in call] == []


def test_nothing_is_unpickled_but_by_the_restricted_reader_of_weights() -> None:
    names = {"pickle.load", "pickle.loads", "torch.load", "yaml.load", "yaml.safe_load", "eval", "exec", "marshal.loads"}
    known = {"flashvdm_core/checkpoints/weights.py": {"torch.load"}}
    assert [call for call in found(names, known) if call.rpartition(": ")[2] in names] == []


def test_json_from_outside_is_parsed_at_one_place() -> None:
    names = {"json.load", "json.loads", "json.JSONDecoder"}
    assert [call for call in found(names, PARSING) if call.rpartition(": ")[2] in names] == []


def test_properties_that_a_file_holds_are_read_at_one_place() -> None:
    """The group of an object, its history, older versions' loose properties, and JSON in any of them."""
    doors = {"object_data": ("flashvdm", "flashvdm_latents"), "history": ("flashvdm_history",), "properties": ("flashvdm",)}
    seconds = []
    for file in python_files(ADDON):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr.startswith("flashvdm") and ast.unparse(node.value) != "bpy.ops":
                seconds += [(file.name, node.attr)] if node.attr not in doors.get(file.stem, ()) else []
        if file.parent.name == "scene" and file.stem not in ("stored_values", "mesh_work"):  # the latter: of a process
            seconds += [(file.name, call) for call in calls(file) if call in ("parse_json", "parse_object")]
    assert seconds == []


def test_a_second_door_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text("import numpy as np\nfrom pathlib import Path\nPath('a').open()\nnp.load('b')\nopen('c')\n")
    assert set(calls(file)) >= {"Path('a').open", "np.load", "open"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX pipes")
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("pipe", "is a pipe"),
        ("link to a pipe", "is a pipe"),
        ("device", "is a pipe or a device"),
        ("socket", "is a pipe"),
        ("folder", "is a folder"),
        ("null", "such a name"),
        ("surrogate", "such a name"),
        ("long", "too long"),
        ("missing", "No such file"),
    ],
)
def test_only_plain_files_are_opened_and_nothing_is_waited_for(tmp_path: Path, kind: str, words: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    match kind:
        case "pipe":
            path = pipe
        case "link to a pipe":
            path = tmp_path / "link"
            path.symlink_to(pipe)
        case "device":
            path = Path("/dev/zero")
        case "socket":
            import socket

            path = tmp_path / "socket"
            socket.socket(socket.AF_UNIX).bind(os.path.relpath(path))
        case "folder":
            path = tmp_path
        case "null":
            path = tmp_path / "a\0b"
        case "surrogate":
            path = tmp_path / "a\ud800b"
        case "long":
            path = tmp_path / ("a" * 400)
        case _:
            path = tmp_path / "nothing"
    with pytest.raises(OSError, match=words):
        open_file(path)


def test_plain_files_are_opened_and_their_length_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_bytes(b"12345")
    assert read_file(file, 5) == b"12345"
    with pytest.raises(OSError, match="longer than 4"):
        read_file(file, 4)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_are_followed_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_file(tmp_path / "link", 9) == b"1"
    with pytest.raises(OSError, match="link"):
        open_file(tmp_path / "link", follow=False)


@pytest.mark.parametrize("mark", ["{}", '"{}"', "'{}'", "  {}  ", "{}\n", "file://{}", "FILE://localhost{}", '\t"{}" \r\n'])
@pytest.mark.parametrize("name", ["a.png", "two words.png", "50%.png", "椅子.png", "it's.png"])
def test_pasted_paths_mean_their_file(tmp_path: Path, mark: str, name: str) -> None:
    path = str(tmp_path / name)
    text = mark.format(quote(path) if "://" in mark else path)
    assert pasted_path(text) == path


def test_a_path_that_names_a_file_as_it_stands_is_not_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ('"quoted.png"', " blanks.png ", "~tilde.png", "plain"):
        assert pasted_path(name) != name or name in ("plain", "~tilde.png")
        (tmp_path / name).touch()
        assert pasted_path(name) == name
    assert pasted_path("~/a.png") == str(tmp_path / "home" / "a.png")
    for text in ("", " ", '"', "''", "file://", "file://server/a", "//relative/to.blend", "~nobody-of-this-name/a"):
        assert isinstance(pasted_path(text), str)
