"""Markdown documents whose tables are made from files of measurements, and by nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ..api.errors import SettingsError
from ..files import write_whole

_TABLE = re.compile(r"(<!-- table (?P<file>\S+?)(?:#(?P<part>\w+))? -->\n).*?(<!-- end of table -->)", re.DOTALL)

Render = Callable[[Path, str], str]
"""(file of measurements, name of its part or "") -> the table and what is said of it, as Markdown."""


def renew_tables(document: str, folder: Path, render: Render) -> str:
    """A Markdown document with its marked tables made anew.

    A block starts with a line `<!-- table FILE -->` or `<!-- table FILE#PART -->` and ends with `<!-- end of table -->`.
    What is between them is replaced.

    Args:
        document: the text.
        folder: the document's, where the files' names start.
        render: makes a table; what it raises for a file or a part that is missing is passed on.
    """

    def block(match: re.Match[str]) -> str:
        return f"{match[1]}\n{render(folder / match['file'], match['part'] or '')}\n\n{match[4]}"

    return _TABLE.sub(block, document)


def renew_page(path: Path, render: Render, *, check: bool = False) -> bool:
    """Make the marked tables of a document anew, unless it is only to be checked; whether any of them changed.

    Raises:
        SettingsError: the document cannot be read, or as `render`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({error}); give a Markdown document with marked tables.") from error
    new = renew_tables(text, path.parent, render)
    if not check:
        write_whole(path, lambda beside: beside.write_text(new, encoding="utf-8"))
    return new != text
