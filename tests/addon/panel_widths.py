"""What a panel would draw at the sidebar's default width, measured in the interface's own font: texts that would be cut off.

Lengths are points at scale 1, measured in screenshots of the real window: 280 for the sidebar, of which panels have 236.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import blf
import bpy

WIDTH = 236.0
"""Of a panel's content, in a sidebar that nobody has dragged."""
_UNIT, _MARGIN, _GAP, _BOX, _LABEL = 20.0, 8.0, 8.0, 5.0, 0.4

Translate = Callable[[str], str]


def cut_off(panel: Any, translate: Translate, name_of: Translate) -> Iterator[str]:
    """The texts that do not fit. `name_of` translates names of properties and operators, which Blender draws by itself."""
    layout = Layout(name_of)
    panel.draw(SimpleNamespace(layout=layout), bpy.context)
    if hasattr(panel, "bl_parent_id") and not hasattr(panel, "draw_header"):
        yield from _too_long(name_of(panel.bl_label), WIDTH - 2 * _UNIT)
    yield from layout.problems(WIDTH)


def texts(panel: Any) -> list[str]:
    """Everything that a panel draws, in its order."""
    layout = Layout(lambda text: text)
    panel.draw(SimpleNamespace(layout=layout), bpy.context)
    return layout.texts


def length(text: str) -> float:
    """Of a text in the interface's font."""
    blf.size(0, 11)
    return blf.dimensions(0, text)[0]


def _too_long(text: str, room: float) -> Iterator[str]:
    if length(text) > room:
        yield f"{text}: {length(text):.0f} in {room:.0f}"


