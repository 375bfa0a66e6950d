"""Which of a model's networks are on the device when: a pure function of their sizes and of the memory that there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto


class Network(Enum):
    """The networks of a model, in the order in which a generation needs them."""

    IMAGE_ENCODER = auto()
    DENOISER = auto()
    VAE = auto()


@dataclass(frozen=True)
class Requirement:
    """What one network needs of the device's memory.

    Attributes:
        network: which one.
        weights: bytes of its weights.
        activations: bytes that it needs beside all weights at its peak.
    """

    network: Network
    weights: int
    activations: int

    @property
    def total(self) -> int:
        """Bytes while no other network is on the device."""
        return self.weights + self.activations


@dataclass(frozen=True)
class OffloadPlan:
    """Which networks are on the device while each of them computes.

    Attributes:
        requirements: in the order in which the networks are needed.
        resident: network -> itself first, then the others that are there, or on their way, while it computes.
        movable: there is a place for weights beside the device.
    """

    requirements: tuple[Requirement, ...]
    resident: Mapping[Network, tuple[Network, ...]]
    movable: bool = True

    @property
    def keeps_all(self) -> bool:
        """Every network is on the device all the time."""
        return all(len(resident) == len(self.requirements) for resident in self.resident.values())

    @property
    def peak(self) -> int:
        """Bytes while the network computes that needs most."""
        weights = {need.network: need.weights for need in self.requirements}
        return max(need.activations + sum(weights[name] for name in self.resident[need.network]) for need in self.requirements)


def plan_offload(requirements: Sequence[Requirement], budget: int) -> OffloadPlan:
    """Keep as much on the device as fits, of what is needed soonest.

    The network that computes is there, whether it fits or not. Of the others those stay, or are uploaded meanwhile, that fit
    beside it: the next one before the one after that; after the last comes the first one of the next image.

    Args:
        requirements: in the order in which the networks are needed.
        budget: bytes of the device's memory that all of it may take.
    """
    resident: dict[Network, tuple[Network, ...]] = {}
    for number, need in enumerate(requirements):
        room = budget - need.total
        there = [need.network]
        for other in (*requirements[number + 1 :], *requirements[:number]):
            if other.weights <= room:
                there.append(other.network)
                room -= other.weights
        resident[need.network] = tuple(there)
    return OffloadPlan(tuple(requirements), resident)


def sequential_offload(requirements: Sequence[Requirement]) -> OffloadPlan:
    """Each network on the device only while it computes: the least that a model can do with."""
    return OffloadPlan(tuple(requirements), {need.network: (need.network,) for need in requirements})


def no_offload(requirements: Sequence[Requirement], *, movable: bool = True) -> OffloadPlan:
    """Every network on the device all the time: the quickest."""
    names = tuple(need.network for need in requirements)
    return OffloadPlan(tuple(requirements), dict.fromkeys(names, names), movable)


SHARED_MEMORY = no_offload([Requirement(network, 0, 0) for network in Network], movable=False)
"""The plan where the device's memory is the main memory: there is nothing to choose, so no sizes are needed."""
