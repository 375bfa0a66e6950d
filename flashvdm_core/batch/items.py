"""What a batch makes: the images of a folder, or the rows of a manifest. Standard library only.

A manifest is a CSV file with a header, or a JSON file with a list of objects or with one on each line. A row names
`image`, and where it differs from the rest `output`, the other views and any setting. A row that is wrong becomes an item
with an error and leaves the others alone; what is wrong with all rows at once raises a BatchError.
"""

from __future__ import annotations

import codecs
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ..api.errors import BatchError, SettingsError
from ..api.fields import parse_json, shown
from ..api.settings import SETTINGS, Value
from ..api.tasks import VIEWS, Request
from ..files import IMAGE_SUFFIXES, MESH_SUFFIXES, OTHER_IMAGE_SUFFIXES, named_file, pasted_path, read_file
from .table import read_csv

_MAX_MANIFEST = 1 << 26  # bytes
_MAX_PATH = 4000  # letters: no system takes more
_MAX_FOLDERS = 64
_NAMED = 5  # kinds of files
_PICTURES = (*IMAGE_SUFFIXES, *OTHER_IMAGE_SUFFIXES)
_OF_SYSTEMS = ("thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r")


@dataclass(frozen=True)
class Item:
    """One mesh of a batch.

    Attributes:
        number: its place in the input, counted from 1.
        image: the front image, as the input names it.
        output: the mesh file, relative to the output folder, with "/" between its parts; "" where it is not known.
        request: what to make; None where the input is wrong.
        error: what is wrong with the input, else "".
    """

    number: int
    image: str
    output: str
    request: Request | None
    error: str = ""


def read_items(source: Path, settings: Mapping[str, Value], suffix: str = ".glb") -> list[Item]:
    """The items of a folder (its images, by name) or of a manifest (its rows, in their order).

    Args:
        source: a folder, a .csv or a .json file. Images are relative to the manifest's folder.
        settings: for every item that doesn't set them itself.
        suffix: of the meshes whose output the manifest does not name.

    Raises:
        BatchError: `source` cannot be read or is no manifest.
        SettingsError: one of `settings` is not valid.
    """
    if os.path.isdir(source):
        rows: Sequence[Any] = [{"image": path.name} for path in _images(source)]
        base = source
        if not rows and (others := _all_kinds(source)):
            raise BatchError(f"No image in '{source}' is of a kind that is read ({counted(others)}); save them as PNG or JPEG.")
    else:
        rows, base = _manifest(source), source.parent
    if not rows:
        raise BatchError(f"There is nothing to make in '{source}'; choose a folder with images or a manifest with rows.")
    Request({"front": source.name}, settings)
    return _without_doubles(_item(number, row, base, settings, suffix) for number, row in enumerate(rows, 1))


def shard(items: Sequence[Item], index: int, count: int) -> list[Item]:
    """The part `index` (1 to `count`) of the items: every `count`-th, so that all parts are about as long."""
    return [item for item in items if (item.number - 1) % count == index - 1]


def left_out(source: Path) -> list[str]:
    """Names of the pictures in a folder that `read_items` leaves out, as they are of kinds that are not read."""
    if not os.path.isdir(source):
        return []
    return [path.name for path in _listed(source) if path.suffix.lower() in OTHER_IMAGE_SUFFIXES]


def other_files(source: Path, outputs: Path) -> dict[str, int]:
    """What else `read_items` leaves out in a folder: kinds (endings, and in words what is left out for another reason) and how
    many of each, the most frequent first. What systems and this program put there is not counted.
    """
    if not os.path.isdir(source):
        return {}
    out = os.path.realpath(outputs)
    counts = Counter(_kind_of_other(path, out) for path in _all_in(source))
    return {kind: count for kind, count in counts.most_common() if kind}


def counted(kinds: Mapping[str, int]) -> str:
    """Kinds and how many there are of each, in words; of many only the first."""
    named = ", ".join(f"{count} {kind}" for kind, count in list(kinds.items())[:_NAMED])
    more = sum(list(kinds.values())[_NAMED:])
    return f"{named} and {more} more" if more else named


def _all_kinds(source: Path) -> dict[str, int]:
    """Of a folder without images."""
    return dict(Counter(Path(name).suffix.lower() for name in left_out(source)).most_common()) | other_files(source, source)


def _kind_of_other(path: Path, outputs: str) -> str:
    """What a file or folder is counted as, "" where it is not counted."""
    name, suffix, hidden = path.name.lower(), path.suffix.lower(), path.name.startswith(".")
    if path.is_dir():
        return "" if hidden or os.path.realpath(path) == outputs or not _holds_pictures(path) else "folder of pictures"
    if hidden:
        return "hidden" if name.endswith(_PICTURES) and not name.startswith("._") else ""
    made = os.path.realpath(path.parent) == outputs and (suffix in MESH_SUFFIXES or name.startswith("flashvdm-batch"))
    if made or suffix in _PICTURES or name in _OF_SYSTEMS:
        return ""
    return suffix or "without an ending"


def _holds_pictures(folder: Path) -> bool:
    try:
        return any(name.lower().endswith(_PICTURES) for name in os.listdir(folder))
    except OSError:
        return False


def _images(folder: Path) -> list[Path]:
    return [path for path in _listed(folder) if path.suffix.lower() in IMAGE_SUFFIXES]


def _listed(folder: Path) -> list[Path]:
    """What lies in a folder and is not hidden, by name."""
    return [path for path in _all_in(folder) if not path.name.startswith(".")]


