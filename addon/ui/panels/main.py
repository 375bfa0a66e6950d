"""The panel that is always there: image, the settings that matter, Generate, progress."""

import math
import os
from pathlib import Path

import bpy

from ....flashvdm_core.api.errors import WorkerError
from ....flashvdm_core.api.settings import SETTINGS
from ....flashvdm_core.api.tasks import Request
from ...blender.api_types import Context
from ...blender.texts import interface
from ...link.job import Job, State
from ...scene import thumbnails
from ...session import cutouts
from ...session.model_info import makes_parts, takes_prompt
from ...session.session import session
from ...settings.given import absolute_model, absolute_path
from ...settings.preferences import ROOT_PACKAGE
from ...settings.properties import QUALITIES, FlashVDMSceneSettings, scene_settings
from ..presets import FLASHVDM_PT_presets
from .mask import CORRECTION
from .models import draw_model_menu
from .parts import Sidebar, draw_open, draw_target_faces, draw_text, draw_texture_offer, end_of, width
from .set_up import draw_set_up_button
from .variants import draw_choice

_SECONDS_SHOWN = 90  # above, minutes are enough
IN_FRONT = ("cutout", "cutout_threshold", *CORRECTION, "face_budget")
"""The settings that are not folded away."""


class FLASHVDM_PT_main(Sidebar, bpy.types.Panel):  # noqa: N801
    """Image, the settings that matter, Generate, progress."""

    bl_label = "Image to 3D"

    def draw_header_preset(self, context: Context) -> None:
        assert self.layout is not None
        FLASHVDM_PT_presets.draw_panel_header(self.layout)

    def draw(self, context: Context) -> None:
        layout, settings = self.layout, scene_settings(context.scene)
        assert layout is not None
        ready = _draw_missing_runtime(layout, width(context))
        _draw_image(layout, settings, width(context))
        draw_model_menu(layout, context)
        if "prompt" in SETTINGS and takes_prompt(absolute_model(settings.model)):
            layout.prop(settings, "prompt")
        if makes_parts(absolute_model(settings.model)):
            layout.prop(settings, "part_count")
        _draw_quality(layout, settings)
        layout.prop(settings, "live")
        job, busy = session.tasks.job, session.tasks.generating
        if job is not None and busy:
            _draw_progress(layout, job)
        row = layout.row()
        row.scale_y = 1.0 if busy else 1.6
        row.operator_context = "INVOKE_DEFAULT"
        row.enabled = ready and os.path.isfile(absolute_path(settings.image))
        text = interface("Add to Queue" if busy else "Generate")
        row.operator("flashvdm.generate", text=text, translate=False, icon="MESH_MONKEY")
        if job is not None and not busy:
            _draw_end(layout, job, width(context))
        draw_texture_offer(layout, context)
        draw_choice(layout, context)


def _draw_quality(layout: bpy.types.UILayout, settings: FlashVDMSceneSettings) -> None:
    """How fine the mesh becomes, and how many faces it has in the end."""
    row = layout.row(align=True)
    for quality, *_ in QUALITIES:
        row.prop_enum(settings, "quality", quality)
    draw_target_faces(layout, settings)


def _draw_missing_runtime(layout: bpy.types.UILayout, letters: int) -> bool:
    """Where nothing can run the model yet, say so with the way out. True where something can."""
    try:
        session.known_runtime()
    except WorkerError as error:
        box = layout.box()
        if not session.set_up.running and session.set_up.offer is None:
            draw_text(box, str(error), letters, "INFO")
        draw_set_up_button(box, letters)
        box.operator(
            "preferences.addon_show", text=interface("Open Preferences"), translate=False, icon="PREFERENCES"
        ).module = ROOT_PACKAGE
        return False
    if session.set_up.text and session.tasks.job is None:
        draw_text(layout, session.set_up.text, letters, "INFO")
    return True


