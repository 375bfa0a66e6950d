"""The add-on's preferences: what belongs to the machine and not to a scene."""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ...flashvdm_core.files import pasted_path
from .properties import MACHINE, auto_properties, setting_properties, with_properties

ROOT_PACKAGE = (__package__ or "").removesuffix(".addon.settings")
"""The extension's package, under which Blender knows it."""


def _make_python_absolute(preferences: Any, _context: object) -> None:
    """A path that is relative to the open file means the file that is open now, not whichever is open later."""
    absolute = bpy.path.abspath(pasted_path(preferences.python))
    if absolute != preferences.python:
        preferences.python = absolute


_DEVICES = (
    ("auto", "Automatic", "A graphics card where there is one that works, else the processor"),
    ("cpu", "Processor", "The processor: slow, and works everywhere"),
    ("cuda", "Graphics Card", "The first graphics card of NVIDIA or AMD"),
    ("cuda:1", "Second Graphics Card", "The second graphics card of NVIDIA or AMD"),
    ("mps", "Apple Graphics", "The graphics of an Apple processor"),
    ("OTHER", "Other", "The device that is named below"),
)


def _device_property() -> Any:
    """The device as a menu: another name of the setting, and nothing of its own."""
    names = [name for name, *_ in _DEVICES]

    def put(preferences: Any, value: int) -> None:
        if names[value] != "OTHER":
            preferences.device = names[value]
        elif preferences.device in names:
            preferences.device = "cuda:2"

    def get(preferences: Any) -> int:
        return names.index(preferences.device) if preferences.device in names else len(names) - 1

    return EnumProperty(
        name="Device", description="Where the model runs", items=_DEVICES, options={"SKIP_SAVE"}, get=get, set=put
    )


@with_properties(
    device_choice=_device_property(),
    **auto_properties(("memory_budget",)),
    python=StringProperty(
        name="Python Interpreter",
        description="The Python with PyTorch that runs the model; empty: FLASHVDM_PYTHON, what Set Up has made, or Blender's own",
        subtype="FILE_PATH",
        update=_make_python_absolute,
    ),
    package_index=StringProperty(
        name="Package Index",
        description="Address of a package index that has everything, for Set Up in a studio; empty: the public ones",
    ),
    idle_minutes=FloatProperty(
        name="Unload After Idle (min)",
        description="Minutes without work after which the model is unloaded and its memory is free again; 0: it stays",
        default=10.0,
        precision=1,
        min=0.0,
        max=24 * 60.0,
    ),
    silence_minutes=FloatProperty(
        name="Timeout (min)",
        description="Minutes without any sign of life during a generation after which it is given up",
        default=15.0,
        precision=1,
        min=0.01,
        max=24 * 60.0,
    ),
    keep_images=BoolProperty(
        name="Keep Images",
        description="Pack the images into the .blend file, so that the history can use them when their files have moved",
        default=True,
    ),
    keep_latents=BoolProperty(
        name="Keep Editable",
        description="Keep in the .blend file what a mesh is made from, so that Update Mesh and Interpolate need no new run",
        default=True,
    ),
    texture_shading=EnumProperty(
        name="Textures in Solid",
        description="What happens to a viewport in Solid, in which a textured result would be grey",
        items=(
            ("ASK", "Ask", "Offer a button beside the result"),
            ("ALWAYS", "Show", "Show the textures of new results"),
            ("NEVER", "Leave", "Leave the viewports as they are"),
        ),
    ),
    models_folder=StringProperty(
        name="Folder of Models",
        description="Where downloaded models are kept; empty: the extension's folder in your user folder",
        subtype="DIR_PATH",
    ),
    hub=StringProperty(
        name="Hub",
        description="Address of the server that models come from, or of a mirror; empty: HF_ENDPOINT, else huggingface.co",
    ),
    hub_token=StringProperty(
        name="Access Token",
        description="Token of your account on the hub, for models that ask for one; empty: HF_TOKEN",
        subtype="PASSWORD",
    ),
    **setting_properties(MACHINE),
)
class Preferences:
    """Interpreter, device and time-outs: what the registered class of the preferences, which can be drawn, is made from."""

    if TYPE_CHECKING:
        python: str
        package_index: str
        idle_minutes: float
        silence_minutes: float
        keep_images: bool
        texture_shading: str
        keep_latents: bool
        models_folder: str
        hub: str
        hub_token: str
        device: str
        device_choice: str
        precision: str
        memory_budget: float


def preferences() -> Preferences:
    """The add-on's preferences as they are now."""
    assert bpy.context.preferences is not None
    return bpy.context.preferences.addons[ROOT_PACKAGE].preferences  # pyright: ignore[reportReturnType]
