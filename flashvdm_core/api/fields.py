"""What comes from outside as JSON: one parser, and one accessor that checks each field. Standard library only."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

_LONGEST_NUMBER = 300
"""Digits; a longer one is infinite, and refused by whoever asks for a number."""


def parse_json(text: str | bytes) -> Any:
    """What a JSON text says.

    Raises:
        ValueError: it is not JSON, whatever is wrong with it; NaN and infinities are not.
    """
    try:
        return json.loads(text, parse_constant=_no_constant, parse_int=_integer)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parse_object(text: str | bytes) -> Fields:
    """The fields of a JSON object.

    Raises:
        ValueError: it is not JSON, or something else than an object.
    """
    return Fields.of(parse_json(text))


class Fields:
    """The fields of a JSON object, each read as what it must be.

    Raises:
        ValueError: by every method, in a few words, when the field is missing, of another type or out of its range.
    """

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    @classmethod
    def of(cls, value: object) -> Fields:
        """Of a value that must be an object."""
        if not isinstance(value, Mapping):
            raise ValueError("not an object with fields")
        return cls(value)

    @property
    def names(self) -> Sequence[str]:
        """Of all fields."""
        return tuple(self._fields)

    def value(self, name: str) -> Any:
        """A field as it is; for what has a check of its own."""
        if name not in self._fields:
            raise ValueError(f"'{name}' is missing")
        return self._fields[name]

    def given(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._fields.get(name) is not None

    def text(self, name: str) -> str:
        """A text, one that can be written as UTF-8."""
        value = self.value(name)
        if not isinstance(value, str):
            raise ValueError(f"'{name}' is not a text")
        return printable(value)

    def path(self, name: str) -> str:
        """A text that can name a file; one that is not UTF-8 has the system's own marks in it (`os.fsdecode`)."""
        value = self.value(name)
        if not isinstance(value, str):
            raise ValueError(f"'{name}' is not the path of a file")
        try:
            os.fsencode(value)
        except UnicodeEncodeError:
            raise ValueError(f"'{name}' is not the path of a file") from None
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.value(name)
        if not isinstance(value, bool):
            raise ValueError(f"'{name}' is neither true nor false")
        return value

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number from `low` to `high`."""
        value = self.value(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"'{name}' is not a number")
        if not low <= value <= high:
            raise ValueError(f"'{name}' is not from {low:g} to {high:g}")
        return float(value)

    def integer(self, name: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self.value(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"'{name}' is not a whole number")
        if not low <= value <= high:
            raise ValueError(f"'{name}' is not from {low} to {high}")
        return value

    def table(self, name: str) -> Fields:
        """An object."""
        value = self.value(name)
        if not isinstance(value, Mapping):
            raise ValueError(f"'{name}' is not an object")
        return Fields(value)

    def integers(self, name: str, low: int, high: int) -> tuple[int, ...]:
        """A list of whole numbers from `low` to `high`."""
        value = self.value(name)
        if not isinstance(value, list):
            raise ValueError(f"'{name}' is not a list")
        return tuple(Fields({name: entry}).integer(name, low, high) for entry in value)


def printable(text: str) -> str:
    """A text that every terminal, file and window takes: halves of surrogate pairs, which UTF-8 has not, become '?'."""
    return text.encode("utf-8", "replace").decode("utf-8")


def shown(value: object, longest: int = 80) -> str:
    """A value for an error message: in few letters, and whatever it is."""
    try:
        text = repr(value) if not isinstance(value, str) else repr(value[: longest + 1])
    except (ValueError, RecursionError):  # a number of too many digits
        return f"a value of the type {type(value).__name__}"
    return printable(text if len(text) <= longest else f"{text[:longest]}…")


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= _LONGEST_NUMBER else math.copysign(math.inf, -1 if text.startswith("-") else 1)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
