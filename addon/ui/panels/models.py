"""The public models: a menu in the sidebar, the list in the preferences, and the download that is under way in both."""

from pathlib import Path

import bpy

from ....flashvdm_core.checkpoints.registry import KNOWN, KnownCheckpoint, Speed
from ....flashvdm_core.doctor.places import total_memory
from ....flashvdm_core.download.files import readable
from ...blender.api_types import Context
from ...blender.texts import interface
from ...session.models import Stage
from ...session.session import session
from ...settings.properties import scene_settings
from .parts import draw_text, width


class FLASHVDM_MT_models(bpy.types.Menu):  # noqa: N801
    """The model that the scene uses: those on this machine, and those that can be downloaded."""

    bl_label = "Model"

    def draw(self, context: Context) -> None:
        layout = self.layout
        assert layout is not None
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("flashvdm.model_choose", text=interface("Built-in Model"), translate=False, icon="MESH_MONKEY").model = ""
        here = [model for model in _models() if session.models.kept(model).whole]
        for model in here:
            draw_model_choice(layout, model)
        layout.separator()
        for model in _models():
            if model not in here:
                draw_model_choice(layout, model)


def draw_model_choice(layout: bpy.types.UILayout, model: KnownCheckpoint) -> None:
    """The button that takes a model that is on this machine, or fetches one that is not."""
    if session.models.kept(model).whole:
        button = layout.operator("flashvdm.model_choose", text=_line(model), icon="CHECKMARK", translate=False)
    else:
        button = layout.operator("flashvdm.model_get", text=_line(model), icon="IMPORT", translate=False)
    button.model = model.name


def draw_model_menu(layout: bpy.types.UILayout, context: Context) -> None:
    """The menu, by the name of the model that is chosen, and below it what is asked or under way."""
    chosen = scene_settings(context.scene).model
    known = next((model for model in KNOWN.values() if str(session.models.folder / model.name) == chosen), None)
    title = known.title if known else interface("Built-in Model") if chosen in ("", "embedded") else Path(chosen).name
    row = layout.split(factor=0.25)  # Blender would give the name half of it, and cut it off
    row.label(text=interface("Model"), translate=False)
    row.menu("FLASHVDM_MT_models", text=title)
    draw_download(layout, width(context))


def draw_download(layout: bpy.types.UILayout, letters: int) -> None:
    """The one download: the question about its licence, its progress, or how it ended."""
    models = session.models
    if models.stage is Stage.NOTHING or (models.stage is Stage.DONE and not models.running):
        return
    box, checkpoint = layout.box(), KNOWN[models.name]
    row = box.row()
    row.label(text=checkpoint.title, translate=False)
    if not models.running:
        row.operator("flashvdm.model_dismiss", text="", icon="X", emboss=False)
    match models.stage:
        case Stage.ASKING:
            _draw_question(box, checkpoint, letters)
        case Stage.FAILED:
            words = box.column()
            words.alert = True
            draw_text(words, models.error, letters, "ERROR")
            _draw_get(box, checkpoint, interface("Try Again"), "FILE_REFRESH")
        case Stage.PAUSED:
            box.label(text=models.text, icon="PAUSE", translate=False)
            _draw_get(box, checkpoint, interface("Resume"), "PLAY")
        case _:
            box.progress(factor=models.fraction, type="BAR", text=models.text)
            box.operator("flashvdm.model_pause", icon="PAUSE")


def draw_models(layout: bpy.types.UILayout, context: Context) -> None:
    """The list: what fits this machine first; each with what it needs, its licence, and its button."""
    draw_download(layout, width(context))
    for checkpoint in sorted(KNOWN.values(), key=lambda checkpoint: not _fits(checkpoint)):
        kept, box = session.models.kept(checkpoint), layout.box()
        row = box.row()
        row.label(text=checkpoint.title, icon="CHECKMARK" if _fits(checkpoint) else "BLANK1", translate=False)
        if kept.bytes:
            row.label(text=interface("{size} on disk", size=readable(kept.bytes)), translate=False)
        if not kept.whole:
            _draw_get(row, checkpoint, interface("Resume") if kept.bytes else readable(checkpoint.bytes), "IMPORT")
        if kept.bytes:
            row.operator("flashvdm.model_remove", text="", icon="TRASH").model = checkpoint.name
        draw_text(box, _needs(checkpoint), width(context), "BLANK1")
        draw_text(box, _terms(checkpoint), width(context), "BLANK1")


def _draw_question(box: bpy.types.UILayout, checkpoint: KnownCheckpoint, letters: int) -> None:
    draw_text(box, _terms(checkpoint), letters, "INFO")
    size = interface("{size} will be downloaded", size=readable(checkpoint.bytes_with_vae))
    draw_text(box, size, letters, "BLANK1")
    box.operator("flashvdm.model_licence", icon="TEXT")
    box.operator("flashvdm.model_accept", icon="IMPORT")


def _draw_get(layout: bpy.types.UILayout, checkpoint: KnownCheckpoint, text: str, icon: str) -> None:
    row = layout.row()
    row.operator_context = "INVOKE_DEFAULT"
    get = row.operator("flashvdm.model_get", text=text, icon=icon, translate=False)  # pyright: ignore[reportArgumentType]
    get.model = checkpoint.name


def _models() -> list[KnownCheckpoint]:
    """The whole models, what fits this machine first."""
    whole = [checkpoint for checkpoint in KNOWN.values() if checkpoint.model is not None]
    return sorted(whole, key=lambda checkpoint: not _fits(checkpoint))


def _fits(checkpoint: KnownCheckpoint) -> bool:
    """Whether this machine's main memory would hold it in full precision, as a processor needs it."""
    total = total_memory()
    return total is None or 2 * checkpoint.memory[0] <= total


def _line(checkpoint: KnownCheckpoint) -> str:
    return f"{checkpoint.title}, {readable(checkpoint.bytes)}" + ("" if _fits(checkpoint) else f" ({interface('large')})")


def _needs(checkpoint: KnownCheckpoint) -> str:
    """Speed, memory and images of a model, in words."""
    if checkpoint.model is None:
        return interface("Autoencoder")
    steps = checkpoint.model.default_steps
    speed = {
        Speed.TURBO: interface("Turbo: {steps} steps", steps=steps),
        Speed.FAST: interface("Fast: {steps} steps without extra guidance", steps=steps),
        Speed.BASE: interface("Base: {steps} steps, twice the work each", steps=steps),
    }[checkpoint.speed or Speed.BASE]
    images = interface("up to {count} images", count=checkpoint.model.views)
    one = interface("one image") if checkpoint.model.text is None else interface("a drawing and a prompt")
    memory = interface(
        "{least:.0f} to {most:.0f} GB of graphics memory", least=checkpoint.memory[1] / 1e9, most=checkpoint.memory[0] / 1e9
    )
    return f"{speed}; {images if checkpoint.model.views > 1 else one}; {memory}"


def _terms(checkpoint: KnownCheckpoint) -> str:
    licence = checkpoint.licence
    if not licence.excluded:
        return licence.name
    places = ", ".join(_place(place) for place in licence.excluded)
    return interface("{licence}. Not licensed in: {places}, results included.", licence=licence.name, places=places)


def _place(name: str) -> str:
    known = {
        "the European Union": interface("the European Union"),
        "the United Kingdom": interface("the United Kingdom"),
        "South Korea": interface("South Korea"),
    }
    return known.get(name, name)


CLASSES = (FLASHVDM_MT_models,)
