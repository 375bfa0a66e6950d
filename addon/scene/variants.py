"""Several results of one image, side by side, to choose one of. The objects know what belongs together."""

import secrets
from dataclasses import dataclass

import bpy

from .object_data import data_of, new_data
from .pending import remove_object


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
        data = new_data(obj)
        data.row, data.place, data.made_as = self.group, self.place, obj.name


def new_row(place: tuple[float, float, float]) -> Variants:
    """A row that nothing belongs to yet."""
    return Variants(secrets.token_hex(8), place)


def row_of(obj: bpy.types.Object | None) -> str:
    """What marks the row that `obj` is one of; "" where it is none of several."""
    data = data_of(obj) if obj is not None and obj.library is None else None
    return data.row if data is not None else ""


def keep_only(obj: bpy.types.Object) -> None:
    """Put `obj` in the row's place; the others leave the file, but for copies that the user has made of them."""
    row = row_of(obj)
    assert row
    for other in [other for other in bpy.data.objects if other != obj and row_of(other) == row]:
        if new_data(other).made_as in ("", other.name):  # older versions wrote no name
            remove_object(other)
        else:
            _leave_row(other)
    data = new_data(obj)
    if data.is_property_set("place"):
        obj.location = tuple(data.place)
    _leave_row(obj)
    _take_plain_name(obj)


def _take_plain_name(obj: bpy.types.Object) -> None:
    """The one that is left needs no number, where the name is free."""
    plain, dot, number = obj.name.rpartition(".")
    if dot and number.isdigit() and plain not in bpy.data.objects:
        before = obj.name
        obj.name = plain
        mesh = obj.data
        for block in (mesh, *(slot.material for slot in obj.material_slots)):
            if block is not None and block.name == before:
                block.name = plain


def _leave_row(obj: bpy.types.Object) -> None:
    data = new_data(obj)
    data.property_unset("row")
    data.property_unset("place")


CLASSES: tuple[type, ...] = ()
