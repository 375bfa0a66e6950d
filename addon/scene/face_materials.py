"""Which of its materials each face of a mesh has, for other faces of the same shape."""

from dataclasses import dataclass

import bpy
import numpy as np

_CELLS = 128  # along the longest side
_NO_FACE = -1


@dataclass(frozen=True, eq=False)
class FaceMaterials:
    """The middles of faces, float32 [F, 3] (none where all have the first slot), and the slots of their materials, int32 [F]."""

    middles: np.ndarray
    slots: np.ndarray


def read(mesh: bpy.types.Mesh) -> FaceMaterials:
    """Those of a mesh."""
    slots = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("material_index", slots)
    return FaceMaterials(_middles(mesh) if slots.any() else np.empty((0, 3), np.float32), slots)


def give(mesh: bpy.types.Mesh, before: FaceMaterials) -> None:
    """Give each face the material that the nearest face had before, to the hundredth part of the shape."""
    if not len(before.slots) or not len(mesh.polygons) or not before.slots.any():
        return
    if (before.slots == before.slots[0]).all():
        slots = np.full(len(mesh.polygons), before.slots[0], np.int32)
    else:
        slots = _nearest(before, _middles(mesh))
    mesh.polygons.foreach_set("material_index", slots)


def _middles(mesh: bpy.types.Mesh) -> np.ndarray:
    middles = np.empty(3 * len(mesh.polygons), np.float32)
    mesh.polygons.foreach_get("center", middles)
    return middles.reshape(-1, 3)


def _nearest(before: FaceMaterials, middles: np.ndarray) -> np.ndarray:
    """By a grid of cells that hand what they know on to their neighbours until every face has an answer."""
    low = np.minimum(before.middles.min(0), middles.min(0))
    side = np.maximum(before.middles.max(0), middles.max(0)) - low
    cell = max(float(side.max()) / _CELLS, 1e-12)
    size = np.ceil(side / cell).astype(int) + 1
    known = np.full(size, _NO_FACE, np.int32)
    known[tuple(((before.middles - low) / cell).astype(int).T)] = before.slots
    places = tuple(((middles - low) / cell).astype(int).T)
    while (known[places] == _NO_FACE).any():
        for axis in range(3):
            told = known.copy()
            for here, there in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
                at, source = [slice(None)] * 3, [slice(None)] * 3
                at[axis], source[axis] = here, there
                part = told[tuple(at)]
                np.copyto(part, known[tuple(source)], where=part == _NO_FACE)
            known = told
    return known[places]
