"""`python -m flashvdm_core.training` is `python -m flashvdm_core.lab.training` now."""

from ..moved import run_moved

if __name__ == "__main__":
    run_moved("flashvdm_core.training", "flashvdm_core.lab.training")
