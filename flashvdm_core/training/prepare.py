"""`python -m flashvdm_core.training.prepare` is `python -m flashvdm_core.lab.data.prepare` now."""

from ..moved import run_moved

if __name__ == "__main__":
    run_moved("flashvdm_core.training.prepare", "flashvdm_core.lab.data.prepare")
