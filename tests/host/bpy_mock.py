"""A small stand-in for the part of bpy that the add-on uses: enough to register, draw and generate without Blender.

It holds no logic of Blender's beyond what the add-on relies on. Timers run when a test says so (`run_timers`).
Every name that it offers must exist in the stubs of the oldest and the newest Blender: `test_mock.py`.
"""

from __future__ import annotations

import inspect
import itertools
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

_uids = itertools.count(1)


_DEFAULTS = {
    "BoolProperty": False,
    "IntProperty": 0,
    "FloatProperty": 0.0,
    "FloatVectorProperty": (0.0, 0.0, 0.0),
    "StringProperty": "",
}


# --- bpy.props -------------------------------------------------------------------------------------------------------
class Property:
    """What a function of bpy.props returns: its kind and arguments."""

    def __init__(self, kind: str, **arguments: Any) -> None:
        self.kind, self.arguments = kind, arguments
        self.keywords = arguments  # what bpy.props calls them

    def make_default(self) -> Any:
        if self.kind == "PointerProperty":
            return None if issubclass(self.arguments["type"], ID) else self.arguments["type"]()
        if self.kind == "CollectionProperty":
            return _Items(self.arguments["type"])
        return self.arguments.get("default", _DEFAULTS.get(self.kind))


def _property(kind: str) -> Callable[..., Property]:
    return lambda **arguments: Property(kind, **arguments)


BoolProperty = _property("BoolProperty")
CollectionProperty = _property("CollectionProperty")
EnumProperty = _property("EnumProperty")
FloatProperty = _property("FloatProperty")
FloatVectorProperty = _property("FloatVectorProperty")
IntProperty = _property("IntProperty")
PointerProperty = _property("PointerProperty")
StringProperty = _property("StringProperty")


def _value_of(property: Property, got: Any) -> Any:
    """Blender's functions speak of a choice by its number."""
    return property.arguments["items"][got][0] if property.kind == "EnumProperty" else got


def _number_of(property: Property, value: Any) -> Any:
    return [name for name, *_ in property.arguments["items"]].index(value) if property.kind == "EnumProperty" else value


# --- bpy.types -------------------------------------------------------------------------------------------------------
class bpy_struct:  # noqa: N801 - the stubs' name
    """Properties from annotations and from attributes of the class, with their defaults until they are set."""

    def __getattribute__(self, name: str) -> Any:
        found = object.__getattribute__(self, name)
        return self._default(name, found) if isinstance(found, Property) else found

    def __getattr__(self, name: str) -> Any:
        for cls in type(self).__mro__:
            found = inspect.get_annotations(cls).get(name)
            if isinstance(found, Property):
                return self._default(name, found)
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def __setattr__(self, name: str, value: Any) -> None:
        for cls in type(self).__mro__:
            found = inspect.get_annotations(cls).get(name)
            if isinstance(found, Property) and "set" in found.arguments:
                return found.arguments["set"](self, _number_of(found, value))
        return object.__setattr__(self, name, value)

    def _default(self, name: str, property: Property) -> Any:
        if "get" in property.arguments:
            return _value_of(property, property.arguments["get"](self))
        value = property.make_default()
        if property.kind in ("PointerProperty", "CollectionProperty") and value is not None:
            object.__setattr__(self, name, value)  # what it holds can be changed from now on
        return value

    def is_property_set(self, property: str) -> bool:
        return property in self.__dict__

    def property_unset(self, property: str) -> None:
        self.__dict__.pop(property, None)


class PropertyGroup(bpy_struct):
    pass


class ID(bpy_struct):
    def __init__(self, name: str) -> None:
        self.name, self.session_uid, self.library, self.override_library = name, next(_uids), None, None
        self._custom: dict[str, Any] = {}

    def __setitem__(self, key: str, value: Any) -> None:
        self._custom[key] = value

    def __getitem__(self, key: str) -> Any:
        return self._custom[key]

    def __delitem__(self, key: str) -> None:
        del self._custom[key]

    def __contains__(self, key: str) -> bool:
        return key in self._custom

    def keys(self) -> Any:
        return self._custom.keys()

    def get(self, key: str, default: Any = None) -> Any:
        return self._custom.get(key, default)

    def pop(self, key: str, default: Any = None) -> Any:
        return self._custom.pop(key, default)


class _Items(list):
    """The items of a collection property."""

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__()
        self.make = make

    def add(self) -> Any:
        self.append(self.make())
        return self[-1]

    def remove(self, index: int) -> None:
        del self[index]


