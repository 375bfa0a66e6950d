"""From published names of weights to those of the networks here: renamed by rules, joined, negated. Needs no torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_PARTS = "qkvm"


@dataclass(frozen=True)
class Source:
    """What a weight of a network here is made of.

    Attributes:
        names: published tensors, laid one after the other along their first axis.
        factor: what they are multiplied by.
        swapped: the halves of the whole, along its first axis, change places.
    """

    names: tuple[str, ...]
    factor: float = 1.0
    swapped: bool = False


Rules = Sequence[tuple[str, str]]
"""Patterns of published names, and what they become: the first one that fits the whole name."""


def rename(name: str, rules: Rules) -> str:
    """A name but for its end ("weight") by the first rule that fits; the name where none does.

    A rule may make it "place/q": a part of the joined tensor at "place", where q, k, v and m (of an MLP) come in this order.
    """
    stem, _, end = name.rpartition(".")
    for pattern, replacement in rules:
        if re.fullmatch(pattern, stem):
            place, slash, part = re.sub(pattern, replacement, stem).partition("/")
            return f"{place}.{end}{slash}{part}"
    return name


def sources(names: Iterable[tuple[str, str]], *, negated: str, swapped: str = "") -> dict[str, Source]:
    """Published names and what `rename` made of each -> what each weight here is made of.

    Args:
        negated, swapped: what the names here begin with of weights that are.
    """
    joined: dict[str, list[tuple[int, str]]] = {}
    for name, ours in names:
        ours, _, part = ours.partition("/")
        joined.setdefault(ours, []).append((_PARTS.find(part), name))
    return {
        ours: Source(
            tuple(name for _, name in sorted(parts)),
            -1.0 if ours.startswith(negated) else 1.0,
            bool(swapped) and ours.startswith(swapped),
        )
        for ours, parts in joined.items()
    }
