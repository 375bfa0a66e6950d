"""The one table of settings: names, types, ranges, defaults, labels and tooltips.

The panel, the command line and the validator all read this table, so a range or a tooltip is changed
in one place. Standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .errors import SettingsError

Value = bool | int | float | str

PREVIEW_RESOLUTION = 48
"""Cells along each axis of the meshes that are shown between sampling steps."""

VIEWS = ("front", "left", "back", "right")
"""The sides of an object that images may show."""


@dataclass(frozen=True)
class Setting:
    """One setting.

    `kind` is the Python type of its value; `minimum`/`maximum` bound numbers (inclusive); `choices`
    lists (identifier, label, tooltip) of a text setting with fixed choices (none: any text).
    """

    name: str
    kind: type
    default: Value
    label: str
    tooltip: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[tuple[str, str, str], ...] = ()
    group: Literal["model", "image", "sampling", "surface", "clean-up", "machine"] = "sampling"

    def checked(self, value: object) -> Value:
        """Return `value` as this setting's type, or raise SettingsError with the allowed range."""
        wrong = SettingsError(f"Setting '{self.name}' must be {self.describe()}, not {value!r}.")
        if self.kind is bool:
            if not isinstance(value, bool):
                raise wrong
            return value
        if self.kind is str:
            if not isinstance(value, str) or (self.choices and value not in [c[0] for c in self.choices]):
                raise wrong
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise wrong
        if self.kind is int and value != int(value):
            raise wrong
        if (self.minimum is not None and value < self.minimum) or (self.maximum is not None and value > self.maximum):
            raise wrong
        return self.kind(value)

    def describe(self) -> str:
        """The allowed values in words, for an error message or a help text."""
        if self.choices:
            return "one of " + ", ".join(c[0] for c in self.choices)
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return "a text"
        word = "a whole number" if self.kind is int else "a number"
        return f"{word} from {self.minimum:g} to {self.maximum:g}"


_TABLE = (
    Setting(
        "model", str, "embedded", "Model", "The built-in model, or a folder with config.yaml and model.safetensors", group="model"
    ),
    Setting(
        "cutout",
        str,
        "auto",
        "Background",
        "How the object is cut out of the image",
        group="image",
        choices=(
            ("auto", "Automatic", "Use the image's transparency, or remove the background where there is none"),
            ("keep", "Keep", "Take the whole image as it is"),
            ("border", "Plain Background", "Remove the colour that surrounds the object"),
            ("rembg", "rembg", "Remove the background with the rembg library, where it is installed"),
        ),
    ),
    Setting(
        "cutout_threshold",
        float,
        0.1,
        "Threshold",
        "How far a colour may be from the background's and still be removed",
        0.0,
        1.0,
        group="image",
    ),
    Setting("seed", int, 0, "Seed", "Another seed gives another shape for the same image", 0, 2**31 - 1),
    Setting("steps", int, 0, "Steps", "Sampling steps; 0 takes the model's own number", 0, 1000),
    Setting(
        "guidance",
        float,
        -1.0,
        "Guidance",
        "How strictly the shape follows the image; -1 takes the model's own value",
        -1.0,
        20.0,
    ),
    Setting("resolution", int, 256, "Resolution", "Cells along each side of the decoded volume", 16, 1024, group="surface"),
    Setting("level", float, 0.0, "Surface Level", "Higher shrinks the shape, lower swells it", -0.9, 0.9, group="surface"),
    Setting(
        "decoder",
        str,
        "flash",
        "Decoder",
        "How the volume is decoded",
        group="surface",
        choices=(
            ("flash", "Flash", "Hierarchical, with the tokens that matter for each region"),
            ("hierarchical", "Hierarchical", "Only near the surface, with all tokens"),
            ("dense", "Dense", "Every point: slow, the reference"),
        ),
    ),
    Setting(
        "colours",
        bool,
        True,
        "Front Colours",
        "Lay the colours of the front image on the mesh as a texture; what it does not show gets the colours next to it",
        group="surface",
    ),
    Setting("preview", bool, True, "Preview", "Show the mesh while it forms", group="surface"),
    Setting(
        "largest_parts",
        int,
        0,
        "Parts Kept",
        "Keep only this many of the largest parts; 0 keeps all but dust",
        0,
        1000,
        group="clean-up",
    ),
    Setting(
        "face_budget",
        int,
        0,
        "Face Budget",
        "Reduce the mesh to about this many triangles; 0 keeps all",
        0,
        50_000_000,
        group="clean-up",
    ),
    Setting("device", str, "auto", "Device", "Where the model runs: auto, cpu, cuda, cuda:1, mps", group="machine"),
    Setting(
        "precision",
        str,
        "auto",
        "Precision",
        "Number format of the networks",
        group="machine",
        choices=(
            ("auto", "Automatic", "The fastest that the device computes well"),
            ("float32", "float32", "Full precision"),
            ("float16", "float16", "Half precision"),
            ("bfloat16", "bfloat16", "Half precision with the range of float32"),
            ("float8", "8-bit", "8-bit arithmetic, where the card has it and a check of the model's answers passes"),
        ),
    ),
    Setting(
        "memory_budget",
        float,
        0.0,
        "Memory Budget (GiB)",
        "Memory of the graphics card that the model may take, the rest waits in main memory; 0: what is free. Not for the CPU",
        0.0,
        1024.0,
        group="machine",
    ),
)

SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _TABLE}


def defaults() -> dict[str, Value]:
    """Every setting at its default."""
    return {name: setting.default for name, setting in SETTINGS.items()}


def validated(values: Mapping[str, Any]) -> dict[str, Value]:
    """Defaults overridden by `values`; SettingsError names the first unknown or invalid one."""
    for name in values:
        if name not in SETTINGS:
            raise SettingsError(f"Unknown setting '{name}'; known are {', '.join(SETTINGS)}.")
    return defaults() | {name: SETTINGS[name].checked(value) for name, value in values.items()}
