"""The sidebar tab of the 3D viewport, and what the preferences show. Drawing only: nothing is changed here."""

import textwrap
from pathlib import Path

import bpy

from ..flashvdm_core.errors import WorkerError
from ..flashvdm_core.settings import SETTINGS
from . import session, thumbnails
from .host_types import Context
from .job import Job, State
from .preferences import ROOT_PACKAGE, FlashVDMPreferences
from .properties import VIEW_LABELS, FlashVDMSceneSettings, scene_settings

_IN_FRONT = ("seed", "resolution")
_GROUPS = {"model": "", "image": "Image", "sampling": "Shape", "surface": "Surface", "clean-up": "Clean-Up"}


class _Panel:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "FlashVDM"


class FLASHVDM_PT_main(_Panel, bpy.types.Panel):  # noqa: N801
    """Image, the settings that matter, Generate, progress."""

    bl_label = "FlashVDM"

    def draw(self, context: Context) -> None:
        layout, settings = self.layout, scene_settings(context.scene)
        assert layout is not None
        ready = _draw_missing_runtime(layout, _width(context))
        _draw_image(layout, settings)
        column = layout.column()
        column.use_property_split, column.use_property_decorate = True, False
        column.enabled = not session.session.generating
        for name in (*_IN_FRONT, "size", "placement"):
            column.prop(settings, name)
        job = session.session.job
        if job is not None and not job.over:
            _draw_progress(layout, job)
            return
        row = layout.row()
        row.scale_y = 1.6
        row.operator_context = "INVOKE_DEFAULT"
        row.enabled = ready and bool(settings.image)
        row.operator("flashvdm.generate", icon="MESH_MONKEY")
        if job is not None:
            _draw_end(layout, job, _width(context))


class FLASHVDM_PT_settings(_Panel, bpy.types.Panel):  # noqa: N801
    """Every other setting of the scene, by group."""

    bl_label = "Settings"
    bl_parent_id = "FLASHVDM_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout, settings = self.layout, scene_settings(context.scene)
        assert layout is not None
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.enabled = not session.session.generating
        for group, label in _GROUPS.items():
            column = layout.column()
            if label:
                column.label(text=label)
            for setting in SETTINGS.values():
                if setting.group == group and setting.name not in _IN_FRONT:
                    column.prop(settings, setting.name)


class FLASHVDM_PT_views(_Panel, bpy.types.Panel):  # noqa: N801
    """Images of the other sides."""

    bl_label = "More Views"
    bl_parent_id = "FLASHVDM_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout, settings = self.layout, scene_settings(context.scene)
        assert layout is not None
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.enabled = not session.session.generating
        layout.label(text="For models that take several images")
        column = layout.column()
        for view in VIEW_LABELS:
            row = column.row(align=True)
            row.prop(settings, f"image_{view}")
            _draw_open(row, view)


class FLASHVDM_PT_memory(_Panel, bpy.types.Panel):  # noqa: N801
    """The worker process."""

    bl_label = "Worker"
    bl_parent_id = "FLASHVDM_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Context) -> None:
        layout, client = self.layout, session.session.client
        assert layout is not None
        running = client is not None and client.running
        ready = client.ready if client is not None and running else None
        layout.label(text=f"Running on {ready.device}" if ready else "Starting" if running else "Not running")
        layout.operator("flashvdm.release_memory")


def draw_preferences(preferences: FlashVDMPreferences, layout: bpy.types.UILayout, context: Context) -> None:
    """The add-on's page in the preferences."""
    layout.use_property_split, layout.use_property_decorate = True, False
    layout.prop(preferences, "python")
    try:
        found = session.runtime()
    except WorkerError as error:
        _draw_text(layout, str(error), _width(context), "ERROR")
    else:
        layout.label(text=f"{found.python} ({found.origin})", icon="CHECKMARK")
    layout.operator("flashvdm.check_runtime")
    check = "The worker is starting" if session.session.checking else session.session.check
    _draw_text(layout, check, _width(context), "INFO")
    for name in ("device", "precision", "idle_minutes", "silence_minutes"):
        layout.prop(preferences, name)


def _draw_missing_runtime(layout: bpy.types.UILayout, width: int) -> bool:
    """Where nothing can run the model yet, say so with the way to mend it. True where something can."""
    try:
        session.runtime()
    except WorkerError as error:
        box = layout.box()
        _draw_text(box, str(error), width, "INFO")
        box.operator("preferences.addon_show", text="Open Preferences", icon="PREFERENCES").module = ROOT_PACKAGE
        return False
    return True


def _draw_image(layout: bpy.types.UILayout, settings: FlashVDMSceneSettings) -> None:
    if not settings.image:
        row = layout.row()
        row.scale_y = 1.6
        row.enabled = not session.session.generating
        _draw_open(row, "", "Open Image")
        return
    column = layout.column()
    path = bpy.path.abspath(settings.image)
    cutout = thumbnails.icon_of_cutout(path)
    icon = cutout or thumbnails.icon_of_file(path)
    box = column.box()
    if icon:
        box.template_icon(icon_value=icon, scale=8.0)
        # A line in either case: what is below must not move under the mouse when the cut-out comes.
        box.label(text="Cut-out of the object" if cutout else Path(path).name)
    else:
        box.label(text="This file does not exist", icon="ERROR")
    row = column.row(align=True)
    row.enabled = not session.session.generating
    row.prop(settings, "image", text="")
    _draw_open(row, "")


def _draw_open(row: bpy.types.UILayout, view: str, text: str = "") -> None:
    """The button that opens the file browser for the image of `view` ("": the front)."""
    row.operator("flashvdm.open_image", text=text, icon="IMAGE_DATA" if text else "FILE_FOLDER").view = view


def _draw_progress(layout: bpy.types.UILayout, job: Job) -> None:
    layout.progress(factor=job.fraction, type="BAR", text=f"{job.text}   {job.fraction:.0%}   {int(job.seconds)} s")
    row = layout.row()
    row.scale_y = 1.6
    row.enabled = job.state is not State.CANCELLING
    row.operator("flashvdm.cancel", icon="CANCEL")


def _draw_end(layout: bpy.types.UILayout, job: Job, width: int) -> None:
    if job.state is State.FAILED:
        box = layout.box()
        words = box.column()
        words.alert = True
        _draw_text(words, job.error, width, "ERROR")
        box.operator("flashvdm.show_details")
        return
    layout.label(text=f"{job.text}, {len(job.result.mesh.faces):,} triangles" if job.result else job.text)
    for warning in job.warnings:
        _draw_text(layout.box(), warning, width, "INFO")


def _draw_text(layout: bpy.types.UILayout, text: str, width: int, icon: str) -> None:
    """A sentence over as many lines as it needs: Blender's labels do not wrap."""
    column = layout.column(align=True)
    for number, line in enumerate(textwrap.wrap(text, width)):
        column.label(text=line, icon=icon if number == 0 else "BLANK1")  # pyright: ignore[reportArgumentType]


def _width(context: Context) -> int:
    """About how many letters fit on a line of the sidebar."""
    points = context.region.width / context.preferences.system.ui_scale if context.region else 240
    return max(20, int((points - 60) / 6.5))


CLASSES = (FLASHVDM_PT_main, FLASHVDM_PT_views, FLASHVDM_PT_settings, FLASHVDM_PT_memory)