def _all_in(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise BatchError(f"The folder '{folder}' cannot be read ({error.strerror}); check its permissions.") from error


def _manifest(source: Path) -> Sequence[Any]:
    reader = {".csv": read_csv, ".tsv": read_csv, ".json": _json_rows, ".jsonl": _json_rows, ".ndjson": _json_rows}.get(
        source.suffix.lower()
    )
    if reader is None and os.path.exists(source):
        raise BatchError(f"'{source}' is neither a folder nor a .csv or .json manifest; choose one of these.")
    try:
        text = _decoded(read_file(source, _MAX_MANIFEST))
    except OSError as error:
        raise BatchError(f"'{source}' cannot be read ({error.strerror}); check its name and permissions.") from error
    except UnicodeDecodeError as error:
        message = f"'{source}' cannot be read ({error.reason} at byte {error.start}); save it as UTF-8"
        raise BatchError(f"{message}, which spreadsheets call 'CSV UTF-8'.") from error
    assert reader is not None
    return reader(text, source)


def _decoded(content: bytes) -> str:
    """A text file as editors and spreadsheets save it: UTF-8, or UTF-16 with its mark."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


def _json_rows(text: str, source: Path) -> Sequence[Any]:
    try:
        rows = parse_json(text)
    except ValueError as error:
        rows = _json_lines(text)
        if rows is None:
            raise BatchError(f"'{source}' is not JSON ({error}); correct it.") from error
    if isinstance(rows, dict) and "image" in rows:  # a single line
        rows = [rows]
    if not isinstance(rows, list):
        raise BatchError(f"'{source}' must hold a list of objects, each with an \"image\"; correct it.")
    return rows


def _json_lines(text: str) -> list[Any] | None:
    """An object on each line, as programs write long lists; None where it is something else."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not all(line.lstrip().startswith("{") for line in lines[:2]):
        return None
    try:
        return [parse_json(line) for line in lines]
    except ValueError:
        return None


def _item(number: int, row: object, base: Path, settings: Mapping[str, Value], suffix: str) -> Item:
    fields: dict[str, Any] = {}
    output = ""
    try:
        fields = _fields(row)
        output = _output(fields, suffix)
        images = {"front": fields["image"]} | {view: fields[view] for view in VIEWS[1:] if view in fields}
        own = {name: value for name, value in fields.items() if name not in ("image", "output", *VIEWS)}
        if own.get("model", SETTINGS["model"].default) != SETTINGS["model"].default:
            own["model"] = str(base / pasted_path(str(own["model"])))
        paths = {view: str(named_file(base, pasted_path(path))) for view, path in images.items()}
        return Item(number, fields["image"], output, Request(paths, dict(settings) | own))
    except SettingsError as error:
        return Item(number, str(fields.get("image", "")), output, None, str(error))


def _fields(row: object) -> dict[str, Any]:
    """The row without what it leaves empty, its texts checked."""
    if not isinstance(row, Mapping):
        raise SettingsError('The item is no object with an "image"; correct the manifest.')
    if None in row:  # what csv makes of cells beyond the header
        raise SettingsError("The row has more cells than the header has columns; correct the manifest.")
    fields = {str(name): value for name, value in row.items() if value is not None}
    for name in ("image", "output", *VIEWS[1:], "model"):
        if name in fields and not _is_path(fields[name]):
            raise SettingsError(f"'{name}' must be the path of a file, not {shown(fields[name])}; correct the manifest.")
    if "image" not in fields:
        raise SettingsError("The item names no image; correct the manifest.")
    return fields


def _is_path(value: object) -> bool:
    """A text that a file can have as its name."""
    if not isinstance(value, str) or not value.strip() or "\0" in value or len(value) > _MAX_PATH:
        return False
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return True


def _output(fields: Mapping[str, Any], suffix: str) -> str:
    """Where the mesh goes: what the row says, else the image's name, with the seed where the row gives one."""
    if "output" not in fields:
        name = Path(fields["image"].replace("\\", "/")).stem
        seed, largest = fields.get("seed"), SETTINGS["seed"].maximum
        if isinstance(seed, int | float) and largest is not None and 0 <= seed <= largest:
            name = f"{name}-{int(seed)}"
        return f"{name}{suffix}"
    path = PurePosixPath(fields["output"].strip().strip("\"'").replace("\\", "/"))
    first = path.parts[0] if path.parts else "."
    if len(path.parts) > _MAX_FOLDERS:
        raise SettingsError(f"The output lies in more than {_MAX_FOLDERS} folders; choose a shorter one.")
    if path.is_absolute() or ".." in path.parts or ":" in first or first.startswith("."):
        raise SettingsError(f"The output '{path}' must lie inside the output folder; name it without '..' and a drive.")
    if path.suffix.lower() not in MESH_SUFFIXES:
        path = path.with_name(path.name + suffix)
    return str(path)


def _without_doubles(items: Iterable[Item]) -> list[Item]:
    """Of items with one output only the first is made; systems that ignore case see one file in two spellings."""
    first: dict[str, int] = {}
    kept: list[Item] = []
    for item in items:
        other = first.setdefault(item.output.casefold(), item.number) if item.request is not None else item.number
        if other != item.number:
            message = f"Its mesh would be {item.output}, as that of item {other}; give one of them another output."
            item = replace(item, request=None, error=message)
        kept.append(item)
    return kept
