"""What a model's folder tells without loading it. A look at its text: Blender's Python cannot read YAML."""

import functools
import re
from pathlib import Path

from ...flashvdm_core.api.settings import SETTINGS
from ...flashvdm_core.checkpoints.folders import checkpoint_folder
from ...flashvdm_core.files import file_status, open_file

# The image processor of models that take several views is named so in their config.yaml.
_SEVERAL_VIEWS = re.compile(rb"^\s*target:\s*\S*\bMVImageProcessor", re.MULTILINE)
_TEXT = re.compile(rb"^text:", re.MULTILINE)  # the section of their config.yaml where they were converted
_PARTS = re.compile(rb'"_class_name"\s*:\s*"PartCrafterPipeline"')
_PART_TOKENS = re.compile(rb"^\s*part_tokens:", re.MULTILINE)  # where it was converted
_LONGEST = 1 << 20
_TEXT_ENCODER = "text_encoder"  # a folder of models that take a prompt, in the layout of diffusers


def takes_several_views(model: str) -> bool:
    """Whether the model in the folder `model`, or the built-in one, takes images of other sides beside the front."""
    if model == SETTINGS["model"].default:
        return False
    try:
        # A search below it where it is not the folder itself: not at each redraw.
        config = _folder(model, Path(model).stat().st_mtime_ns) / "config.yaml"
        return _names_several(config, file_status(config).st_mtime_ns)
    except (OSError, ValueError):
        return False


def takes_prompt(model: str) -> bool:
    """Whether the model in the folder `model` makes a shape of a drawing and words: it has an encoder of texts."""
    if model == SETTINGS["model"].default:
        return False
    try:
        folder = _folder(model, Path(model).stat().st_mtime_ns)
    except (OSError, ValueError):
        return False
    return (folder / _TEXT_ENCODER).is_dir() or _has_section(folder / "config.yaml", _TEXT)


def makes_parts(model: str) -> bool:
    """Whether the model in the folder `model` makes an object in as many parts as a setting says."""
    if model == SETTINGS["model"].default:
        return False
    try:
        folder = _folder(model, Path(model).stat().st_mtime_ns)
    except (OSError, ValueError):
        return False
    return _has_section(folder / "model_index.json", _PARTS) or _has_section(folder / "config.yaml", _PART_TOKENS)


def _has_section(config: Path, pattern: re.Pattern[bytes]) -> bool:
    try:
        with open_file(config) as file:
            return pattern.search(file.read(_LONGEST)) is not None
    except OSError:
        return False


@functools.lru_cache(maxsize=8)
def _folder(model: str, changed: int) -> Path:
    """As what was chosen was at the time `changed`."""
    return checkpoint_folder(model)


@functools.lru_cache(maxsize=8)
def _names_several(config: Path, changed: int) -> bool:
    """As the file was at the time `changed`."""
    with open_file(config) as file:
        return _SEVERAL_VIEWS.search(file.read(_LONGEST)) is not None
