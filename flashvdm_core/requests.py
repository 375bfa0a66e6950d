"""What a front end asks for. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import SettingsError
from .settings import Value, validated

VIEWS = ("front", "left", "back", "right")


@dataclass(frozen=True)
class Request:
    """One generation.

    Attributes:
        images: view name (of VIEWS) -> path of the image file. At least "front".
        settings: every setting of `settings.SETTINGS`, checked.
        keep_latents: hand back the latents with the result, so that another resolution needs no new sampling.
    """

    images: Mapping[str, str]
    settings: Mapping[str, Value] = field(default_factory=dict)
    keep_latents: bool = False

    def __post_init__(self) -> None:
        if not self.images:
            raise SettingsError("No image was given.")
        for view in self.images:
            if view not in VIEWS:
                raise SettingsError(f"Unknown view '{view}'; known are {', '.join(VIEWS)}.")
        object.__setattr__(self, "settings", validated(self.settings))

    def to_json(self) -> dict[str, Any]:
        """A dict of plain JSON types."""
        return {"images": dict(self.images), "settings": dict(self.settings), "keep_latents": self.keep_latents}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Request:
        """The inverse of `to_json`; raises SettingsError for anything unexpected."""
        unknown = set(data) - {"images", "settings", "keep_latents"}
        images, settings, keep_latents = data.get("images"), data.get("settings", {}), data.get("keep_latents", False)
        if unknown or not isinstance(images, Mapping) or not all(isinstance(path, str) for path in images.values()):
            raise SettingsError(f"Not a request: unknown fields {sorted(unknown)} or no images.")
        if not isinstance(settings, Mapping) or not isinstance(keep_latents, bool):
            raise SettingsError("Not a request: its settings are no table or keep_latents is neither true nor false.")
        return cls(dict(images), dict(settings), keep_latents)
