"""The page about the known models, as the registry has them: `models --markdown` prints docs/models.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..api.units import gib
from ..checkpoints.registry import KNOWN, KnownCheckpoint, Licence
from ..download.files import readable

_INTRODUCTION = """\
# Models

The built-in model (`embedded`) is there from the start. These are the public models that FlashVDM downloads and runs; their
weights belong to their publishers, and come only after you have read and accepted their licence. *Memory* is that of the device
in half precision at resolution 256: with everything there, and with the parts taking turns.

In Blender: the list under *Models* in the preferences, or *Model* in the panel. In a terminal:

```
python -m flashvdm_core models                                    # the list, and what is here
python -m flashvdm_core models --licence NAME                     # the terms
python -m flashvdm_core models --get NAME --accept-licence        # download; the same command goes on after an interruption
python -m flashvdm_core models --remove NAME
```

A download is resumed where it stopped, is checked by its SHA-256, and is there whole or not at all. What is in the cache of
the hub's own programs (`HF_HOME`) is used if it is intact. `HF_ENDPOINT` names a mirror, `HF_TOKEN` an access token, and the
system's proxy is used. The folder is `FLASHVDM_MODELS`, or the user's folder for data.

This page is printed by `python -m flashvdm_core models --markdown`.
"""

_NOTES = """\
*triposg-scribble* makes a shape of a drawing (a picture file, all of which counts) and the setting *Prompt*, in English. Its
networks are held to the published code on random weights; its published weights have not been tried, and its sizes here are those
of the code.

*partcrafter* makes an object in as many parts as the setting *Parts* says, 4 unless it is changed and 16 at most, which become
loose parts of one mesh; each takes the memory and time of a shape of 1024 tokens. Its denoiser is held to the published code on
random weights; its published weights have not been tried.

*step1x-3d-geometry* is the geometry model of Step1X-3D (`Step1X-3D-Geometry-1300m`), the shape alone, without its texture model.
Its networks and its sampling are held to the published code on random weights; its published weights have not been tried. As in
its published pipeline the first step leaves the noise as it is. The models of the same repository that read labels or captions
are refused.
"""

_OTHERS = """\
## Other models
A folder of one of these models that you downloaded yourself can be chosen as the model, too, and:

- What `python -m flashvdm_core convert` made of a model.
"""

_FILES = """\
## Files
At the pinned revision of each repository; where none is known here the newest one is settled when the licence is shown, and kept.
Where a hash is missing, the hub's own is taken over TLS, and kept beside the file.

"""


def models_page() -> str:
    """The page, as Markdown."""
    models = [checkpoint for checkpoint in KNOWN.values() if checkpoint.model is not None]
    vaes = [checkpoint for checkpoint in KNOWN.values() if checkpoint.model is None]
    parts = [
        _INTRODUCTION,
        "## Models\n\n" + _table(("name", "input", "speed", "memory", "download", "licence"), map(_model_row, models)),
        _NOTES,
        _OTHERS,
        "## Autoencoders\nThose with the efficient decoder come with their models, the others are for *Image-Guided Remesh*.\n\n"
        + _table(("name", "what", "download", "licence"), map(_vae_row, vaes)),
        "## Licences\n\n" + "".join(_licence_line(licence) for licence in dict.fromkeys(c.licence for c in KNOWN.values())),
        _FILES + _table(("file", "bytes", "SHA-256"), (row for checkpoint in KNOWN.values() for row in _file_rows(checkpoint))),
    ]
    return "\n".join(parts)


def _model_row(checkpoint: KnownCheckpoint) -> Sequence[str]:
    whole, least = (gib(number) for number in checkpoint.memory)
    return (
        _name(checkpoint),
        checkpoint.inputs,
        str(checkpoint.speed),
        f"{whole}, {least}",
        _size(checkpoint),
        checkpoint.licence.name,
    )


def _vae_row(checkpoint: KnownCheckpoint) -> Sequence[str]:
    return _name(checkpoint), checkpoint.description, _size(checkpoint), checkpoint.licence.name


def _file_rows(checkpoint: KnownCheckpoint) -> Iterable[Sequence[str]]:
    for file in checkpoint.files:
        size = f"{file.size:,}" if file.size is not None else f"about {readable(file.about)}"
        yield (
            f"{checkpoint.repository} @ {checkpoint.revision[:8] or 'newest'}: {checkpoint.place_of(file)}",
            size,
            file.sha256 or "from the hub",
        )


def _licence_line(licence: Licence) -> str:
    where = f"not in {', '.join(licence.excluded)} (results included)" if licence.excluded else "everywhere"
    return f"- {licence.name}: {where}. Kept beside the weights: {', '.join(licence.files)} of the pinned revision.\n"


def _name(checkpoint: KnownCheckpoint) -> str:
    return f"[{checkpoint.name}]({checkpoint.url})"


def _size(checkpoint: KnownCheckpoint) -> str:
    return readable(checkpoint.bytes)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
