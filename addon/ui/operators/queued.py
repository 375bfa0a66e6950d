"""The base of the operators that put tasks into the queue."""

from collections.abc import Sequence

import bpy

from ....flashvdm_core.api.errors import FlashVDMError
from ...blender.api_types import Context, Event, Returned
from ...link.job import Job, State
from ...link.task_queue import QueueItem
from ...session.session import session
from ...translations import sentence


class EnqueuesTasks:
    """Invoked from the user interface they put tasks into the queue and return, executed they wait for the end.

    Executed from a script or in the background, they raise RuntimeError where a task fails, as all operators do that
    report an error.
    """

    # No UNDO: the step is pushed when the mesh is there, long after `invoke` has returned.
    # No REGISTER: it would do everything anew at each change in the redo panel.
    bl_options = set()

    def execute(self, context: Context) -> Returned:
        ended = [_reported(self, session.run_to_end(item)) for item in self._enqueued(context, live=False)]
        return {"FINISHED"} if {"FINISHED"} in ended else {"CANCELLED"}

    def invoke(self, context: Context, event: Event) -> Returned:
        if not self._enqueued(context, live=True):
            return {"CANCELLED"}
        session.run_live()
        return {"FINISHED"}

    def enqueue(self, context: Context, live: bool) -> Sequence[QueueItem]:
        """Put the tasks of this button into the queue. Raises FlashVDMError where that cannot be."""
        raise NotImplementedError

    def _enqueued(self, context: Context, live: bool) -> Sequence[QueueItem]:
        try:
            return self.enqueue(context, live)
        except FlashVDMError as error:
            tell(self, "ERROR", sentence(error))
            return ()


def _reported(operator: EnqueuesTasks, job: Job) -> Returned:
    for warning in job.warnings:
        tell(operator, "WARNING", sentence(warning))
    if job.state is State.FAILED:
        tell(operator, "ERROR", sentence(job.error))
    return {"FINISHED"} if job.state is State.DONE else {"CANCELLED"}


def tell(operator: object, kind: str, text: str) -> None:
    """Report a sentence, in the name of an operator."""
    assert isinstance(operator, bpy.types.Operator)
    operator.report({kind}, text)  # pyright: ignore[reportArgumentType]
