"""How quickly a worker is ready: what is imported and done before the first generation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import json, sys, time
import torch
begun = time.process_time()
import flashvdm_core.worker.serve
from flashvdm_core.runtime.devices import choose_device
from flashvdm_core.pipeline.pipeline import Pipeline
from flashvdm_core.checkpoints.load import load_checkpoint
Pipeline()
load_checkpoint("embedded", choose_device("cpu"), torch.float32)
print(json.dumps([time.process_time() - begun, begun, sorted({name.split(".")[0] for name in sys.modules}), sorted(sys.modules)]))
"""

HEAVY = {"scipy", "trimesh", "matplotlib", "skimage", "rembg", "ray", "fast_simplification", "triton", "sympy", "pandas"}


def test_a_worker_is_up_and_the_built_in_model_loaded_soon_after_pytorch() -> None:
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=100, check=True
    )
    ours, theirs, packages, modules = json.loads(done.stdout)
    assert not HEAVY & set(packages)
    assert not {"torch._dynamo", "torch._inductor"} & set(modules)
    # The time that the process itself spent: other programs hardly change it.
    assert ours < 3.0
    assert ours < theirs, "longer than PyTorch itself"