class _Elements:
    """vertices, edges, loops or polygons of a mesh: a count and what foreach_set gave."""

    def __init__(self) -> None:
        self.count, self.values = 0, {}

    def __len__(self) -> int:
        return self.count

    def add(self, count: int) -> None:
        self.count += count

    def foreach_set(self, attr: str, seq: np.ndarray) -> None:
        self.values[attr] = np.array(seq)

    def foreach_get(self, attr: str, seq: np.ndarray) -> None:
        seq[:] = self.values[attr]


class _Attributes(dict):
    """Those that a mesh has of itself, and new ones."""

    def new(self, name: str, type: str, domain: str) -> Any:
        return self.setdefault(name, types.SimpleNamespace(data=_Elements()))


class Mesh(ID):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.is_editmode, self.shape_keys = False, None
        self.users, self.materials = 0, []
        self.vertices, self.edges, self.loops, self.polygons = _Elements(), _Elements(), _Elements(), _Elements()
        self.attributes = _Attributes()
        for name in ("position", ".edge_verts", ".corner_vert", ".corner_edge"):
            self.attributes.new(name, "INT", "POINT")

    def update(self) -> None:
        pass

    def shade_smooth(self) -> None:
        pass


class Text(ID):
    def write(self, text: str) -> None:
        self.text = text


class Image(ID):
    def __init__(self, path: str) -> None:
        super().__init__(Path(path).name)
        self.users, self.packed_file = 0, None

    def get(self, key: str, default: Any = None) -> Any:
        return self._custom.get(key, default)

    def pack(self) -> None:
        self.packed_file = types.SimpleNamespace(data=b"")

    def preview_ensure(self) -> None:
        pass


class Object(ID):
    def __init__(self, name: str, data: Mesh) -> None:
        super().__init__(name)
        self.location, self.users_collection, self.modifiers = (0.0, 0.0, 0.0), [], []
        self.mode, self.material_slots = "OBJECT", []
        self._data: Mesh | None = None
        self.data = data
        self._selected = False

    @property
    def data(self) -> Mesh:
        assert self._data is not None
        return self._data

    @data.setter
    def data(self, data: Mesh) -> None:
        if self._data is not None:
            self._data.users -= 1
        self._data = data
        data.users += 1

    def select_set(self, state: bool, view_layer: Any = None) -> None:
        self._selected = state


class _Links(list):
    """objects of a collection."""

    def __init__(self, owner: Collection) -> None:
        super().__init__()
        self.owner = owner

    def link(self, object: Object) -> None:
        self.append(object)
        object.users_collection.append(self.owner)


class Window(bpy_struct):
    pass


class RenderSettings(bpy_struct):
    pass


class Collection(ID):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.objects, self.children_recursive = _Links(self), []


class Scene(ID):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.collection = Collection("Scene Collection")
        self.cursor = types.SimpleNamespace(location=(1.0, 2.0, 3.0))


class Operator(bpy_struct):
    def __init__(self, **given: Any) -> None:
        for name, value in given.items():
            setattr(self, name, value)
        self.reports: list[tuple[set[str], str]] = []

    @property
    def properties(self) -> Operator:
        return self

    def report(self, type: set[str], message: str) -> None:
        self.reports.append((type, message))

    @classmethod
    def poll_message_set(cls, message: str) -> None:
        pass


class UILayout(bpy_struct):
    """Remembers what was drawn, as one flat list of (what, text or name) shared by all its parts."""

    def __init__(self, drawn: list[tuple[str, str]] | None = None) -> None:
        self.drawn: list[tuple[str, str]] = [] if drawn is None else drawn
        self.enabled = self.active = self.alert = self.use_property_split = self.use_property_decorate = True
        self.scale_y, self.operator_context = 1.0, "INVOKE_DEFAULT"

    def _part(self) -> UILayout:
        return UILayout(self.drawn)

    def box(self) -> UILayout:
        return self._part()

    def row(self, align: bool = False, heading: str = "", translate: bool = True) -> UILayout:
        return self._part()

    def column(self, align: bool = False) -> UILayout:
        return self._part()

    def split(self, factor: float = 0.0, align: bool = False) -> UILayout:
        return self._part()

    def label(self, text: str = "", icon: str = "NONE", translate: bool = True) -> None:
        self.drawn.append(("label", text))

    def menu(self, menu: str, text: str = "", icon: str = "NONE", translate: bool = True) -> None:
        self.drawn.append(("menu", menu))

    def prop(
        self, data: Any, property: str, text: str = "", translate: bool = True, toggle: int = -1, icon: str = "NONE"
    ) -> None:
        getattr(data, property)  # what does not exist cannot be drawn
        self.drawn.append(("prop", property))

    def prop_enum(self, data: Any, property: str, value: str) -> None:
        getattr(data, property)
        self.drawn.append(("choice", value))

    def operator(
        self, operator: str, text: str = "", icon: str = "NONE", emboss: bool = True, translate: bool = True
    ) -> types.SimpleNamespace:
        self.drawn.append(("operator", operator))
        if not self.enabled:
            self.drawn.append(("disabled", operator))
        return types.SimpleNamespace()  # what the button gives to the operator

    def progress(self, text: str = "", factor: float = 0.0, type: str = "RING") -> None:
        self.drawn.append(("progress", text))

    def template_list(self, listtype_name: str, list_id: str, dataptr: Any, propname: str, *_: Any, rows: int = 5) -> None:
        self.drawn.append(("list", propname))
        self.drawn += [("item", item.name) for item in getattr(dataptr, propname)]

    def separator(self, factor: float = 1.0) -> None:
        pass

    def template_icon(self, icon_value: int = 0, scale: float = 1.0) -> None:
        self.drawn.append(("icon", str(icon_value)))


