"""The latents of a result, kept with its object in the .blend: half precision, compressed, as one hidden text property.

A text, since Blender cuts bytes off at their first zero when it saves them; a registered property, since it would
otherwise be drawn among the object's custom properties.
"""

import base64
import io
import json
import zlib
from typing import Any

import bpy
import numpy as np
from bpy.props import StringProperty
from numpy.lib import format as npy

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.settings import SETTINGS, Value
from ..settings.preferences import preferences
from ..settings.properties import MACHINE

_LARGEST = 1 << 26  # bytes: what claims to be more is damaged


def keep(obj: bpy.types.Object, latents: np.ndarray) -> None:
    """Keep float32 [N, C] with `obj`; they come back rounded to half precision."""
    file = io.BytesIO()
    npy.write_array(file, np.ascontiguousarray(latents, np.float16), version=(1, 0), allow_pickle=False)
    held: Any = obj
    held.flashvdm_latents = base64.b85encode(zlib.compress(file.getvalue(), 9)).decode("ascii")


def has_latents(obj: bpy.types.Object) -> bool:
    """Whether latents were kept with `obj`."""
    return obj.is_property_set("flashvdm_latents")


def latents_of(obj: bpy.types.Object) -> np.ndarray:
    """The latents that were kept with `obj`, float32 [N, C].

    Raises:
        SettingsError: there are none, or they are damaged.
    """
    held: Any = obj
    if not has_latents(obj):
        raise SettingsError(f"The latents of '{obj.name}' were not kept; generate it again with Keep Latents switched on.")
    try:
        content = zlib.decompressobj().decompress(base64.b85decode(held.flashvdm_latents), _LARGEST)
        return npy.read_array(io.BytesIO(content), allow_pickle=False).astype(np.float32)
    except (zlib.error, ValueError, EOFError, OSError) as error:
        raise SettingsError(f"The latents of '{obj.name}' are damaged; generate it again.") from error


def settings_of(obj: bpy.types.Object) -> dict[str, Value]:
    """The settings by which `obj` was made, on this machine.

    Raises:
        SettingsError: they are missing or damaged.
    """
    try:
        stored = json.loads(str(obj.get("flashvdm_settings", "")))
        kept = {name: value for name, value in stored.items() if name in SETTINGS}
    except (TypeError, ValueError, AttributeError):
        raise SettingsError(f"It is not known how '{obj.name}' was made; generate it again.") from None
    return kept | {name: getattr(preferences(), name) for name in MACHINE}


def register() -> None:
    bpy.types.Object.flashvdm_latents = StringProperty(  # pyright: ignore[reportAttributeAccessIssue]
        name="Latents", description="What the mesh was decoded from", options={"HIDDEN"}
    )


def unregister() -> None:
    del bpy.types.Object.flashvdm_latents  # pyright: ignore[reportAttributeAccessIssue]


CLASSES: tuple[type, ...] = ()
