"""Public models: downloaded once their licence is accepted, chosen, removed."""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, StringProperty

from ....flashvdm_core.api.errors import FlashVDMError
from ....flashvdm_core.checkpoints.library import accepts
from ....flashvdm_core.checkpoints.registry import KNOWN
from ....flashvdm_core.download.files import readable
from ....flashvdm_core.files import read_file
from ...blender.api_types import Context, Event, Returned
from ...blender.texts import report
from ...blender.window import show_text
from ...session.models import Stage
from ...session.session import session
from ...settings.properties import scene_settings, with_properties
from ...translations import sentence

_MAX_LICENCE = 1 << 24  # bytes
_NAME = StringProperty(name="Model", description="The model's name in the list", options={"HIDDEN", "SKIP_SAVE"})


def _online(cls: type[bpy.types.Operator]) -> bool:
    """Whether something can be downloaded now."""
    if not bpy.app.online_access:
        cls.poll_message_set("Blender is set to work offline: allow online access in its preferences, under System")
        return False
    if session.models.running:
        cls.poll_message_set("A model is being downloaded")
        return False
    return True


@with_properties(
    model=_NAME,
    accept_licence=BoolProperty(
        name="Accept Licence", description="You have read the licence of the model and accept it", options={"HIDDEN", "SKIP_SAVE"}
    ),
)
class FLASHVDM_OT_model_get(bpy.types.Operator):  # noqa: N801
    """Download a model, or go on with one that was interrupted.

    Invoked from the user interface, it fetches the licence and returns; the panels then ask. Executed from a script or in the
    background, it blocks; it needs `accept_licence`, and raises RuntimeError when the model could not be had.
    """

    bl_idname = "flashvdm.model_get"
    bl_label = "Download"
    bl_description = "Fetch the licence of this model and, once you have accepted it, the model; an interrupted download goes on"

    if TYPE_CHECKING:
        model: str
        accept_licence: bool

    @classmethod
    def poll(cls, context: Context) -> bool:
        return _online(cls)

    def invoke(self, context: Context, event: Event) -> Returned:
        try:
            session.get_model(self.model, self.accept_licence, live=True)
        except FlashVDMError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def execute(self, context: Context) -> Returned:
        if self.model in KNOWN and not self.accept_licence:
            terms = accepts(KNOWN[self.model])
            self.report({"ERROR"}, report("{terms} Read them, and give accept_licence=True.", terms=terms))
            return {"CANCELLED"}
        try:
            session.get_model(self.model, accepted=True, live=False)
        except FlashVDMError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        if session.models.stage is not Stage.DONE:
            self.report({"ERROR"}, sentence(session.models.error))
            return {"CANCELLED"}
        return {"FINISHED"}


class FLASHVDM_OT_model_licence(bpy.types.Operator):  # noqa: N801
    """Show the licence of the model that is to be downloaded."""

    bl_idname = "flashvdm.model_licence"
    bl_label = "Read Licence"
    bl_description = "Open the licence of this model in a text editor"

    @classmethod
    def poll(cls, context: Context) -> bool:
        return _asked(cls)

    def execute(self, context: Context) -> Returned:
        models = session.models
        assert models.licence is not None
        try:
            terms = read_file(models.licence, _MAX_LICENCE).decode("utf-8", errors="replace")
        except OSError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        text = bpy.data.texts.new(f"{models.name} {models.licence.name}")
        text.write(terms)
        show_text(context, text)
        models.licence_shown = True
        self.report({"INFO"}, report("The licence is in the text '{name}'", name=text.name))
        return {"FINISHED"}


class FLASHVDM_OT_model_accept(bpy.types.Operator):  # noqa: N801
    """Accept the licence that is shown, and download the model."""

    bl_idname = "flashvdm.model_accept"
    bl_label = "Accept and Download"
    bl_description = "You have read the licence and accept it: the model is downloaded"

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not _asked(cls):
            return False
        if not session.models.licence_shown:
            cls.poll_message_set("Read the licence first")
            return False
        return _online(cls)

    def execute(self, context: Context) -> Returned:
        try:
            session.get_model(session.models.name, accepted=True, live=True)
        except FlashVDMError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class FLASHVDM_OT_model_pause(bpy.types.Operator):  # noqa: N801
    """Stop the download, and keep what came."""

    bl_idname = "flashvdm.model_pause"
    bl_label = "Pause"
    bl_description = "Stop the download; it goes on from where it was"

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not session.models.running:
            cls.poll_message_set("Nothing is being downloaded")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        session.models.interrupt()
        return {"FINISHED"}


class FLASHVDM_OT_model_dismiss(bpy.types.Operator):  # noqa: N801
    """Forget the question or the message about a model."""

    bl_idname = "flashvdm.model_dismiss"
    bl_label = "Dismiss"
    bl_description = "Close this message; what came of the model stays and can be removed in the preferences"

    @classmethod
    def poll(cls, context: Context) -> bool:
        if session.models.running or session.models.stage is Stage.NOTHING:
            cls.poll_message_set("There is nothing to close")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        session.models.stop()
        return {"FINISHED"}


@with_properties(model=_NAME)
class FLASHVDM_OT_model_choose(bpy.types.Operator):  # noqa: N801
    """Let the scene use a model that is on this machine; "" is the built-in one."""

    bl_idname = "flashvdm.model_choose"
    bl_label = "Use This Model"
    bl_description = "Generate with this model from now on"
    bl_options = {"UNDO"}

    if TYPE_CHECKING:
        model: str

    def execute(self, context: Context) -> Returned:
        folder: str | Path = session.models.folder / self.model if self.model else "embedded"
        scene_settings(context.scene).model = str(folder)
        return {"FINISHED"}


@with_properties(model=_NAME)
class FLASHVDM_OT_model_remove(bpy.types.Operator):  # noqa: N801
    """Remove a downloaded model from the disk."""

    bl_idname = "flashvdm.model_remove"
    bl_label = "Remove Model"
    bl_description = "Delete the files of this model, and its VAE where no other model needs it; you can download them again"

    if TYPE_CHECKING:
        model: str

    @classmethod
    def poll(cls, context: Context) -> bool:
        if session.models.running or session.tasks.generating:
            cls.poll_message_set("A download or a generation is running")
            return False
        return True

    def invoke(self, context: Context, event: Event) -> Returned:
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: Context) -> Returned:
        checkpoint = KNOWN.get(self.model)
        if checkpoint is None:
            self.report({"ERROR"}, report("There is no model '{name}'", name=self.model))
            return {"CANCELLED"}
        session.release()  # the worker has the files open
        try:
            freed = session.models.remove(checkpoint)
        except OSError as error:
            self.report({"ERROR"}, report("It cannot be removed ({error})", error=error.strerror or error))
            return {"CANCELLED"}
        self.report({"INFO"}, report("{size} are free again", size=readable(freed)))
        return {"FINISHED"}


def _asked(cls: type[bpy.types.Operator]) -> bool:
    if session.models.stage is not Stage.ASKING:
        cls.poll_message_set("No licence waits to be accepted")
        return False
    return True


CLASSES = (
    FLASHVDM_OT_model_get,
    FLASHVDM_OT_model_licence,
    FLASHVDM_OT_model_accept,
    FLASHVDM_OT_model_pause,
    FLASHVDM_OT_model_dismiss,
    FLASHVDM_OT_model_choose,
    FLASHVDM_OT_model_remove,
)
