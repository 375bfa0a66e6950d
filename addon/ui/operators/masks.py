"""Correcting the cut-out: its mask in the Image Editor, painted with Blender's own brushes, by a box, or by a click."""

from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from bpy.props import BoolProperty, EnumProperty, FloatVectorProperty, StringProperty

from ....flashvdm_core.api.errors import FlashVDMError
from ...blender.api_types import Context, Event, Returned
from ...blender.editor import RubberBand, show_in_image_editor
from ...scene import masks
from ...session import cutouts
from ...settings.given import absolute_path
from ...settings.properties import TAB, scene_settings, with_properties

_HIDDEN: Any = {"HIDDEN", "SKIP_SAVE"}
_view = StringProperty(default="", options=_HIDDEN)


class _OnMask:
    """Base of what needs the picture that is chosen in the panel, or one of its other views."""

    bl_options: Any = {"UNDO"}
    view: str
    report: Any

    @classmethod
    def poll(cls, context: Context) -> bool:
        if context.scene is None or not scene_settings(context.scene).image:
            cls.poll_message_set("Choose an image first")  # pyright: ignore[reportAttributeAccessIssue]
            return False
        return True

    def path(self, context: Context) -> str:
        return absolute_path(getattr(scene_settings(context.scene), f"image_{self.view}" if self.view else "image"))

    def mask(self, context: Context) -> tuple[bpy.types.Image, np.ndarray] | None:
        """The mask and the guess that it is painted over; None where there can be none, which is reported."""
        path = self.path(context)
        try:
            guess = cutouts.wait_for_guess(path) if bpy.app.background else cutouts.guess_of(path)
        except FlashVDMError as error:
            self.report({"ERROR"}, str(error))
            return None
        if guess is None:
            self.report({"ERROR"}, "There is no cut-out of the image yet; wait for it, or choose another image")
            return None
        return masks.make_mask(path, guess), guess


@with_properties(view=_view)
class FLASHVDM_OT_paint_mask(_OnMask, bpy.types.Operator):  # noqa: N801
    """Open the mask of the image in the Image Editor, to be painted."""

    bl_idname = "flashvdm.paint_mask"
    bl_label = "Paint Mask"
    bl_description = "Correct what is cut out, with Blender's brushes in the Image Editor: keep or remove parts of the image"

    def execute(self, context: Context) -> Returned:
        found = self.mask(context)
        if found is None:
            return {"CANCELLED"}
        if not bpy.app.background:
            show_in_image_editor(context, found[0], TAB)
            _use_brush(context, keep=False, only_from_others=True)
            cutouts.watch_strokes()
        return {"FINISHED"}


@with_properties(keep=BoolProperty(name="Keep", description="Paint what is kept, else what is removed", default=True))
class FLASHVDM_OT_mask_brush(bpy.types.Operator):  # noqa: N801
    """Let the brush keep or remove."""

    bl_idname = "flashvdm.mask_brush"
    bl_label = "Mask Brush"
    bl_description = "Let the brush of the Image Editor bring parts of the image back, or remove them"

    if TYPE_CHECKING:
        keep: bool

    @classmethod
    def poll(cls, context: Context) -> bool:
        if context.tool_settings is None or context.tool_settings.image_paint.brush is None:
            cls.poll_message_set("Open the mask in Paint mode and choose a brush first")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        _use_brush(context, self.keep)
        return {"FINISHED"}


def _use_brush(context: Context, keep: bool, only_from_others: bool = False) -> None:
    """Let the brush keep or remove; `only_from_others`: where it does neither, as a brush for colors does not."""
    brush: Any = context.tool_settings.image_paint.brush
    if brush is None or (only_from_others and brush.blend in masks.BRUSH_BLENDS.values()):
        return
    brush.blend, brush.strength = masks.BRUSH_BLENDS[keep], 1.0


class _ByMouse(_OnMask):
    """Base of what needs a place in the picture, which the mouse gives in the Image Editor."""

    def place(self, context: Context, event: Event) -> tuple[float, float]:
        """Where the mouse is, as shares of the picture from its lower left corner."""
        region = next(region for region in context.area.regions if region.type == "WINDOW")
        x, y = region.view2d.region_to_view(event.mouse_x - region.x, event.mouse_y - region.y)
        return float(x), float(y)

    def begin(self, context: Context) -> Returned:
        if context.area is None or context.area.type != "IMAGE_EDITOR":
            self.report({"ERROR"}, "Press Paint Mask first, and click in the Image Editor")
            return {"CANCELLED"}
        context.window.cursor_modal_set("CROSSHAIR")
        context.window_manager.modal_handler_add(self)  # pyright: ignore[reportArgumentType] - an operator
        return {"RUNNING_MODAL"}


