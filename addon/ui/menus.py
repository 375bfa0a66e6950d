"""Where the add-on is found outside its tab: Add > Mesh, File > Import, and the status bar of every workspace."""

from typing import Any

import bpy

from ..blender.api_types import Context
from ..blender.texts import interface
from ..link.job import State
from ..session.session import session
from .panels.parts import end_of

_LETTERS = 24  # of a name in the status bar
_UNITS = 0.32  # of Blender's, a letter


def draw_entry(menu: Any, _context: Context) -> None:
    """The line in Blender's own menus, which F3 finds as well."""
    menu.layout.operator_context = "INVOKE_DEFAULT"
    menu.layout.operator("flashvdm.drop_images", text=interface("Image to 3D"), translate=False, icon="MESH_MONKEY")


def draw_status(header: Any, _context: Context) -> None:
    """The task that is running, with its end beside it."""
    job = session.tasks.job
    if job is None or not session.tasks.generating:
        return
    row = header.layout.row(align=True)
    text = f"{end_of(job.label, _LETTERS)}: {interface(job.text)} {job.fraction:.0%}"
    bar = row.row()
    bar.ui_units_x = _UNITS * len(text) + 1  # the bar itself is as narrow as a number
    bar.progress(factor=job.fraction, type="BAR", text=text)
    if job.state is not State.CANCELLING:
        row.operator("flashvdm.cancel", text="", icon="X")


_PLACES = (("VIEW3D_MT_mesh_add", draw_entry), ("TOPBAR_MT_file_import", draw_entry), ("STATUSBAR_HT_header", draw_status))


def register() -> None:
    for name, draw in _PLACES:
        getattr(bpy.types, name).append(draw)


def unregister() -> None:
    for name, draw in _PLACES:
        getattr(bpy.types, name).remove(draw)


CLASSES: tuple[type, ...] = ()
