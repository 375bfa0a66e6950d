"""Settings as Blender properties, made from the core's one table, so that ranges and tooltips agree everywhere."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.settings import SETTINGS, Setting
from ...flashvdm_core.api.tasks import BlockOut
from ..blender.texts import CONTEXT

MACHINE = tuple(name for name, setting in SETTINGS.items() if setting.group == "machine")
"""Settings of the machine, not of the scene: they are in the preferences."""

OF_SCENE = tuple(name for name in SETTINGS if name not in MACHINE)
"""Settings that are kept with the scene."""

TAB = "Image to 3D"
"""The add-on's tab in the sidebar of the 3D viewport."""

VIEW_LABELS = {"left": "Left", "back": "Back", "right": "Right"}
"""The views beside the front one."""

_MAKERS = {bool: BoolProperty, int: IntProperty, float: FloatProperty, str: StringProperty}

_Class = TypeVar("_Class", bound=type)


def with_properties(**properties: Any) -> Callable[[_Class], _Class]:
    """Class decorator: give a Blender class these properties, as annotations in its body would."""

    for given in properties.values():
        given.keywords.setdefault("translation_context", CONTEXT)

    def add(cls: _Class) -> _Class:
        cls.__annotations__ = {**inspect.get_annotations(cls), **properties}
        return cls

    return add


def setting_properties(
    names: Iterable[str],
    options: set[Any] | None = None,
    update: Any = None,
    access: Callable[[str], dict[str, Any]] = lambda name: {},
) -> dict[str, Any]:
    """A Blender property for each of these settings, with the table's type, range, default, label and tooltip.

    `update` is called when a setting of the group "image" changes; `access` says how a setting is read and written whose value
    is kept elsewhere.
    """
    return {name: _property(SETTINGS[name], options or set(), update, access(name)) for name in names}


def placement_properties(options: set[Any] | None = None) -> dict[str, Any]:
    """The properties that say how large the result is and where it stands."""
    chosen: set[Any] = options or set()
    return {
        "size": FloatProperty(
            name="Size", description="Size of the new object", default=2.0, min=0.0001, max=10_000.0, soft_min=0.01,
            soft_max=100.0, unit="LENGTH", options=chosen,
        ),
        "size_of": EnumProperty(
            name="Fit To", description="What the size is the length of", default="LONGEST", options=chosen,
            items=(("LONGEST", "Longest Side", "The longest side of the new object is as long as its size says"),
                   ("HEIGHT", "Height", "The new object is as high as its size says")),
        ),
        "placement": EnumProperty(
            name="Location", description="Where the new object stands", default="CURSOR", options=chosen,
            items=(("CURSOR", "3D Cursor", "The new object stands on the 3D cursor"),
                   ("FLOOR", "Floor", "The new object stands below or above the 3D cursor, at the height of the world's origin"),
                   ("ORIGIN", "World Origin", "The new object stands on the world's origin")),
        ),
        "straighten": BoolProperty(
            name="Straighten", description="Turn the new object so that its footprint lies along the axes, not as it was seen",
            default=False, options=chosen,
        ),
    }  # fmt: skip


TOPOLOGIES = (
    ("TRIANGLES", "Triangles", "The mesh is of triangles"),
    ("QUADS", "Quads", "The mesh is of quads that follow the shape, laid by QuadriFlow in the background"),
)


def topology_property(options: set[Any] | None = None) -> Any:
    """What faces a new mesh has."""
    return EnumProperty(name="Faces", description="What the new mesh is made of", items=TOPOLOGIES, options=options or set())


QUALITIES = (
    ("DRAFT", "Draft", "A coarse mesh, to see soon whether the shape is right"),
    ("NORMAL", "Normal", "The defaults"),
    ("FINE", "Fine", "A finer mesh; takes more time and memory"),
)
_RESOLUTIONS = {"DRAFT": 128, "NORMAL": 256, "FINE": 512}
_OWN_QUALITY = ("CUSTOM", "Custom", "The resolution that is set")


