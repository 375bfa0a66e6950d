"""Where the add-on is found outside its tab: Add > Mesh, File > Import, and the status bar of every workspace."""

from typing import Any

import bpy

from ..blender.api_types import Context
from ..blender.texts import interface
from ..link.job import State
from ..session.session import session


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
    row.progress(factor=job.fraction, type="BAR", text=f"{job.label}: {interface(job.text)} {job.fraction:.0%}")
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
