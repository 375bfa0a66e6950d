"""Plausible sRGB colours of materials, uint8 [3]."""

from __future__ import annotations

import colorsys

import numpy as np

Rng = np.random.Generator

MATERIALS: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "wood": ((18, 38), (0.35, 0.75), (0.3, 0.8)),
    "dark wood": ((12, 30), (0.4, 0.75), (0.2, 0.45)),
    "bark": ((15, 38), (0.25, 0.6), (0.25, 0.5)),
    "steel": ((190, 240), (0.0, 0.12), (0.45, 0.9)),
    "dark metal": ((200, 250), (0.0, 0.25), (0.15, 0.4)),
    "gold": ((38, 50), (0.55, 0.9), (0.75, 1.0)),
    "copper": ((12, 28), (0.5, 0.75), (0.55, 0.85)),
    "stone": ((20, 230), (0.0, 0.15), (0.4, 0.8)),
    "brick": ((4, 22), (0.4, 0.75), (0.45, 0.8)),
    "plaster": ((20, 60), (0.02, 0.3), (0.8, 1.0)),
    "roof": ((0, 25), (0.5, 0.85), (0.35, 0.75)),
    "leaf": ((75, 150), (0.4, 0.85), (0.3, 0.75)),
    "autumn": ((5, 50), (0.65, 0.95), (0.55, 0.95)),
    "grass": ((80, 130), (0.5, 0.8), (0.4, 0.75)),
    "fabric": ((0, 360), (0.15, 0.75), (0.3, 0.9)),
    "leather": ((10, 35), (0.4, 0.8), (0.2, 0.55)),
    "skin": ((15, 32), (0.25, 0.6), (0.4, 1.0)),
    "fur": ((15, 45), (0.15, 0.8), (0.2, 0.95)),
    "rubber": ((0, 360), (0.0, 0.1), (0.08, 0.25)),
    "glass": ((185, 220), (0.2, 0.55), (0.6, 0.95)),
    "window": ((190, 225), (0.2, 0.6), (0.25, 0.9)),
    "white": ((0, 360), (0.0, 0.06), (0.88, 1.0)),
    "black": ((0, 360), (0.0, 0.2), (0.06, 0.2)),
    "vivid": ((0, 360), (0.65, 1.0), (0.65, 1.0)),
    "pastel": ((0, 360), (0.2, 0.45), (0.8, 1.0)),
    "dull": ((0, 360), (0.1, 0.5), (0.25, 0.7)),
    "any": ((0, 360), (0.0, 1.0), (0.15, 1.0)),
    "bone": ((35, 55), (0.08, 0.3), (0.8, 0.98)),
    "bread": ((25, 38), (0.5, 0.75), (0.65, 0.92)),
    "light": ((42, 60), (0.25, 0.6), (0.95, 1.0)),
    "sand": ((35, 48), (0.25, 0.5), (0.7, 0.95)),
    "red": ((350, 368), (0.75, 0.95), (0.6, 0.95)),
    "orange": ((16, 35), (0.8, 1.0), (0.85, 1.0)),
    "yellow": ((45, 60), (0.65, 0.95), (0.85, 1.0)),
    "green": ((90, 150), (0.5, 0.9), (0.35, 0.8)),
    "blue": ((200, 240), (0.5, 0.9), (0.4, 0.95)),
    "pink": ((320, 350), (0.3, 0.65), (0.85, 1.0)),
    "chocolate": ((15, 25), (0.5, 0.75), (0.22, 0.42)),
}


def colour(rng: Rng, *materials: str) -> np.ndarray:
    """A colour of one of the materials, drawn at random."""
    hue, saturation, value = MATERIALS[materials[rng.integers(len(materials))]]
    return hsv(rng.uniform(*hue), rng.uniform(*saturation), rng.uniform(*value))


def hsv(hue: float, saturation: float, value: float) -> np.ndarray:
    """From hue in degrees, and saturation and value in [0, 1]."""
    return np.round(np.array(colorsys.hsv_to_rgb(hue % 360 / 360, saturation, value)) * 255).astype(np.uint8)


def shade(base: np.ndarray, factor: float) -> np.ndarray:
    """Lighter (factor over 1) or darker."""
    return (np.asarray(base, np.float64) * factor).clip(0, 255).astype(np.uint8)


def contrast(rng: Rng, base: np.ndarray) -> np.ndarray:
    """A colour to stand beside `base`: white, black, its complement or a shade of it."""
    kind = rng.integers(4)
    if kind == 0:
        return colour(rng, "white")
    if kind == 1:
        return colour(rng, "black")
    if kind == 2:
        hue, saturation, value = colorsys.rgb_to_hsv(*(np.asarray(base) / 255.0))
        return hsv(360 * hue + rng.uniform(120, 240), max(saturation, 0.3), 1 - 0.6 * value)
    return shade(base, rng.choice([0.5, 0.65, 1.4, 1.7]))