class Layout:
    """As much of UILayout as the panels use; remembers what was drawn instead of drawing it."""

    def __init__(self, name_of: Translate, kind: str = "column", factor: float = 0.0, above: Layout | None = None) -> None:
        self._name_of, self._kind, self._factor = name_of, kind, factor
        self._inside: list[Layout | tuple[str, float, str]] = []
        self.use_property_split = above.use_property_split if above is not None else False
        self.use_property_decorate = self.enabled = self.active = True
        self.alert = False
        self.scale_x = self.scale_y = 1.0
        self.operator_context, self.alignment, self.emboss = "INVOKE_DEFAULT", "EXPAND", "NORMAL"

    @property
    def texts(self) -> list[str]:
        """Everything that was drawn here, in its order."""
        return [text for part in self._inside for text in (part.texts if isinstance(part, Layout) else [part[2]])]

    def _part(self, kind: str, factor: float = 0.0) -> Layout:
        part = Layout(self._name_of, kind, factor, self)
        self._inside.append(part)
        return part

    def column(self, align: bool = False, **_: Any) -> Layout:
        return self._part("column")

    def row(self, align: bool = False, heading: str = "", **_: Any) -> Layout:
        if heading:
            self._inside.append(("split", length(heading), heading))
        return self._part("row")

    def prop_enum(self, data: Any, property: str, value: str, **_: Any) -> None:
        self._add(self._name_of(data.bl_rna.properties[property].enum_items[value].name), 2 * _MARGIN, False)

    def box(self) -> Layout:
        return self._part("box")

    def split(self, factor: float = 0.5, align: bool = False) -> Layout:
        return self._part("split", factor)

    def column_flow(self, columns: int = 0, align: bool = False) -> Layout:
        return self._part("column")

    def grid_flow(self, columns: int = 2, **_: Any) -> Layout:
        return self._part("grid", columns)

    def separator(self, **_: Any) -> None:
        pass

    def panel(self, idname: str, default_closed: bool = False) -> tuple[Layout, Layout]:
        return self._part("row"), self._part("column")

    def label(self, text: str = "", icon: str = "NONE", icon_value: int = 0, **_: Any) -> None:
        self._add(text, _MARGIN, icon != "NONE" or icon_value != 0)

    def progress(self, text: str = "", **_: Any) -> None:
        self._add(text, 2 * _MARGIN, False)

    def menu(self, menu: str, text: str | None = None, icon: str = "NONE", **_: Any) -> None:
        shown = self._name_of(getattr(bpy.types, menu).bl_label) if text is None else text
        self._add(shown, _MARGIN + (_UNIT if shown else 0), icon != "NONE")

    def popover(self, panel: str, text: str | None = None, icon: str = "NONE", **_: Any) -> None:
        self.menu(panel, text, icon)

    def operator(self, operator: str, text: str | None = None, icon: str = "NONE", icon_value: int = 0, **_: Any) -> Any:
        if text is None:
            module, _, name = operator.partition(".")
            cls = getattr(bpy.types, f"{module.upper()}_OT_{name}", None)
            text = self._name_of(cls.bl_label) if cls is not None else ""
        self._add(text, 2 * _MARGIN, icon != "NONE" or icon_value != 0)
        return SimpleNamespace()

    def operator_menu_enum(self, operator: str, property: str, text: str = "", icon: str = "NONE", **_: Any) -> Any:
        return self.operator(operator, text, icon)

    def template_list(self, *_: Any, **__: Any) -> None:
        pass

    def template_icon(self, *_: Any, **__: Any) -> None:
        pass

    def template_icon_view(self, *_: Any, **__: Any) -> None:
        pass

    def prop(self, data: Any, property: str, text: str | None = None, expand: bool = False, icon: str = "NONE", **_: Any) -> None:
        known = data.bl_rna.properties[property]
        name = self._name_of(known.name) if text is None else text
        if known.type == "ENUM" and expand:
            row = self._part("row")
            for item in known.enum_items:
                row._add(self._name_of(item.name), 2 * _MARGIN, False)
        elif self.use_property_split and name:
            self._inside.append(("split", length(name), name) if known.type != "BOOLEAN" else ("check", length(name), name))
            self._values(known)
        elif known.type == "BOOLEAN":
            self._add(name, _MARGIN + _UNIT if icon == "NONE" else 2 * _MARGIN, icon != "NONE")
        elif known.type in ("INT", "FLOAT"):
            self._add(f"{name} 10000", 2 * _UNIT, False)
        elif name:
            self._inside.append(("split", length(name), name))
            self._values(known)

    def _values(self, known: Any) -> None:
        if known.type == "ENUM":
            for item in known.enum_items:
                self._inside.append(("value", length(self._name_of(item.name)), self._name_of(item.name)))

    def _add(self, text: str, margin: float, icon: bool) -> None:
        self._inside.append(("text", length(text) + margin + (_UNIT if icon else 0) if text else _UNIT, text))

    def problems(self, room: float) -> Iterator[str]:
        """The texts that do not fit where that much room is."""
        room -= 2 * _BOX if self._kind == "box" else 0
        if self._kind in ("row", "split", "grid"):
            yield from self._beside(room)
            return
        for part in self._inside:
            if isinstance(part, Layout):
                yield from part.problems(room)
            else:
                yield from _misfit(part, room)

    def _beside(self, room: float) -> Iterator[str]:
        if self._kind == "split":
            widths = [room * self._factor, room * (1 - self._factor)]
        elif self._kind == "grid":
            widths = [room / self._factor] * len(self._inside)
        else:  # Blender shares a row out by what its parts need
            needs = [part.needs() if isinstance(part, Layout) else part[1] for part in self._inside]
            if sum(needs) <= room:
                return
            widths = [need * room / sum(needs) for need in needs]
        for part, width in zip(self._inside, widths, strict=False):
            yield from part.problems(width) if isinstance(part, Layout) else _misfit(part, width)

    def needs(self) -> float:
        """The least width in which nothing is cut off."""
        found = [part.needs() if isinstance(part, Layout) else part[1] for part in self._inside]
        return (sum if self._kind == "row" else max)(found or [0.0]) + (2 * _BOX if self._kind == "box" else 0)


def _misfit(part: tuple[str, float, str], room: float) -> Iterator[str]:
    kind, needed, text = part
    label = (room - _GAP) * _LABEL
    allowed = {
        "split": label - _MARGIN,
        "check": room - _GAP - label - _UNIT - _MARGIN,
        "value": room - _GAP - label - _UNIT - _MARGIN,
        "text": room,
    }[kind]
    if needed > allowed + 0.5:
        yield f"{text}: {needed:.0f} in {allowed:.0f}"