class Panel(bpy_struct):
    def __init__(self) -> None:
        self.layout = UILayout()


class UIList(bpy_struct):
    pass


class AddonPreferences(bpy_struct):
    def __init__(self) -> None:
        self.layout = UILayout()


class Menu(bpy_struct):
    pass


class FileHandler(bpy_struct):
    pass


class OperatorFileListElement(PropertyGroup):
    pass


class Context(bpy_struct):
    pass


class Event(bpy_struct):
    pass


class KeyMap(bpy_struct):
    pass


class KeyMapItem(bpy_struct):
    pass


_TYPES = (
    bpy_struct, PropertyGroup, Text, ID, Image, Window, Mesh, Object, Collection, Scene, Operator, UILayout, UIList, Panel, Menu,
    RenderSettings, FileHandler, OperatorFileListElement, AddonPreferences, Context, Event, KeyMap, KeyMapItem,
)  # fmt: skip


# --- bpy.utils.previews ----------------------------------------------------------------------------------------------
class ImagePreviewCollection(dict):
    def new(self, name: str) -> Any:
        return self.setdefault(name, _preview())

    def load(self, name: str, path: str, path_type: str) -> Any:
        return self.new(name)


def _preview() -> Any:
    pixels = types.SimpleNamespace(foreach_set=lambda values: None)
    return types.SimpleNamespace(icon_id=next(_uids), image_size=(0, 0), image_pixels_float=pixels)


# --- the state -------------------------------------------------------------------------------------------------------
class _Blocks(list):
    """One list of bpy.data."""

    def __init__(self, make: Callable[..., ID]) -> None:
        super().__init__()
        self.make = make

    def new(self, *arguments: Any) -> Any:
        self.append(self.make(*arguments))
        return self[-1]

    def get(self, name: str) -> Any:
        return next((block for block in self if block.name == name), None)

    def remove(self, block: Any) -> None:
        super().remove(block)
        for collection in getattr(block, "users_collection", ()):
            list.remove(collection.objects, block)
        if isinstance(block, Object):
            block.data.users -= 1


class _Images(_Blocks):
    def load(self, path: str) -> Any:
        return self.new(path)


class _Layer:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.objects = types.SimpleNamespace(active=None, selected=[])

    def _names(self) -> set[str]:
        return {obj.name for obj in self.scene.collection.objects}


