"""Which side of an object an image shows, by the name of its file."""

import re
from collections.abc import Sequence
from pathlib import Path

_WORDS = {
    "front": ("front", "vorn", "vorne"),
    "left": ("left", "links"),
    "back": ("back", "rear", "behind", "hinten"),
    "right": ("right", "rechts"),
}
"""View -> the words of a file's name that say so."""


def sorted_by_view(paths: Sequence[str]) -> dict[str, str]:
    """View -> path, where several files are sides of one object and one of them is the front; empty where they are not."""
    found: dict[str, str] = {}
    for path in paths:
        words = set(re.split(r"[^a-z]+", Path(path).stem.lower()))
        views = [view for view, names in _WORDS.items() if words & set(names)]
        if len(views) != 1 or views[0] in found:
            return {}
        found[views[0]] = path
    return found if len(found) > 1 and "front" in found else {}
