"""Where the parts of a model stay: a pure function of their sizes and of the memory that there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...api.events import Stage


@dataclass(frozen=True)
class Part:
    """The part of a model that one stage needs.

    Attributes:
        stage: the stage.
        weights: bytes of its weights.
        working: bytes that the stage needs beside all weights at its peak.
    """

    stage: Stage
    weights: int
    working: int

    @property
    def alone(self) -> int:
        """Bytes of the stage when no other part is on the device."""
        return self.weights + self.working


@dataclass(frozen=True)
class Plan:
    """Which parts are on the device during each stage.

    Attributes:
        parts: in the order in which they are needed.
        held: stage -> its own part first, then the others that are there or on their way meanwhile.
    """

    parts: tuple[Part, ...]
    held: Mapping[Stage, tuple[Stage, ...]]

    @property
    def stays(self) -> bool:
        """Every part is on the device all the time."""
        return all(len(held) == len(self.parts) for held in self.held.values())

    @property
    def peak(self) -> int:
        """Bytes of the stage that needs most."""
        weights = {part.stage: part.weights for part in self.parts}
        return max(part.working + sum(weights[stage] for stage in self.held[part.stage]) for part in self.parts)


def planned(parts: Sequence[Part], budget: int) -> Plan:
    """Keep as much on the device as fits, of what is needed soonest.

    During a stage its own part is there, whether it fits or not. Of the others those stay, or are fetched meanwhile, that fit
    beside it: the next stage's before the one's after that; after the last stage comes the first one of the next image.

    Args:
        parts: in the order of their stages.
        budget: bytes of the device's memory that all of it may take.
    """
    held: dict[Stage, tuple[Stage, ...]] = {}
    for number, part in enumerate(parts):
        room = budget - part.alone
        there = [part.stage]
        for other in (*parts[number + 1 :], *parts[:number]):
            if other.weights <= room:
                there.append(other.stage)
                room -= other.weights
        held[part.stage] = tuple(there)
    return Plan(tuple(parts), held)


def one_at_a_time(parts: Sequence[Part]) -> Plan:
    """Each part on the device during its own stage alone: the least that a model can do with."""
    return Plan(tuple(parts), {part.stage: (part.stage,) for part in parts})


def all_the_time(parts: Sequence[Part]) -> Plan:
    """Every part on the device all the time: the quickest."""
    return Plan(tuple(parts), {part.stage: tuple(other.stage for other in parts) for part in parts})