class Host:
    """One Blender: its modules, and levers for tests."""

    def __init__(self, package: str, user_folder: Path) -> None:
        self.package = package
        self.user_folder = user_folder
        self.registered: list[type] = []
        self.timers: dict[Callable[[], float | None], bool] = {}
        self.undo_steps: list[str] = []
        self.commands: dict[str, Callable[[list[str]], int]] = {}
        self.addons: dict[str, Any] = {}
        self.data = types.SimpleNamespace(
            objects=_Blocks(Object), meshes=_Blocks(Mesh), scenes=_Blocks(Scene), texts=_Blocks(Text), images=_Images(Image)
        )  # fmt: skip
        scene = self.data.scenes.new("Scene")
        manager = types.SimpleNamespace(
            windows=[],
            keyconfigs=types.SimpleNamespace(addon=None, user=None),
            progress_begin=lambda *_: None,
            progress_update=lambda _: None,
            progress_end=lambda: None,
        )
        self.context = types.SimpleNamespace(
            scene=scene, collection=scene.collection, window=None, window_manager=manager, mode="EDIT_MESH", view_layer=None,
            active_object=None, space_data=None,
            preferences=types.SimpleNamespace(addons=self.addons, system=types.SimpleNamespace(ui_scale=1.0)),
            region=types.SimpleNamespace(width=300),
        )  # fmt: skip

    def run_timers(self) -> None:
        """Call each timer once, as Blender's main loop does when its time has come."""
        for function in list(self.timers):
            if function() is None:
                del self.timers[function]

    def _register_class(self, cls: type) -> None:
        assert cls not in self.registered, f"{cls} is registered twice"
        self.registered.append(cls)
        if issubclass(cls, AddonPreferences):
            self.addons[cls.bl_idname] = types.SimpleNamespace(preferences=cls())

    def modules(self) -> dict[str, types.ModuleType]:
        """bpy and its parts as Python imports them."""
        handlers = _module("bpy.app.handlers", persistent=lambda function: function)
        for name in ("load_pre", "load_post", "save_pre", "undo_post", "redo_post"):
            setattr(handlers, name, [])
        timers = _module(
            "bpy.app.timers",
            register=lambda function, first_interval=0.0, persistent=False: self.timers.update({function: persistent}),
            unregister=self.timers.pop,
            is_registered=self.timers.__contains__,
        )
        translations = _module(
            "bpy.app.translations",
            pgettext_iface=lambda msgid, msgctxt="*": msgid,
            pgettext_rpt=lambda msgid, msgctxt="*": msgid,
            register=lambda *_: None,
            unregister=lambda _: None,
        )
        app = _module(
            "bpy.app",
            translations=translations,
            tempdir="",
            handlers=handlers,
            timers=timers,
            online_access=True,
            background=False,
            version_string="4.2.0",
        )
        previews = _module(
            "bpy.utils.previews",
            new=ImagePreviewCollection,
            remove=ImagePreviewCollection.clear,
            ImagePreviewCollection=ImagePreviewCollection,
        )
        utils = _module(
            "bpy.utils",
            previews=previews,
            register_class=self._register_class,
            unregister_class=self.registered.remove,
            register_cli_command=lambda id, execute: self.commands.setdefault(id, execute) and id,
            unregister_cli_command=self.commands.pop,
            extension_path_user=lambda package, path="", create=False: str(self.user_folder / path),
        )
        props = _module(
            "bpy.props",
            **{name: value for name, value in globals().items() if name.endswith("Property") and value is not Property},
        )
        bpy_types = _module("bpy.types", **{cls.__name__: cls for cls in _TYPES})
        for name in (
            "VIEW3D_MT_mesh_add",
            "TOPBAR_MT_file_import",
            "STATUSBAR_HT_header",
        ):  # Blender's scripts make them
            setattr(bpy_types, name, types.SimpleNamespace(append=lambda draw: None, remove=lambda draw: None))
        ed = _module("bpy.ops.ed", undo_push=lambda message="": self.undo_steps.append(message))
        ops = _module("bpy.ops", ed=ed)
        path = _module("bpy.path", abspath=lambda path: path)
        bpy = _module("bpy", app=app, utils=utils, props=props, types=bpy_types, ops=ops, path=path)
        bpy.context, bpy.data = self.context, self.data  # type: ignore[attr-defined]
        mathutils = _module("mathutils", Matrix=None, Vector=None)
        bmesh = _module("bmesh", new=None, ops=None)
        view3d = {f"region_2d_to_{what}_3d": None for what in ("origin", "vector")} | {"location_3d_to_region_2d": None}
        view_utils = _module("bpy_extras.view3d_utils", **view3d)
        presets = _module("bl_operators.presets", AddPresetBase=type("AddPresetBase", (), {}))
        ui = _module("bl_ui.utils", PresetPanel=type("PresetPanel", (), {}))
        around = (
            _module("rna_keymap_ui"),
            mathutils,
            bmesh,
            _module("bpy_extras", view3d_utils=view_utils),
            view_utils,
            _module("bl_operators", presets=presets),
            presets,
            _module("bl_ui", utils=ui),
            ui,
        )
        found = (bpy, *around, app, translations, handlers, timers, utils, previews, props, bpy_types, ops, path)
        return {module.__name__: module for module in found}


_OF_BLENDER = ("bpy", "bmesh", "bpy_extras", "rna_keymap_ui", "mathutils", "bl_operators", "bl_ui")


def _module(name: str, **members: Any) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__.update(members)
    return module


def installed(host: Host, root: Path) -> Iterator[None]:
    """While this generator is suspended, `import bpy` gives `host`, and `host.package` is the extension in `root`.

    The add-on's modules are new each time. Those of the core, which know nothing of Blender, stay.
    """
    core = f"{host.package}.flashvdm_core"
    before = dict(sys.modules)
    package = _module(host.package)
    package.__path__ = [str(root)]
    sys.modules.update(host.modules() | {host.package: package})
    yield
    for name in set(sys.modules) - set(before):
        if name.split(".")[0] in (*_OF_BLENDER, host.package) and not f"{name}.".startswith(f"{core}."):
            del sys.modules[name]
    sys.modules.update({name: module for name, module in before.items() if name.split(".")[0] == "bpy"})
