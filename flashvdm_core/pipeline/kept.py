"""The last value of a kind, kept as long as it is asked for again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Holds one value and what it was made from; that names everything that the value depends on."""

    def __init__(self) -> None:
        self._kept: tuple[Hashable, Value] | None = None

    def has(self, key: Hashable) -> bool:
        """The value made from `key` is there."""
        return self._kept is not None and self._kept[0] == key

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value made from `key`: the one that is there, or else `make`'s, which takes its place."""
        if self._kept is None or self._kept[0] != key:
            self._kept = None  # first: both at once may not fit
            self._kept = key, make()
        return self._kept[1]
