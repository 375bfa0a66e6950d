"""`python -m flashvdm_core.training.pack` is `python -m flashvdm_core.lab.data.pack` now."""

from ..moved import run_moved

if __name__ == "__main__":
    run_moved("flashvdm_core.training.pack", "flashvdm_core.lab.data.pack")
