"""A manifest in the form of a table, as people and spreadsheets write it. Standard library only."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from ..api.errors import BatchError
from ..api.fields import shown
from ..api.settings import SETTINGS, Setting, Value
from ..api.tasks import VIEWS

FIELDS = ("image", "output", *VIEWS[1:], *SETTINGS)
"""The columns."""

_DELIMITERS = ",;\t"
_TRUE, _FALSE = ("true", "yes", "on", "1", "1.0", "wahr", "ja"), ("false", "no", "off", "0", "0.0", "falsch", "nein")
"""Words of a switch, those of German spreadsheets as well."""


def read_csv(text: str, source: Path) -> list[dict[str | None, Any]]:
    """The rows of a table with a header, without the cells that are empty, each cell as the type of its column.

    Columns are separated by commas, by semicolons as where a comma is the decimal mark, or by tabs; a first line
    "sep=;" says so. Names of columns may have capitals and blanks around them.

    Raises:
        BatchError: it is no table, has no images or columns that are not known.
    """
    delimiter, text = _delimiter(text)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        given = [name.strip() for name in reader.fieldnames or ()]
        names = [name.lower().replace(" ", "_").replace("-", "_") for name in given]
        reader.fieldnames = names
        rows = [{name: _value(name, cell, delimiter) for name, cell in row.items() if not _empty(cell)} for row in reader]
        used = {name for row in rows for name in row}
    except csv.Error as error:
        raise BatchError(f"'{source}' is not CSV ({error}); correct it.") from error
    wrong = ""
    if unknown := [name for name, column in zip(given, names, strict=True) if column not in FIELDS and (column or "" in used)]:
        wrong = f"has the unknown column {shown(unknown[0])}"
    elif twice := [name for name in names if name and names.count(name) > 1]:
        wrong = f"has the column '{twice[0]}' twice"
    elif "image" not in names:
        wrong = "has no column 'image'"
    if wrong:
        raise BatchError(f"'{source}' {wrong}; known are {', '.join(FIELDS)}.")
    return [row for row in rows if row]


def _delimiter(text: str) -> tuple[str, str]:
    """What separates the columns, and the text from its header on."""
    header, end, rest = text.lstrip("\r\n").partition("\n")
    if header.strip().lower().startswith("sep=") and len(header.strip("\r ")) == len("sep=;"):
        return header[len("sep=")], rest
    used = [delimiter for delimiter in _DELIMITERS if delimiter in header]
    return used[0] if used else ",", f"{header}{end}{rest}"


def _empty(cell: Any) -> bool:
    """Spreadsheets write empty cells beyond the last column, too, which come as a list."""
    return all(map(_empty, cell)) if isinstance(cell, list) else cell is None or not cell.strip()


def _value(name: str | None, cell: Any, delimiter: str) -> Any:
    """A cell as the type of its column; a text that has no such meaning stays as it is, for the check of the settings."""
    if name is None or not isinstance(cell, str):
        return cell
    cell = cell.strip()
    setting = SETTINGS.get(name)
    if setting is None or setting.kind is str:
        return cell
    return _number_or_switch(setting, cell, decimal_comma=delimiter != ",")


def _number_or_switch(setting: Setting, cell: str, *, decimal_comma: bool) -> Value:
    if setting.kind is bool:
        word = cell.lower()
        return True if word in _TRUE else False if word in _FALSE else cell
    whole, comma, fraction = cell.partition(",")
    # "1,000" of something that is counted may be one or a thousand: whoever wrote it must say.
    if decimal_comma and comma and "." not in cell and not (setting.kind is int and len(fraction) == 3):
        cell = f"{whole}.{fraction}"
    try:
        return int(cell)
    except ValueError:
        pass
    try:
        number = float(cell)
    except ValueError:
        return cell
    # A whole number of a column with empty cells is 1.0 in what data frames write.
    return int(number) if setting.kind is int and number.is_integer() else number
