"""Manifests as people, spreadsheets and data frames write them, and rows that no person writes."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashvdm_core.api.errors import BatchError
from flashvdm_core.api.settings import SETTINGS
from flashvdm_core.batch.items import Item, left_out, read_items
from flashvdm_core.batch.table import FIELDS

_NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1, max_size=12)
_LINE_ENDS = st.sampled_from(["\n", "\r\n"])


def items_of(folder: Path, content: bytes | str, suffix: str = ".csv") -> list[Item]:
    path = folder / f"list{suffix}"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_items(path, {})


def one(folder: Path, content: bytes | str) -> dict[str, Any]:
    (item,) = items_of(folder, content)
    assert item.request is not None, item.error
    return dict(item.request.settings)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(",;\t"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    _LINE_ENDS,
    st.sampled_from([str.lower, str.upper, str.capitalize, lambda name: f" {name.replace('_', ' ')} "]),
    st.booleans(),
    st.integers(0, 2**31 - 1),
    st.integers(-9, 9),
    _NAMES,
)
def test_every_dialect_says_the_same(
    tmp_path: Path, delimiter: str, encoding: str, end: str, spelling: Any, told: bool, seed: int, level: int, name: str
) -> None:
    """Whatever separates the columns, marks decimals, ends lines, encodes the letters or begins the file."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end)
    writer.writerow([spelling(column) for column in ("image", "seed", "level", "face_budget")] + [""])
    decimal = f"{level / 10}".replace(".", "," if delimiter != "," else ".")
    writer.writerow([f"{name}.png", f"{seed}.0", decimal, "", ""])
    text = (f"sep={delimiter}{end}" if told else "") + file.getvalue()
    (item,) = items_of(tmp_path, text.encode(encoding))
    assert item.request is not None, item.error
    assert item.request.images == {"front": str(tmp_path / f"{name}.png".strip())} or name != name.strip() or name[0] in "\"'~"
    assert (item.request.settings["seed"], item.request.settings["level"]) == (seed, level / 10)
    assert item.output == f"{Path(f'{name}.png'.strip()).stem}-{seed}.glb"


@pytest.mark.parametrize(
    ("cell", "value"),
    [("7", 7), ("7.0", 7), ("7e0", 7), (" 7 ", 7), ("7,0", 7), ("1,000", None), ("7.5", None), ("seven", None), ("nan", None)],
)
def test_whole_numbers_of_a_table(tmp_path: Path, cell: str, value: int | None) -> None:
    (item,) = items_of(tmp_path, f"image;steps\na.png;{cell}\n")
    assert (item.request.settings["steps"] if item.request else None) == value
    assert item.request is not None or "'steps' must be a whole number" in item.error


def test_seeds_of_a_data_frame_give_each_mesh_its_own_name(tmp_path: Path) -> None:
    first, second = items_of(tmp_path, "image,seed\na.png,1.0\na.png,2.0\n")
    assert (first.output, second.output) == ("a-1.glb", "a-2.glb")


@pytest.mark.parametrize(
    ("words", "value"),
    [(("TRUE", "yes", "on", "1", "1.0", "WAHR", "ja"), True), (("False", "no", "off", "0", "FALSCH", "Nein"), False)],
)
def test_switches_in_the_words_of_spreadsheets(tmp_path: Path, words: tuple[str, ...], value: bool) -> None:
    for word in words:
        assert one(tmp_path, f"image,remove_floaters\na.png,{word}\n")["remove_floaters"] is value


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".ndjson"])
@pytest.mark.parametrize("count", [1, 3])
def test_an_object_on_each_line(tmp_path: Path, suffix: str, count: int) -> None:
    lines = [json.dumps({"image": "a.png", "seed": seed}) for seed in range(count)]
    assert [item.output for item in items_of(tmp_path, "\n".join([*lines, "", ""]), suffix)] == [
        f"a-{seed}.glb" for seed in range(count)
    ]
    with pytest.raises(BatchError, match="not JSON"):
        items_of(tmp_path, "\n".join([*lines, "{"]), suffix)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("separator", ["/", "\\", "\\\\", "/./"])
