"""What Set Up offers, how far it is, and how it ended: drawn where the worker's Python is missing, and in the preferences."""

import bpy

from ....flashvdm_core.api.units import gib
from ....flashvdm_core.setup.install import outdated
from ...blender.texts import interface
from ...session import interpreter
from ...session.session import session
from ...session.set_up import Offer
from .parts import draw_text


def draw_set_up(layout: bpy.types.UILayout, letters: int) -> bool:
    """The offer or the progress, and how it ended; whether it needs no button beside its own."""
    state = session.set_up
    if state.offer is not None:
        _draw_offer(layout, state.offer, letters)
        return True
    if state.running:
        _draw_progress(layout)
        return True
    if state.error:
        words = layout.column()
        words.alert = True
        draw_text(words, state.error, letters, "ERROR")
        layout.operator("flashvdm.set_up_log", icon="TEXT")
    elif state.text:
        draw_text(layout, state.text, letters, "INFO")
    return False


def draw_set_up_button(layout: bpy.types.UILayout, letters: int) -> None:
    """Set Up where there is nothing yet."""
    if draw_set_up(layout, letters):
        return
    row = layout.row()
    row.scale_y = 1.6
    row.operator_context = "INVOKE_DEFAULT"
    row.operator("flashvdm.set_up", icon="IMPORT")
    layout.operator_context = "INVOKE_DEFAULT"
    layout.operator("flashvdm.set_up_from_folder", icon="FILE_FOLDER")


def draw_set_up_choices(layout: bpy.types.UILayout, letters: int) -> None:
    """Set up, update, repair and remove."""
    box = layout.box()
    box.operator_context = "INVOKE_DEFAULT"
    if draw_set_up(box, letters):
        return
    installed = interpreter.home().installed()
    if installed is not None and not session.set_up.text:
        text = interface("PyTorch {version}, tried out on {device}", version=installed.torch, device=installed.device)
        draw_text(box, text, letters, "CHECKMARK")
    row = box.row(align=True)
    if installed is None:
        row.operator("flashvdm.set_up", icon="IMPORT")
    else:
        if outdated(installed):
            row.operator("flashvdm.set_up", text=interface("Update"), translate=False, icon="IMPORT")
        else:
            row.operator("flashvdm.set_up", text=interface("Repair"), translate=False, icon="FILE_REFRESH")
        row.operator("flashvdm.set_up_remove", icon="TRASH")
    row.operator("flashvdm.set_up_from_folder", icon="FILE_FOLDER")
    row.operator("flashvdm.set_up_log", text="", icon="TEXT")


def _draw_offer(layout: bpy.types.UILayout, offer: Offer, letters: int) -> None:
    draw_text(layout, interface("PyTorch for {machine}", machine=_machine(offer.label)), letters, "INFO")
    if offer.note:
        draw_text(layout, offer.note, letters, "ERROR")
    column = layout.column(align=True)
    for name, size in offer.items:
        row = column.row()
        count, _, rest = name.partition(" ")
        row.label(text=interface("{count} packages", count=count) if rest == "packages" else name, translate=False)
        row.label(text=gib(size), translate=False)
    if offer.items:
        text = interface("{size} to download, about {disk} on the disk; it goes into Blender's folder of extensions")
    else:
        text = interface("Nothing to download, about {disk} on the disk; it goes into Blender's folder of extensions")
    draw_text(layout, text.format(size=gib(offer.download), disk=gib(offer.disk)), letters)
    row = layout.row(align=True)
    row.scale_y = 1.6
    if offer.items:
        row.operator("flashvdm.set_up_agree", icon="IMPORT")
    else:
        row.operator("flashvdm.set_up_agree", text=interface("Install"), translate=False, icon="IMPORT")
    row.operator("flashvdm.set_up_cancel", text="", icon="CANCEL")


def _draw_progress(layout: bpy.types.UILayout) -> None:
    state = session.set_up
    if not state.working:
        layout.label(text=interface("Looking at this machine"), translate=False, icon="SORTTIME")
        return
    text = _step(state.step_name)
    if state.size:
        text += "   " + interface("{done} of {size}", done=gib(state.done), size=gib(state.size))
    if state.count:
        text = f"{state.number}/{state.count}  {text}"
    layout.progress(factor=state.fraction, type="BAR", text=text)
    layout.operator("flashvdm.set_up_cancel", icon="CANCEL")


def _step(name: str) -> str:
    names = {
        "Preparing": interface("Preparing"),
        "Python": "Python",
        "Packages": interface("Packages"),
        "Trial": interface("Trying it out"),
        "Finishing": interface("Finishing"),
        "Removing": interface("Removing"),
    }
    return names.get(name, name)


def _machine(label: str) -> str:
    """What a PyTorch is for, as the core's table calls it."""
    if label == "the processor":
        return interface("the processor")
    if label == "Apple processors":
        return interface("Apple processors")
    vendor, found, rest = label.partition(" graphics cards")
    return interface("{vendor} graphics cards", vendor=vendor) + rest if found else label


CLASSES: tuple[type, ...] = ()
