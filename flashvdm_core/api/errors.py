"""Named errors. Each message is one sentence that tells the user what is wrong and what to do."""

from __future__ import annotations


class FlashVDMError(Exception):
    """Base of every error that is meant for the user. `str(error)` is the sentence to show."""


class ImageError(FlashVDMError):
    """The input image cannot be read, or holds nothing to make a shape from."""


class SettingsError(FlashVDMError):
    """A setting is unknown, of the wrong type or out of its range."""


class CheckpointError(FlashVDMError):
    """Weights are missing, damaged, of another architecture, or in an unsafe format."""


class ModelMismatchError(FlashVDMError):
    """Kept latents were made by other weights than those that are to decode them."""


class DownloadError(FlashVDMError):
    """A file cannot be had from the network, is not the one that was asked for, or cannot be kept."""


class NoSuchFileError(DownloadError):
    """The server has no such file."""


class OutputError(FlashVDMError):
    """A result cannot be written: no permission, no space, or the file exists already."""


class BatchError(FlashVDMError):
    """A batch cannot begin or go on: its manifest is not usable, its cluster cannot be reached, its log not be written."""


class MemoryLimitError(FlashVDMError):
    """The device ran out of memory and smaller chunks did not help."""


class DeviceError(FlashVDMError):
    """The device that was asked for does not exist or does not work."""


class EmptySurfaceError(FlashVDMError):
    """The decoded field never crosses the surface level, so there is no mesh."""


class TrainingError(FlashVDMError):
    """Training data, a training configuration or a training run is not usable."""


class SetupError(FlashVDMError):
    """Python and PyTorch for the worker cannot be set up here, or not now."""


class WorkerError(FlashVDMError):
    """The worker process died, hung, or broke the protocol."""


class Cancelled(Exception):  # noqa: N818 - an outcome, not an error
    """Raised inside the stages once the caller asked for the generation to stop."""
