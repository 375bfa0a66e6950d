"""Reading what a published model says of itself, in a `config.yaml`: sections of `target:` (a class name) and `params:`.

The targets are names of the published code. They are looked up in a table and never imported. A folder in the layout of diffusers
is read as if it were such a config (`diffusers_layout`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..api.errors import CheckpointError
from ..api.fields import shown
from ..api.settings import SETTINGS
from ..files import read_file
from .diffusers_layout import read_parts
from .folders import INDEX_NAME, config_of, describe_folder

_MAX_CONFIG_BYTES = 1 << 16
_MAX_CONFIG_VALUES = 5_000  # published configs have about 150
_MAX_CONFIG_DEPTH = 40


@dataclass(frozen=True)
class Section:
    """One part of a config: the class name without its package, and the parameters."""

    target: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Config:
    """What a whole model says of itself.

    Attributes:
        folder: where it was read.
        sections: section name ("model", "vae", "conditioner", ...) -> its target and parameters.
        defaults: our own addition: "steps" and "guidance" where the model has its own best values, and "truncation", the
            distance (core frame) at which its logits reach 1, which going on training needs.
    """

    folder: Path
    sections: Mapping[str, Section]
    defaults: Mapping[str, float]

    def section(self, name: str) -> Section:
        """The section, or CheckpointError where there is none."""
        if name not in self.sections:
            raise CheckpointError(
                f"{config_of(self.folder)} has no section '{name}'; choose a folder with a complete checkpoint."
            )
        return self.sections[name]


def read_config(folder: Path) -> Config:
    """Read the config of a folder. A stand-alone VAE, whose target is at the top level, becomes the section "vae".

    Raises:
        CheckpointError: the folder or the file is missing or cannot be read, or it is not such a config.
    """
    path = config_of(folder)
    if path.name == INDEX_NAME:
        parts, defaults = read_parts(folder)
        return Config(folder, {name: Section(*part) for name, part in parts.items()}, defaults)
    try:
        data = parse_yaml(read_file(path, _MAX_CONFIG_BYTES).decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        raise CheckpointError(describe_folder(folder)) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}); check its permissions and its disk.") from error
    except ValueError as error:
        raise CheckpointError(f"{path} cannot be read as YAML; download it again.") from error
    if not isinstance(data, dict):
        raise CheckpointError(f"{path} is not a model's config; download it again.")
    defaults = _defaults(data.get("defaults"), path)
    if "target" in data:
        data = {"vae": {"target": data["target"], "params": data.get("params")}}
    sections = {str(name): _section(value, path) for name, value in data.items() if isinstance(value, dict) and "target" in value}
    return Config(folder, sections, defaults)


class _BoundedLoader(yaml.SafeLoader):
    """PyYAML's safe one, which gives up soon on what no config is: it takes seconds for a text of a few kilobytes otherwise."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._values = self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._values, self._depth = self._values + 1, self._depth + 1
        if self._values > _MAX_CONFIG_VALUES or self._depth > _MAX_CONFIG_DEPTH:
            raise yaml.YAMLError("too many values, or nested too deeply")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def parse_yaml(text: str) -> Any:
    """What a YAML text says, as plain values.

    Raises:
        ValueError: it is not YAML, whatever is wrong with it, or its aliases make it larger than any config is.
    """
    try:
        loader = _BoundedLoader(text)
        node = loader.get_single_node()
        # An alias costs nothing to read; what is made of it may be exponentially large.
        if node is not None and _expanded(node, {}) > _MAX_CONFIG_VALUES:
            raise ValueError("it holds too many values")
        return None if node is None else loader.construct_document(node)
    except (yaml.YAMLError, RecursionError, ArithmeticError, TypeError, LookupError, AttributeError) as error:
        # The library's own constructors raise these for a "!!timestamp" that is none, for example.
        raise ValueError(str(error)) from error


def _expanded(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node has, each alias counted as what it stands for; `known` holds those of nodes seen before."""
    if id(node) not in known:
        known[id(node)] = _MAX_CONFIG_VALUES + 1  # what holds itself has no end
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        else:
            parts = node.value if isinstance(node, yaml.SequenceNode) else []
        known[id(node)] = 1 + sum(_expanded(part, known) for part in parts)
    return known[id(node)]


def _section(value: Mapping[str, Any], path: Path) -> Section:
    target, params = value["target"], value.get("params") or {}
    if not isinstance(target, str) or not isinstance(params, dict):
        raise CheckpointError(f"A section of {path} has no class name or no parameters; download it again.")
    # The packages differ between releases (hy3dgen.shapegen.models, hy3dshape.models.denoisers.…); the classes don't.
    return Section(target.rsplit(".", 1)[-1], params)


def _defaults(value: object, path: Path) -> dict[str, float]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not set(value) <= {"steps", "guidance", "truncation"}:
        raise CheckpointError(f"The section 'defaults' of {path} may hold only steps, guidance and truncation; correct it.")
    found = {name: number(value, name, 0.0) for name in value}
    for name, setting in (("steps", SETTINGS["steps"]), ("guidance", SETTINGS["guidance"])):
        most = setting.maximum
        if most is not None and (found.get(name, 0) > most or (setting.kind is int and found.get(name, 1) < 1)):
            raise CheckpointError(
                f"The section 'defaults' of {path} has {name}: {found[name]:g}, at most {most:g} go; correct it."
            )
    return found


def number(params: Mapping[str, Any], name: str, default: float) -> float:
    """A positive number among parameters; CheckpointError where it is none."""
    value = params.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
        raise CheckpointError(f"The config has {name}: {shown(value)}, which is not a usable number; download config.yaml again.")
    return float(value)