def _draw_image(layout: bpy.types.UILayout, settings: FlashVDMSceneSettings, letters: int) -> None:
    if not settings.image:
        row = layout.row()
        row.scale_y = 1.6
        draw_open(row, "", interface("Open Image"))
        layout.menu("FLASHVDM_MT_image_sources", icon="DOWNARROW_HLT")
        return
    column = layout.column()
    path = absolute_path(settings.image)
    job = cutouts.last_job(path)
    # After a failure that of other settings or of a former file would lie.
    cutout = 0 if job is not None and job.error else thumbnails.icon_of_cutout(path)
    icon = cutout or thumbnails.icon_of_file(path)
    box = column.box()
    there = os.path.isfile(path)
    if icon:
        box.template_icon(icon_value=icon, scale=8.0)
    if there:
        # A line in either case: what is below must not move under the mouse when the cut-out comes.
        coming = interface("Removing the background…") if cutouts.is_coming(path) else ""
        box.label(text=coming or (interface("Masked Image") if cutout else Path(path).name), translate=False)
    else:
        missing = interface("{name} does not exist", name=end_of(Path(path).name, letters - 16))
        box.label(text=missing, translate=False, icon="ERROR")
    row = column.row(align=True)
    button = row.operator("flashvdm.open_image", text=end_of(settings.image, letters), translate=False, icon="FILE_FOLDER")
    button.view = ""
    row.menu("FLASHVDM_MT_image_sources", text="", icon="DOWNARROW_HLT")
    if there:
        _draw_cutout(layout, settings, path, letters)


def _draw_cutout(layout: bpy.types.UILayout, settings: FlashVDMSceneSettings, path: str, letters: int) -> None:
    """How the object is cut out, and what is wrong with that."""
    column = layout.column()
    column.use_property_split, column.use_property_decorate = True, False
    column.prop(settings, "cutout")
    used = cutouts.method_of(path) if settings.cutout == "auto" else settings.cutout
    if used in ("", "auto", "border"):
        column.prop(settings, "cutout_threshold")
    for name in CORRECTION:
        column.prop(settings, name)
    column.operator("flashvdm.paint_mask", icon="BRUSH_DATA")
    job = cutouts.last_job(path)
    if job is not None and job.error:
        draw_text(column.box(), job.error, letters, "ERROR")
    for warning in job.warnings if job is not None else ():
        draw_text(column.box(), warning, letters, "INFO")


def _draw_progress(layout: bpy.types.UILayout, job: Job) -> None:
    layout.progress(factor=job.fraction, type="BAR", text=f"{interface(job.text)}   {job.fraction:.0%}   {_time(job)}")
    row = layout.row()
    row.scale_y = 1.6
    row.enabled = job.state is not State.CANCELLING
    row.operator("flashvdm.cancel", icon="CANCEL")


def _time(job: Job) -> str:
    """About how long it will still take, else how long it has taken."""
    left = session.tasks.eta.remaining_seconds(job)
    if left is None:
        return f"{int(job.seconds)} s"
    if left > _SECONDS_SHOWN:
        return interface("about {count} min left", count=round(left / 60))
    return interface("about {count} s left", count=math.ceil(left))


def _draw_end(layout: bpy.types.UILayout, job: Job, letters: int) -> None:
    shown = cutouts.last_job(job.task.images["front"]) if isinstance(job.task, Request) else None
    if job.state is State.FAILED:
        box = layout.box()
        if shown is None or shown.error != job.error:  # else it stands under the image
            words = box.column()
            words.alert = True
            draw_text(words, job.error, letters, "ERROR")
        box.operator("flashvdm.show_details")
        return
    if job.state is State.DONE:
        outcome = job.outcome or interface("{count:,} triangles", count=job.triangles)
        layout.label(text=interface("Done in {seconds:.1f} s, {outcome}", seconds=job.seconds, outcome=outcome), translate=False)
    else:
        row = layout.row()
        row.label(text=interface(job.text), translate=False)
        ended = session.tasks.queue.last
        if ended is not None and ended.job is job:
            row.operator("flashvdm.queue_again", icon="FILE_REFRESH").entry = ended.id
    for warning in job.warnings:
        if shown is not None and warning in shown.warnings:
            continue  # it stands under the image
        draw_text(layout.box(), warning, letters, "INFO")


CLASSES = (FLASHVDM_PT_main,)
