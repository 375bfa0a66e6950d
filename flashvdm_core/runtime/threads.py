"""How PyTorch's threads wait for each other on a CPU. Standard library only."""

from __future__ import annotations

import os


def use_passive_waiting() -> None:
    """Have the threads of a CPU sleep while they wait for each other, unless the user chose otherwise; before torch is imported.

    They would spin, and where another program (Blender, for example) takes a core away from one of them, the others would spin
    for as long as that lasts: operations then take many times as long as on one thread.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