@with_properties(
    view=_view,
    box=FloatVectorProperty(
        name="Box", description="Left, bottom, right and top as shares of the image, from its lower left", size=4,
        default=(0.0, 0.0, 1.0, 1.0), options={"SKIP_SAVE"},
    ),
    action=EnumProperty(
        name="Action", description="What is done with the box", default="REMOVE",
        items=(("KEEP", "Keep", "Keep what is in the box"), ("REMOVE", "Remove", "Remove what is in the box"),
               ("CROP", "Crop", "Remove all that is outside of the box")),
    ),
)  # fmt: skip
class FLASHVDM_OT_mask_box(_ByMouse, bpy.types.Operator):  # noqa: N801
    """Keep or remove a box, or crop to it."""

    bl_idname = "flashvdm.mask_box"
    bl_label = "Mask Box"
    bl_description = "Drag a box over the image, to keep or remove what is in it, or to remove all outside of it"

    if TYPE_CHECKING:
        box: tuple[float, float, float, float]
        action: str

    _start: tuple[float, float] | None = None
    _drawing: Any = None

    def invoke(self, context: Context, event: Event) -> Returned:
        return self.begin(context)

    def modal(self, context: Context, event: Event) -> Returned:
        if event.type in {"ESC", "RIGHTMOUSE"}:
            return self._end(context, {"CANCELLED"})
        if event.type == "LEFTMOUSE" and event.value == "PRESS":
            self._start = self.place(context, event)
            self._drawing = RubberBand()
        elif self._start is not None and event.type == "LEFTMOUSE" and event.value == "RELEASE":
            self.box = (*self._start, *self.place(context, event))
            return self._end(context, self.execute(context))
        elif self._start is not None and event.type == "MOUSEMOVE":
            self._drawing.corners = (self._start, self.place(context, event))
            context.area.tag_redraw()
        return {"RUNNING_MODAL"}

    def _end(self, context: Context, result: Any) -> Returned:
        context.window.cursor_modal_restore()
        if self._drawing is not None:
            self._drawing.remove()
        context.area.tag_redraw()
        return result

    def execute(self, context: Context) -> Returned:
        found = self.mask(context)
        if found is None:
            return {"CANCELLED"}
        left, low, right, top = self.box
        masks.paint_box(found[0], (left, low, right, top), self.action)
        cutouts.ask_soon()
        return {"FINISHED"}


@with_properties(
    view=_view,
    point=FloatVectorProperty(
        name="Point", description="A place in the image as shares of it, from its lower left", size=2, default=(0.5, 0.5),
        options={"SKIP_SAVE"},
    ),
)  # fmt: skip
class FLASHVDM_OT_mask_choose(_ByMouse, bpy.types.Operator):  # noqa: N801
    """Keep the one of several subjects that is clicked."""

    bl_idname = "flashvdm.mask_choose"
    bl_label = "Choose Subject"
    bl_description = "Click one of several objects in the image: it alone is kept"

    if TYPE_CHECKING:
        point: tuple[float, float]

    def invoke(self, context: Context, event: Event) -> Returned:
        return self.begin(context)

    def modal(self, context: Context, event: Event) -> Returned:
        if event.type in {"ESC", "RIGHTMOUSE"}:
            context.window.cursor_modal_restore()
            return {"CANCELLED"}
        if event.type == "LEFTMOUSE" and event.value == "PRESS":
            context.window.cursor_modal_restore()
            self.point = self.place(context, event)
            return self.execute(context)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> Returned:
        found = self.mask(context)
        if found is None:
            return {"CANCELLED"}
        x, y = self.point
        if not masks.choose_part(found[0], (x, y), found[1]):
            self.report({"ERROR"}, "There is no object at this place of the image")
            return {"CANCELLED"}
        cutouts.ask_soon()
        return {"FINISHED"}


@with_properties(view=_view)
class FLASHVDM_OT_mask_clear(_OnMask, bpy.types.Operator):  # noqa: N801
    """Forget what was painted."""

    bl_idname = "flashvdm.mask_clear"
    bl_label = "Clear Mask"
    bl_description = "Forget what was painted, so that the object is cut out as it was found"

    def execute(self, context: Context) -> Returned:
        found = self.mask(context)
        if found is None:
            return {"CANCELLED"}
        masks.clear(*found)
        cutouts.ask_soon()
        return {"FINISHED"}


CLASSES = (
    FLASHVDM_OT_paint_mask,
    FLASHVDM_OT_mask_brush,
    FLASHVDM_OT_mask_box,
    FLASHVDM_OT_mask_choose,
    FLASHVDM_OT_mask_clear,
)
