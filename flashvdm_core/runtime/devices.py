"""Which device and which number format a generation runs with."""

from __future__ import annotations

import torch

from ..api.errors import DeviceError

EIGHT_BIT = "float8"
"""The precision that adds 8-bit arithmetic to what "auto" takes, where the device has it; see `low_precision`."""

_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}

FORMATS = tuple(_DTYPES)
"""The precisions that name a number format."""


def choose_device(setting: str) -> torch.device:
    """The device that a setting names: "auto" (CUDA, else Apple's MPS, else the CPU), "cpu", "cuda", "cuda:1", "mps".

    A device counts only when it computes: a graphics card that this PyTorch has no code for is passed over by "auto".

    Raises:
        DeviceError: the device does not exist or does not compute.
    """
    if setting == "auto":
        for name in ("cuda", "mps"):
            device = torch.device(name, 0)
            if _problem(device) is None:
                return device
        return torch.device("cpu")
    try:
        device = torch.device(setting)
    except RuntimeError:
        raise DeviceError(f"'{setting}' is not a device; use auto, cpu, cuda, cuda:1 or mps.") from None
    problem = _problem(device)
    if problem is not None:
        raise DeviceError(f"The device '{setting}' cannot be used: {problem}; choose auto or cpu.")
    return device


def choose_dtype(setting: str, device: torch.device) -> torch.dtype:
    """The number format that a setting names. "auto" is float32 on the CPU, where half precision is slow, else float16.

    "float8" is the same: 8-bit arithmetic takes and gives numbers of that format. float16 is the format that the public
    checkpoints are published in and sampled with.
    """
    if setting in ("auto", EIGHT_BIT):
        return torch.float32 if device.type == "cpu" else torch.float16
    return _DTYPES[setting]


def computes_bfloat16_fast(device: torch.device) -> bool:
    """Whether bfloat16 is worth its lower precision there: on GPUs, and on CPUs with matrix units for it (Intel's AMX).

    A CPU without them is many times slower in bfloat16 than in float32.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()  # newer than the oldest PyTorch that this runs on
    return device.type == "cuda" or (device.type == "cpu" and bool(capabilities.get("amx_bf16", False)))


def free_memory(device: torch.device) -> int:
    """Bytes of a CUDA device that can be given out yet, within what this process may take of it."""
    free, total = torch.cuda.mem_get_info(device)
    allocated = torch.cuda.memory_allocated(device)
    most = round(torch.cuda.get_per_process_memory_fraction(device) * total)
    return min(free + torch.cuda.memory_reserved(device) - allocated, most - allocated)


def dtype_name(dtype: torch.dtype) -> str:
    """The setting that names `dtype`."""
    return next(name for name, known in _DTYPES.items() if known == dtype)


def _problem(device: torch.device) -> str | None:
    """Why `device` cannot compute, in a few words; None when it can."""
    if device.type == "cpu":
        return None
    if device.type == "cuda":
        if not torch.cuda.is_available():
            return "PyTorch finds no CUDA graphics card here"
        if (device.index or 0) >= torch.cuda.device_count():
            return f"there are {torch.cuda.device_count()} CUDA devices, counted from 0"
    elif device.type == "mps":
        if not torch.backends.mps.is_available():
            return "PyTorch finds no Apple graphics here"
    else:
        return "this project computes on cpu, cuda and mps"
    try:
        torch.ones(1, device=device).add_(1).item()
    except RuntimeError as error:
        return str(error).strip().splitlines()[0].rstrip(".")
    return None
