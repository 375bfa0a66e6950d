"""From a sparse volume of logits to a closed triangle mesh."""

from .marching import extract_surface

__all__ = ["extract_surface"]
