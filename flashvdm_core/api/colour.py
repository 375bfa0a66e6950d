"""Colours: files, textures and everything that is shown are sRGB, light adds up in linear values. NumPy only."""

from __future__ import annotations

import numpy as np


def srgb_to_linear(colour: np.ndarray) -> np.ndarray:
    """sRGB in [0, 1] to linear light (IEC 61966-2-1), of any shape, in the same dtype."""
    return np.where(colour <= 0.04045, colour / 12.92, ((np.maximum(colour, 0) + 0.055) / 1.055) ** 2.4).astype(colour.dtype)


def linear_to_srgb(colour: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] to sRGB (IEC 61966-2-1), of any shape, in the same dtype."""
    return np.where(colour <= 0.0031308, colour * 12.92, 1.055 * np.maximum(colour, 0) ** (1 / 2.4) - 0.055).astype(colour.dtype)
