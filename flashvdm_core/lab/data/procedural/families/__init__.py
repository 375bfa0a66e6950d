"""Families of objects: functions from random numbers to coloured, closed parts that touch each other.

Parts use any lengths; a model is normalised afterwards. Fronts look towards +z.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..mesh import Part
from . import (
    animals,
    buildings,
    compositions,
    craft,
    electronics,
    figures,
    fixtures,
    food,
    furniture,
    gadgets,
    household,
    machines,
    outdoors,
    people,
    plants,
    quadrupeds,
    seating,
    small_animals,
    street,
    symbols,
    tools,
    vehicles,
    vessels,
    weapons,
    wear,
)

Family = Callable[[np.random.Generator], list[Part]]

GROUPS = {
    module.__name__.rpartition(".")[2]: module.FAMILIES
    for module in (
        animals,
        buildings,
        compositions,
        craft,
        electronics,
        figures,
        fixtures,
        food,
        furniture,
        gadgets,
        household,
        machines,
        outdoors,
        people,
        plants,
        quadrupeds,
        seating,
        small_animals,
        street,
        symbols,
        tools,
        vehicles,
        vessels,
        wear,
        weapons,
    )
}
FAMILIES: dict[str, Family] = {family.__name__: family for group in GROUPS.values() for family in group}

# How often a family is drawn, against 1 for all others: what is seen often, and what stands for everything unknown.
WEIGHTS = {
    "house": 3.0,
    "person": 3.0,
    "chair": 2.0,
    "table": 2.0,
    "car": 2.0,
    "leafy_tree": 2.0,
    "rock": 2.0,
    "robot": 2.0,
    "cluster": 6.0,
    "symmetric": 6.0,
    "radial": 4.0,
    "stacked": 4.0,
}
