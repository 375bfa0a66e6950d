"""Several results of one image, side by side, to choose one of. What belongs together is written on the objects."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import bpy

GROUP = "flashvdm_variants"
"""Custom property of an object that is one of several: the same text on all of them."""
PLACE = "flashvdm_place"
"""Custom property beside GROUP: where the chosen one goes, in world space (metres)."""


@dataclass(frozen=True)
class Variants:
    """One row of variants.

    Attributes:
        group: what marks them.
        place: where the chosen one goes.
    """

    group: str
    place: tuple[float, float, float]

    def mark(self, obj: bpy.types.Object) -> None:
        """Write on `obj` that it is one of them."""
        obj[GROUP], obj[PLACE] = self.group, self.place


def new_row(place: tuple[float, float, float]) -> Variants:
    """A row that nothing belongs to yet."""
    return Variants(secrets.token_hex(8), place)


def is_variant(obj: bpy.types.Object | None) -> bool:
    return obj is not None and GROUP in obj and not obj.library


def keep_only(obj: bpy.types.Object) -> None:
    """Put `obj` in the row's place; the others leave the file."""
    others = [other for other in bpy.data.objects if other != obj and other.get(GROUP) == obj[GROUP] and not other.library]
    for other in others:
        data = other.data
        bpy.data.objects.remove(other)
        if isinstance(data, bpy.types.Mesh) and not data.users:
            bpy.data.meshes.remove(data)
    place: Sequence[float] = obj[PLACE]
    obj.location = tuple(place)
    del obj[GROUP], obj[PLACE]


CLASSES: tuple[type, ...] = ()
