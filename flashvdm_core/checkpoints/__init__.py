"""Checkpoints: what is known about the public ones, and finding, checking, loading and writing them.

Importing this package needs no torch (`registry` and `folders` don't either); `load_checkpoint`, `load_vae`
and `Model` bring it in when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .load import load_checkpoint, load_vae
    from .model import Model

__all__ = ["Model", "load_checkpoint", "load_vae"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import load

    return getattr(load, name)