def set_quality(settings: Any, quality: str) -> None:
    """Set what makes a mesh fine and slow, or coarse and quick."""
    for name in ("steps", "decoder"):
        settings.property_unset(name)
    settings.resolution = _RESOLUTIONS.get(quality, settings.resolution)


def quality_property() -> Any:
    """How fine the mesh becomes: another name of the settings that say so, and nothing of its own."""
    names = [name for name, *_ in (*QUALITIES, _OWN_QUALITY)]

    def get(settings: Any) -> int:
        found = [name for name, resolution in _RESOLUTIONS.items() if resolution == settings.resolution]
        return names.index(found[0] if found else _OWN_QUALITY[0])

    return EnumProperty(
        name="Quality", description="How fine the mesh becomes", items=(*QUALITIES, _OWN_QUALITY), options={"SKIP_SAVE"},
        get=get, set=lambda settings, value: set_quality(settings, names[value]),
    )  # fmt: skip


def limit_faces_property() -> Any:
    """Whether there is a face budget: off, that is 0."""

    def switch(settings: Any, wanted: bool) -> None:
        settings.face_budget = (settings.face_budget or SETTINGS["face_budget"].default) if wanted else 0

    return BoolProperty(
        name="Target Faces", description="Reduce the mesh to a number of faces that suits a game; off: keep all of them",
        options={"SKIP_SAVE"}, get=lambda settings: settings.face_budget > 0, set=switch,
    )  # fmt: skip


AUTOMATIC: Mapping[str, float] = {"steps": 20, "guidance": 5.0, "largest_parts": 1, "memory_budget": 8.0}
"""Settings whose default leaves the choice to the model or the machine -> where one begins that does not want that."""


def auto_properties(names: Iterable[str]) -> dict[str, Any]:
    """For each of these settings a switch that stands for its default: nobody has to know what 0 or -1 means."""
    return {f"auto_{name}": _auto_property(name) for name in names}


def _auto_property(name: str) -> Any:
    default = SETTINGS[name].default

    def switch(owner: Any, wanted: bool) -> None:
        own = SETTINGS[name].kind(AUTOMATIC[name])
        setattr(owner, name, default if wanted else own if getattr(owner, name) == default else getattr(owner, name))

    return BoolProperty(
        name="Auto", description="What suits the model and this machine", options={"SKIP_SAVE"},
        get=lambda owner: getattr(owner, name) == default, set=switch,
    )  # fmt: skip


def strength_percent_property() -> Any:
    """The strength as artists count it."""

    def put(settings: Any, value: float) -> None:
        settings.strength = value / 100

    return FloatProperty(
        name="Strength", min=0.0, max=100.0,
        description="How far the result may leave the block-out: 0 % gives it back, up to 30 % its edges stay within 2 % of its "
        "size, 100 % forgets it",
        precision=0, subtype="PERCENTAGE", options={"SKIP_SAVE"}, get=lambda settings: settings.strength * 100, set=put,
    )  # fmt: skip


def blend_property() -> Any:
    """How much of each of two results is in the shape between them."""
    return FloatProperty(
        name="Factor", description="0 is the active object, 1 the other one", default=0.5, min=0.0, max=1.0, subtype="FACTOR"
    )


def strength_property(options: set[Any] | None = None) -> Any:
    """How far a generation may go from the block-out that it starts from."""
    return FloatProperty(
        name="Strength", default=BlockOut.strength, min=0.0, max=1.0, subtype="FACTOR", options=options or set(),
        description="How far the result may leave the block-out: 0 gives it back, up to 0.3 its edges stay within 2 % of its "
        "size, 1 forgets it",
    )  # fmt: skip


def triangles_property() -> Any:
    """How many triangles a mesh shall have."""
    return IntProperty(
        name="Triangles", description="About this many triangles", default=10_000, min=4, max=20_000_000, soft_min=100,
        soft_max=500_000,
    )  # fmt: skip


def quads_property() -> Any:
    """How many quads a mesh shall have."""
    return IntProperty(
        name="Quads", description="About this many quads", default=5_000, min=20, max=2_000_000, soft_min=100, soft_max=100_000
    )


