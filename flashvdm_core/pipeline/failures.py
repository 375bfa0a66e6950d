"""The Failure that an error becomes."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

import torch

from ..api.errors import Cancelled, DeviceError, FlashVDMError, MemoryLimitError
from ..api.events import Event, Failure
from ..runtime.oom import out_of_memory
from .progress import TaskContext


def errors_as_failures(events: Iterator[Event], context: TaskContext) -> Iterator[Event]:
    """The events of a task, and a Failure in the place of whatever is raised."""
    try:
        yield from events
    except Cancelled:
        failure = Failure("Cancelled", "The generation was cancelled.")
    except FlashVDMError as error:
        failure = Failure(type(error).__name__, str(error), traceback.format_exc())
    except NotImplementedError as error:  # torch's answer where a device lacks an operation in a number format
        message = f"The device cannot compute this in the precision that is set ({error}); set the precision to float32."
        failure = Failure(DeviceError.__name__, message, traceback.format_exc())
    except Exception as error:
        failure = _memory_failure(context.device) if out_of_memory(error) else _unexpected(error)
    else:
        return
    yield failure


def _memory_failure(device: torch.device | None) -> Failure:
    if device is None or device.type == "cpu":
        message = "The memory is full; close other programs, lower the resolution, or choose a smaller model."
    else:
        message = "The device ran out of memory; close other programs that use it, lower the resolution, or use the CPU."
    return Failure(MemoryLimitError.__name__, message, traceback.format_exc())


def _unexpected(error: Exception) -> Failure:
    message = f"Something went wrong that should not have ({type(error).__name__}: {error}); please report it with the details."
    return Failure(type(error).__name__, message, traceback.format_exc())
