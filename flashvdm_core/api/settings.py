"""The one table of settings: names, types, ranges, defaults, labels and tooltips.

The fields of `Settings` are the table: the panel, the command line and the validator read it as `SETTINGS`, the pipeline as
typed attributes, so a range or a tooltip is changed in one place. Standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal, cast

from .errors import SettingsError
from .fields import shown

Value = bool | int | float | str

PREVIEW_RESOLUTION = 48
"""Cells along each axis of the meshes that are shown between sampling steps."""

Group = Literal["model", "image", "sampling", "surface", "clean-up", "files", "machine"]
"""What a setting is about; the panel and the command line keep those of one group together."""

Choices = tuple[tuple[str, str, str], ...]

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
    choices: Choices = ()
    group: Group = "sampling"

    def checked(self, value: object) -> Value:
        """Return `value` as this setting's type, or raise SettingsError with the allowed range."""
        wrong = SettingsError(f"Setting '{self.name}' must be {self.describe()}, not {shown(value)}.")
        if self.kind is bool:
            if not isinstance(value, bool):
                raise wrong
            return value
        if self.kind is str:
            if not isinstance(value, str) or (self.choices and value not in [c[0] for c in self.choices]):
                raise wrong
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
            raise wrong
        # Before anything is computed with it: a whole number of hundreds of digits has no float.
        if (self.minimum is not None and value < self.minimum) or (self.maximum is not None and value > self.maximum):
            raise wrong
        if self.kind is int and value != int(value):
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


def _setting(
    default: Value,
    label: str,
    tooltip: str,
    minimum: float | None = None,
    maximum: float | None = None,
    *,
    choices: Choices = (),
    group: Group = "sampling",
) -> Any:
    """A field of `Settings`: a row of the table. What its value is, is told by its default."""
    row = {"label": label, "tooltip": tooltip, "minimum": minimum, "maximum": maximum, "choices": choices, "group": group}
    return field(default=default, metadata=row)


