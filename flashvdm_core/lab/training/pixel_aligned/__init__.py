"""Training of the pixel-aligned decoder: pictures rendered while it trains -> image encoder -> vecset decoder that reads them.

`python -m flashvdm_core.lab.training.pixel_aligned train --data DATA=PROPS.npz --out RUN` trains; see docs/training.md.
"""
