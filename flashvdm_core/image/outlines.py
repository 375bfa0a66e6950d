"""Line drawings: what is inside of a closed outline is part of the object, though it has the colour of the paper."""

from __future__ import annotations

import numpy as np

from ..geometry.regions import box_mean, label_regions

_STROKE = 0.0125  # half the width of a stroke at the most, as a share of the longer side of what is drawn
_STROKES = 0.5  # of what is drawn must be as thin as that
_SOME_STROKES = 0.15  # of a drawing with black areas
_INSIDE = 0.5  # of the silhouette must be enclosed paper
_FILLED = 0.2  # of their box, which objects fill and open lines don't
_MOST = 1024  # pixels along a side that are looked at

FILLED = (
    "The image looks like a line drawing, so its outlines were filled; if the gaps in it are open, use an image with "
    "transparency and the background 'keep', or paint the object."
)
ONLY_LINES = (
    "Only thin lines are left of the image; if it is a drawing, close its outlines or fill the object with a colour "
    "that differs from the paper."
)
HOLLOW = (
    "What lines enclose was taken for holes, as it has the colour of the background; if the image is a drawing, fill the "
    "object with a colour that differs from the paper."
)


def is_outlined(drawn: np.ndarray, enclosed: np.ndarray) -> bool:
    """Whether the pixels `drawn` are outlines of what they enclose (both bool [H, W])."""
    return _is_hollow(drawn, enclosed) and _share_of_strokes(drawn) >= _STROKES


def remark(drawn: np.ndarray, enclosed: np.ndarray) -> str:
    """What to say about a cut-out of the pixels `drawn` with the holes `enclosed`, both bool [H, W]; mostly nothing."""
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    if not len(rows):
        return ""
    strokes = _share_of_strokes(drawn)
    if _is_hollow(drawn, enclosed) and strokes >= _SOME_STROKES:
        return HOLLOW
    box = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
    return ONLY_LINES if drawn.sum() < _FILLED * box and strokes >= _STROKES else ""


def filled(rgba: np.ndarray) -> tuple[np.ndarray, str]:
    """A cut-out uint8 [H, W, 4] with white inside of its outlines if it is a drawing, and what to say about it."""
    step = -(-max(rgba.shape[:2]) // _MOST)
    drawn = rgba[::step, ::step, 3] >= 128
    enclosed = enclosed_by(drawn)
    if not is_outlined(drawn, enclosed):
        return rgba, remark(drawn, enclosed)
    enclosed = enclosed_by(rgba[..., 3] >= 128)
    alpha = rgba[..., 3:].astype(np.float32) / 255
    painted = np.rint(rgba[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    whole = np.concatenate([painted, np.full_like(painted[..., :1], 255)], 2)
    return np.where(enclosed[..., None], whole, rgba), FILLED


def enclosed_by(drawn: np.ndarray) -> np.ndarray:
    """What can't be reached from the border but through bool [H, W]."""
    labels, count = label_regions(~drawn)
    inside = np.ones(count + 1, bool)
    for line in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        inside[line] = False
    inside[0] = False
    return inside[labels]


def _is_hollow(drawn: np.ndarray, enclosed: np.ndarray) -> bool:
    inside, lines = int(enclosed.sum()), int(drawn.sum())
    return inside > _INSIDE * (inside + lines)


def _share_of_strokes(drawn: np.ndarray) -> float:
    """How much of bool [H, W] is thin."""
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    side = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 if len(rows) else 0
    if side < 32:  # of so few pixels everything is thin
        return 0.0
    radius = max(1, round(_STROKE * side))
    core = box_mean(drawn[..., None].astype(np.float32), radius)[..., 0] > 1 - 1e-4
    # What is left of a part is smaller than it was by the radius on all sides: grown again, it is the part.
    thick = box_mean(core[..., None].astype(np.float32), radius)[..., 0] > 1e-4
    return float((drawn & ~thick).sum() / drawn.sum())
