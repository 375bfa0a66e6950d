"""Set-up of the core's tests, before any of them is imported."""

from __future__ import annotations

import os

import torch

if not torch.cuda.is_available():
    # Triton reads this when it is first imported, which any test's library may do: kernels then run on the CPU.
    os.environ["TRITON_INTERPRET"] = "1"