def image_properties(prefix: str, options: set[Any] | None = None, update: Any = None) -> dict[str, Any]:
    """The path of an image for each view: `prefix` for the front, `prefix_left` and so on for the others.

    Plain texts: a FILE_PATH would bring a button that opens a browser of all files, beside the one of the images.
    """
    views = {prefix: "Image"} | {f"{prefix}_{view}": label for view, label in VIEW_LABELS.items()}
    return {
        name: StringProperty(name=label, description="Image file of the object", options=options or set(), update=update)
        for name, label in views.items()
    }


def _property(setting: Setting, options: set[Any], update: Any, access: dict[str, Any]) -> Any:
    make: Any = EnumProperty if setting.choices else _MAKERS[setting.kind]
    arguments: dict[str, Any] = {"name": setting.label, "description": setting.tooltip, "options": options}
    if setting.name == "model":
        arguments["subtype"] = "DIR_PATH"
    if setting.choices:
        arguments["items"] = setting.choices
    if setting.minimum is not None:
        arguments |= {"min": setting.minimum, "max": setting.maximum}
    if setting.group == "image":
        arguments["update"] = update
    return make(**({"default": setting.default} | arguments | access))


image_observers: list[Callable[[], None]] = []
"""Called whenever something changes that the cut-out of the image depends on."""


live_observers: list[Callable[[], None]] = []
"""Called whenever something changes that the live draft depends on."""


def _image_changed(_settings: object, _context: object) -> None:
    for observer in (*image_observers, *live_observers):
        observer()


def _draft_changed(_settings: object, _context: object) -> None:
    for observer in live_observers:
        observer()


def _scene_properties() -> dict[str, Any]:
    found = setting_properties(OF_SCENE, update=_image_changed)
    for name in ("seed", "model"):
        found[name].keywords["update"] = _draft_changed
    return found


@with_properties(
    **image_properties("image", update=_image_changed),
    **_scene_properties(),
    live=BoolProperty(
        name="Live Draft",
        description="Renew a coarse mesh whenever the image, its mask or the seed changes",
        update=_draft_changed,
        options={"SKIP_SAVE"},
    ),
    **placement_properties(),
    quality=quality_property(),
    limit_faces=limit_faces_property(),
    topology=topology_property(),
    target_triangles=triangles_property(),
    target_quads=quads_property(),
    variants=IntProperty(name="Variants", description="Number of seeds to choose from", default=3, min=2, max=100, soft_max=12),
    blend_amount=blend_property(),
    strength=strength_property(),
    strength_percent=strength_percent_property(),
    **auto_properties(("steps", "guidance", "largest_parts")),
)
class FlashVDMSceneSettings(bpy.types.PropertyGroup):
    """What the next generation in a scene uses."""

    if TYPE_CHECKING:
        live: bool
        image: str
        size: float
        straighten: bool
        resolution: int
        quality: str
        limit_faces: bool
        topology: str
        face_budget: int
        size_of: str
        placement: str
        target_triangles: int
        target_quads: int
        variants: int
        model: str
        cutout: str
        blend_amount: float
        strength: float


def scene_settings(scene: bpy.types.Scene) -> FlashVDMSceneSettings:
    """The add-on's settings of `scene`."""
    return scene.flashvdm  # pyright: ignore[reportAttributeAccessIssue]


def reset_unknown_settings(settings: FlashVDMSceneSettings) -> None:
    """Put back to its default what another version of the add-on left in a file and this one does not know."""
    for name in OF_SCENE:
        try:
            SETTINGS[name].checked(getattr(settings, name))
        except SettingsError:
            settings.property_unset(name)
    for name in placement_properties():
        if getattr(settings, name) == "":  # a choice that does not exist
            settings.property_unset(name)


def register() -> None:
    bpy.types.Scene.flashvdm = PointerProperty(type=FlashVDMSceneSettings)  # pyright: ignore[reportAttributeAccessIssue]


def unregister() -> None:
    del bpy.types.Scene.flashvdm  # pyright: ignore[reportAttributeAccessIssue]


CLASSES = (FlashVDMSceneSettings,)
