"""Images: open, cut out the background, recentre and compose for the encoder."""

from .correction import Correction
from .cutout import CutOutResult, cut_out
from .open import OpenedImage, open_image, open_mask
from .processor import DrawingProcessor, ImageProcessor, MultiViewProcessor, PaddedProcessor

__all__ = [
    "Correction",
    "CutOutResult",
    "DrawingProcessor",
    "ImageProcessor",
    "MultiViewProcessor",
    "OpenedImage",
    "PaddedProcessor",
    "cut_out",
    "open_image",
    "open_mask",
]
