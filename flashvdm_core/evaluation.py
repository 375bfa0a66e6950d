"""`python -m flashvdm_core.evaluation` is `python -m flashvdm_core.lab.evaluation` now."""

from .moved import run_moved

if __name__ == "__main__":
    run_moved("flashvdm_core.evaluation", "flashvdm_core.lab.evaluation")