def test_names_as_another_system_writes_them(tmp_path: Path, form: Any, separator: str) -> None:
    """With backslashes, and with accents as letters of their own."""
    file = (
        tmp_path / unicodedata.normalize("NFD" if form == "NFC" else "NFC", "Möbel") / unicodedata.normalize("NFD", "Stühl.png")
    )
    file.parent.mkdir()
    file.write_bytes(b"")
    rows = [{"image": unicodedata.normalize(form, f"Möbel{separator}Stühl.png")}, {"image": "Möbel\\lost.png"}]
    found, lost = items_of(tmp_path, json.dumps(rows), ".json")
    assert found.request is not None
    assert lost.request is not None
    assert os.path.samefile(found.request.images["front"], file)
    assert found.output == unicodedata.normalize(form, "Stühl.glb")
    assert lost.request.images["front"] == str(tmp_path / "Möbel\\lost.png")


def test_other_encodings_are_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(BatchError, match="CSV UTF-8"):
        items_of(tmp_path, "image\ngrün.png\n".encode("cp1252"))


def test_a_column_twice_is_named(tmp_path: Path) -> None:
    with pytest.raises(BatchError, match="'seed' twice"):
        items_of(tmp_path, "image,seed,Seed\na.png,1,2\n")


_HOSTILE: list[dict[str, Any]] = [
    {"seed": 10**400},
    {"seed": -(10**400)},
    {"guidance": 10**400},
    {"steps": 1e308},
    {"seed": [1] * 1000},
    {"model": "m" * 300},
    {"model": "m" * 10_000},
    {"model": "a\0b"},
    {"model": ["a"]},
    {"image": "a\ud800.png"},
    {"image": "x" * 5000},
    {"output": "a\udfff.glb"},
    {"output": "a/" * 2000 + "b.glb"},
    {"output": "a/" * 65 + "b.glb"},
    {"left": {"a": 1}},
    {"~": 1},
    {"": ""},
    {"n" * 100_000: 1},
    {"cutout": "x" * 100_000},
]


@pytest.mark.parametrize("wrong", _HOSTILE, ids=range(len(_HOSTILE)))
def test_a_row_that_nobody_writes_is_its_own_failure(tmp_path: Path, wrong: dict[str, Any]) -> None:
    rows = [{"image": "a.png"}, {"image": "b.png"} | wrong, {"image": "c.png"}]
    before, item, after = items_of(tmp_path, json.dumps(rows), ".json")
    assert before.request is not None
    assert after.request is not None
    assert item.request is None or wrong == {"model": "m" * 300}, "a name of 300 letters may be a folder's path"
    assert len(item.error) < 1000
    item.error.encode()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_VALUES | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=4), _VALUES, max_size=5), max_size=4))
def test_no_json_ends_a_batch_but_as_a_whole_in_words(tmp_path: Path, rows: list[Any]) -> None:
    try:
        items = items_of(tmp_path, json.dumps(rows), ".json")
    except BatchError:
        return
    assert len(items) == len(rows)
    assert all(bool(item.error) != (item.request is not None) for item in items)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.sampled_from([".csv", ".json"]))
def test_no_bytes_end_it_but_in_words(tmp_path: Path, content: bytes, suffix: str) -> None:
    for start in (b"", b"image,seed\n", b"[{"):
        with contextlib.suppress(BatchError):
            items_of(tmp_path, start + content, suffix)


def test_json_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BatchError, match="nested"):
        items_of(tmp_path, "[" * 100_000, ".json")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX pipes")
def test_a_pipe_in_the_place_of_a_manifest_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "list.csv")
    with pytest.raises(BatchError, match="pipe"):
        read_items(tmp_path / "list.csv", {})


def test_pictures_of_other_kinds_are_known_to_be_left_out(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.JFIF", "c.jpe", "d.heic", "e.AVIF", "f.tga", "notes.txt", ".hidden.heic"):
        (tmp_path / name).write_bytes(b"")
    assert [item.image for item in read_items(tmp_path, {})] == ["a.jpg", "b.JFIF", "c.jpe"]
    assert left_out(tmp_path) == ["d.heic", "e.AVIF", "f.tga"]


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.kind in (int, float)])
def test_no_number_breaks_a_setting(name: str, tmp_path: Path) -> None:
    values = [10**400, -(10**400), 1e308, -1e308, 2**63, 0.1 + 0.2]
    rows = [{"image": "a.png", "output": str(place), name: value} for place, value in enumerate(values)]
    items = items_of(tmp_path, json.dumps(rows), ".json")
    assert all(bool(item.error) != (item.request is not None) for item in items)
