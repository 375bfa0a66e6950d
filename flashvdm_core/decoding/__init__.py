"""From the decoded latents of a shape to a sparse volume of logits around its surface."""

from ..sparse_grid import Grid
from .field import Field, VecsetField
from .groups import Groups
from .hierarchy import Level
from .kv_selection import Selection
from .volume import DecodeProgress, decode_shape, decode_volume

__all__ = ["DecodeProgress", "Field", "Grid", "Groups", "Level", "Selection", "VecsetField", "decode_shape", "decode_volume"]
