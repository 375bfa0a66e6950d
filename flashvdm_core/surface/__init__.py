"""From a sparse volume of logits to a closed triangle mesh, and its clean-up."""

from .cleanup import cleaned
from .marching import extract_surface

__all__ = ["cleaned", "extract_surface"]
