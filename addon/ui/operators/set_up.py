"""Set Up: Python and PyTorch for the worker, without a terminal."""

from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import StringProperty

from ....flashvdm_core.api.errors import WorkerError
from ...blender.api_types import Context, Event, Returned
from ...blender.texts import report
from ...session import interpreter
from ...session.session import session
from ...settings.properties import with_properties
from ...translations import sentence

_GIVEN: set[Any] = {"SKIP_SAVE"}
_HIDDEN: set[Any] = {"SKIP_SAVE", "HIDDEN"}


@with_properties(
    build=StringProperty(name="Build", description="Which PyTorch; empty: the one that fits this machine", options=_GIVEN),
    directory=StringProperty(
        name="Folder",
        description="A folder with everything in it, for machines without internet",
        subtype="DIR_PATH",
        options=_GIVEN,
    ),
    python=StringProperty(name="Python", description="The Python to build on; empty: one is downloaded", options=_GIVEN),
    index=StringProperty(name="Package Index", description="Address of a package index that has everything", options=_GIVEN),
)
class FLASHVDM_OT_set_up(bpy.types.Operator):  # noqa: N801
    """Set up Python and PyTorch.

    Invoked from the user interface, it says what it would download and asks; executed from a script or in the background, it
    blocks until everything is there and tried out, and raises RuntimeError where that fails.
    """

    bl_idname = "flashvdm.set_up"
    bl_label = "Set Up"
    bl_description = "Say what Python and PyTorch for the model would download, and ask before anything is done"

    if TYPE_CHECKING:
        build: str
        directory: str
        python: str
        index: str

    @classmethod
    def poll(cls, context: Context) -> bool:
        return _not_under_way(cls)

    def invoke(self, context: Context, event: Event) -> Returned:
        return self._start(live=True)

    def execute(self, context: Context) -> Returned:
        if (result := self._start(live=False)) != {"FINISHED"}:
            return result
        if session.set_up.error:
            self.report({"ERROR"}, sentence(session.set_up.error))
            return {"CANCELLED"}
        self.report({"INFO"}, session.set_up.text)
        return {"FINISHED"}

    def _start(self, live: bool) -> Returned:
        bundle = bpy.path.abspath(self.directory) if self.directory else ""
        try:
            session.run_set_up(live, build=self.build, bundle=bundle, python=self.python, index=self.index)
        except WorkerError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        return {"FINISHED"}


@with_properties(
    directory=StringProperty(name="Folder", description="A folder that build.py package --bundle-runtime made", options=_HIDDEN)
)
class FLASHVDM_OT_set_up_from_folder(bpy.types.Operator):  # noqa: N801
    """Set up from a folder that holds everything."""

    bl_idname = "flashvdm.set_up_from_folder"
    bl_label = "From Folder…"
    bl_description = "Set up without internet, from a folder with Python and all packages in it"

    if TYPE_CHECKING:
        directory: str

    @classmethod
    def poll(cls, context: Context) -> bool:
        return _not_under_way(cls)

    def invoke(self, context: Context, event: Event) -> Returned:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Context) -> Returned:
        try:
            session.run_set_up(live=True, bundle=bpy.path.abspath(self.directory))
        except WorkerError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class FLASHVDM_OT_set_up_agree(bpy.types.Operator):  # noqa: N801
    """Do what Set Up offers."""

    bl_idname = "flashvdm.set_up_agree"
    bl_label = "Download and Install"
    bl_description = "Do what is described here: download, install, and try it out with the built-in model"

    @classmethod
    def poll(cls, context: Context) -> bool:
        if session.set_up.offer is None:
            cls.poll_message_set("Press Set Up first: it says what it would do")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        try:
            session.agree_to_set_up(live=True)
        except WorkerError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class FLASHVDM_OT_set_up_cancel(bpy.types.Operator):  # noqa: N801
    """Stop Set Up."""

    bl_idname = "flashvdm.set_up_cancel"
    bl_label = "Cancel Set Up"
    bl_description = "Stop; what was downloaded is kept for the next time, and what was there before is as it was"

    @classmethod
    def poll(cls, context: Context) -> bool:
        if session.set_up.offer is None and not session.set_up.running:
            cls.poll_message_set("Set Up is not running")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        session.set_up.cancel()
        return {"FINISHED"}


class FLASHVDM_OT_set_up_remove(bpy.types.Operator):  # noqa: N801
    """Delete what Set Up has made."""

    bl_idname = "flashvdm.set_up_remove"
    bl_label = "Remove"
    bl_description = "Delete the Python and the packages that Set Up has installed"

    @classmethod
    def poll(cls, context: Context) -> bool:
        if session.tasks.generating:
            cls.poll_message_set("A generation is running")
            return False
        if interpreter.home().installed() is None:
            cls.poll_message_set("Nothing is set up")
            return False
        return _not_under_way(cls)

    def invoke(self, context: Context, event: Event) -> Returned:
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: Context) -> Returned:
        try:
            session.remove_set_up(live=not bpy.app.background)
        except WorkerError as error:
            self.report({"ERROR"}, sentence(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class FLASHVDM_OT_set_up_log(bpy.types.Operator):  # noqa: N801
    """Put the log of Set Up into a text."""

    bl_idname = "flashvdm.set_up_log"
    bl_label = "Show Log"
    bl_description = "Write the log of the last Set Up to a text of the Text Editor"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: Context) -> bool:
        if not interpreter.home().log.is_file():
            cls.poll_message_set("There is no log yet")
            return False
        return True

    def execute(self, context: Context) -> Returned:
        text = bpy.data.texts.new("FlashVDM Set Up")
        text.write(interpreter.home().read_log())
        self.report({"INFO"}, report("The log is in the text '{name}'", name=text.name))
        return {"FINISHED"}


def _not_under_way(cls: type[bpy.types.Operator]) -> bool:
    if session.set_up.running:
        cls.poll_message_set("Set Up is running")
        return False
    return True


CLASSES = (
    FLASHVDM_OT_set_up,
    FLASHVDM_OT_set_up_from_folder,
    FLASHVDM_OT_set_up_agree,
    FLASHVDM_OT_set_up_cancel,
    FLASHVDM_OT_set_up_remove,
    FLASHVDM_OT_set_up_log,
)
