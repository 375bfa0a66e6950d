"""The object in a photograph: what U²-Net-p takes for the thing that the picture shows, with the edges of the picture itself."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load

from ..api.errors import ImageError
from ..files import read_file
from ..geometry.regions import label_regions
from ..models.u2net import SIDE, U2NetP, normalised
from .edges import softened
from .guided_filter import guided
from .plain_background import LONGEST_SIDE

CERTAIN = 0.8
"""What the network gives that much to is the object's, whatever else is said."""

_WEIGHTS = Path(__file__).resolve().parent.parent / "embedded" / "background" / "u2netp.safetensors"
_MOST_BYTES = 1 << 24
_LEAST_SHARE = 0.0005  # of the picture: of less certain pixels nothing is made
_PART_SHARE = 0.02  # of the largest part: smaller parts away from it are rather something else


def salience(image: Image.Image) -> np.ndarray:
    """How much each part of an RGB picture is the thing that it shows: float32 [320, 320], 0 to 1, the picture squeezed to that.

    Raises:
        ImageError: the weights that came with the extension are missing or damaged.
    """
    squeezed = image.resize((SIDE, SIDE), Image.Resampling.BOX if max(image.size) > SIDE else Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(squeezed)).permute(2, 0, 1)[None]
    with torch.inference_mode():
        # Channels last are a quarter quicker on a CPU.
        return _network()(normalised(pixels).contiguous(memory_format=torch.channels_last))[0, 0].numpy()


def stands_out(found: np.ndarray) -> bool:
    """Whether a map of `salience` shows an object at all."""
    return float((found >= CERTAIN).mean()) >= _LEAST_SHARE


def cut_out_salient(image: Image.Image, found: np.ndarray) -> np.ndarray:
    """The object that a map of `salience` shows in its RGB picture: uint8 [H, W, 4], soft at the edges, at most 1536 pixels long.

    Of several parts the largest stays, and what is not small beside it.
    """
    image = image.copy()
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BOX)
    kept = guided(found, image) > 0.5
    labels, _ = label_regions(kept)
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    return softened(np.asarray(image), ~(areas >= max(1, _PART_SHARE * areas.max()))[labels])


@functools.cache
def _network() -> U2NetP:
    network = U2NetP().eval()
    try:
        network.load_state_dict(load(read_file(_WEIGHTS, _MOST_BYTES)))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ImageError(
            "The weights of the background remover are missing or damaged; install the extension anew, or choose another "
            "background method."
        ) from error
    return network
