"""Where a result goes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from .mesh_builder import Size

_GAP = 1.2  # from centre to centre in a row, in sizes of the objects


@dataclass(frozen=True)
class Placement:
    """Where a result goes.

    Attributes:
        name: name of the object; Blender numbers it if it is taken.
        size: how large the object is.
        location: where the object stands, in world space.
        straight: it is turned until its footprint lies along the axes.
    """

    name: str
    size: Size
    location: tuple[float, float, float]
    straight: bool = False

    def beside(self, others: Iterable["Placement"]) -> "Placement":
        """This place, moved to the right until nothing stands there: results that line up make a row."""
        x, *rest = self.location
        for other in sorted(others, key=lambda other: other.location[0]):
            apart = _GAP * (self.size.length + other.size.length) / 2
            if list(other.location[1:]) == rest and abs(other.location[0] - x) < apart * (1 - 1e-6):
                x = other.location[0] + apart
        return replace(self, location=(x, *self.location[1:]))


def name_for(image: str) -> str:
    """The object's name: the image file's, without its ending and as long as Blender allows."""
    return Path(image).stem.strip().encode(errors="ignore")[:60].decode(errors="ignore") or "FlashVDM"