@dataclass(frozen=True, eq=False, kw_only=True)
class Settings(Mapping[str, Value]):
    """Every setting, each within its range; also a mapping of their names to their values.

    Raises:
        SettingsError: a value is of another type or out of its range.
    """

    model: str = _setting(
        "embedded", "Model", "The built-in model, or a folder with config.yaml and model.safetensors", group="model"
    )
    cutout: Literal["auto", "keep", "border", "photo", "rembg"] = _setting(
        "auto",
        "Background",
        "How the object is cut out of the image",
        choices=(
            ("auto", "Automatic", "Use the image's transparency, remove a plain background, or find the object in a photograph"),
            ("keep", "None", "Take the whole image as it is"),
            ("border", "Color Key", "Remove the color that surrounds the object"),
            ("photo", "AI Removal", "Find the object in a photograph, whatever is behind it"),
            ("rembg", "AI Removal (rembg)", "Remove the background with the rembg library, where it is installed"),
        ),
        group="image",
    )
    cutout_threshold: float = _setting(
        0.1, "Tolerance", "How far a color may be from the background's and still be removed", 0.0, 1.0, group="image"
    )
    cutout_edge: float = _setting(
        0.0, "Edge", "Move the outline of the cut-out outward, or inward below 0, in % of the picture", -5.0, 5.0, group="image"
    )
    cutout_softness: float = _setting(
        0.0, "Softness", "Width of the soft edge of the cut-out, in % of the picture", 0.0, 5.0, group="image"
    )
    prompt: str = _setting(
        "", "Prompt", 'What the drawing shows, for a model that takes a drawing and words: "a cat with wings"', group="image"
    )
    seed: int = _setting(
        0,
        "Seed",
        "Another seed gives another shape for the same image; with the built-in model 0 is the likeliest one",
        0,
        2**31 - 1,
    )
    steps: int = _setting(0, "Steps", "Sampling steps; 0 takes the model's own number", 0, 1000)
    guidance: float = _setting(
        -1.0, "Guidance", "How strictly the shape follows the image; -1 takes the model's own value", -1.0, 20.0
    )
    forecast: bool = _setting(
        False,
        "Forecast Steps",
        "Compute every third sampling step and forecast the others: a model of many steps takes less than half of the time, and "
        "the shape differs a little",
    )
    part_count: int = _setting(
        4, "Parts", "How many parts the object is made of, by a model that makes it in parts, such as PartCrafter", 1, 16
    )
    resolution: int = _setting(
        256,
        "Mesh Detail",
        "Resolution of the mesh: more cells along each side give finer detail and take more time and memory",
        16,
        1024,
        group="surface",
    )
    level: float = _setting(0.0, "Iso Value", "Higher shrinks the shape, lower swells it", -0.9, 0.9, group="surface")
    decoder: Literal["flash", "hierarchical", "dense"] = _setting(
        "flash",
        "Decoder",
        "How the volume is decoded",
        choices=(
            ("flash", "Flash", "Hierarchical, with the tokens that matter for each region"),
            ("hierarchical", "Hierarchical", "Only near the surface, with all tokens"),
            ("dense", "Dense", "Every point: slow, the reference"),
        ),
        group="surface",
    )
    colours: bool = _setting(
        True,
        "Texture from Image",
        "Project the front image on the mesh as a texture; what it does not show gets the colors next to it",
        group="surface",
    )
    preview: bool = _setting(True, "Preview", "Show the mesh while it forms", group="surface")
    largest_parts: int = _setting(
        0,
        "Largest Parts",
        "Keep only this many of the largest parts; 0 keeps all but the smallest floaters",
        0,
        1000,
        group="clean-up",
    )
    remove_floaters: bool = _setting(
        True, "Remove Floaters", "Drop small parts that touch nothing and float beside the shape", group="clean-up"
    )
    face_budget: int = _setting(
        40_000,
        "Target Faces",
        "Reduce the mesh to about this many triangles; 0 keeps all of them",
        0,
        50_000_000,
        group="clean-up",
    )
    symmetry: Literal["off", "auto", "x"] = _setting(
        "off",
        "Symmetry",
        "Mirror the better half of the shape on an upright plane, so that both sides match",
        choices=(
            ("off", "Off", "Leave the shape as it is"),
            ("auto", "Automatic", "Mirror a shape that is nearly symmetric on the plane that is found; leave any other"),
            ("x", "Left and Right", "Mirror any shape on the plane between the left and the right of the front view"),
        ),
        group="clean-up",
    )
    print_size: float = _setting(
        100.0,
        "Print Size (mm)",
        "Longest side in .stl and .ply files, in millimetres with z up; 0: two units with y up, as in other formats",
        0.0,
        100_000.0,
        group="files",
    )
    device: str = _setting("auto", "Device", "Where the model runs: auto, cpu, cuda, cuda:1, mps", group="machine")
    precision: Literal["auto", "float32", "float16", "bfloat16", "float8"] = _setting(
        "auto",
        "Precision",
        "Number format of the networks",
        choices=(
            ("auto", "Automatic", "The fastest that the device computes well"),
            ("float32", "float32", "Full precision"),
            ("float16", "float16", "Half precision"),
            ("bfloat16", "bfloat16", "Half precision with the range of float32"),
            ("float8", "8-bit", "8-bit arithmetic, where the card has it and a check of the model's answers passes"),
        ),
        group="machine",
    )
    memory_budget: float = _setting(
        0.0,
        "Memory Budget (GiB)",
        "Memory of the graphics card that the model may take, the rest waits in main memory; 0: what is free. Not for the CPU",
        0.0,
        1024.0,
        group="machine",
    )

    def __post_init__(self) -> None:
        for name, known in SETTINGS.items():
            object.__setattr__(self, name, known.checked(getattr(self, name)))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Settings:
        """The defaults overridden by `values`.

        Raises:
            SettingsError: names the first unknown or invalid one.
        """
        if isinstance(values, cls):
            return values
        for name in values:
            if name not in SETTINGS:
                raise SettingsError(f"Unknown setting {shown(name)}; known are {', '.join(SETTINGS)}.")
        return cls(**values)

    def __or__(self, changes: Mapping[str, Any]) -> Settings:
        """These settings with some of them changed."""
        return Settings.of({**self, **changes})

    def __getitem__(self, name: str) -> Value:
        if name not in SETTINGS:
            raise KeyError(name)
        return cast(Value, getattr(self, name))

    def __iter__(self) -> Iterator[str]:
        return iter(SETTINGS)

    def __len__(self) -> int:
        return len(SETTINGS)

    def __hash__(self) -> int:
        return hash(tuple(self.items()))


def _row(column: Field[Any]) -> Setting:
    default = cast(Value, column.default)
    return Setting(column.name, type(default), default, **column.metadata)


SETTINGS: Mapping[str, Setting] = {column.name: _row(column) for column in fields(Settings)}
