"""`python -m flashvdm_core.bench` is `python -m flashvdm_core.lab.bench` now."""

from .moved import run_moved

if __name__ == "__main__":
    run_moved("flashvdm_core.bench", "flashvdm_core.lab.bench")
