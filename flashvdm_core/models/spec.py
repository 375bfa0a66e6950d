"""What the sizes of a network are read by: the base of its spec, and the check of each number."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, ClassVar, Self

from ..api.errors import CheckpointError
from ..api.fields import shown

# The most that a config may ask for, far beyond every published model: what a damaged or hostile one asks for is refused before a
# network of that size is built.
_MOST_WIDE, _MOST_LAYERS, _MOST_TOKENS, _MOST_PIXELS, _MOST_FEW = 1 << 16, 128, 1 << 20, 1 << 14, 1 << 10
_MOST: Mapping[str, float] = {
    "depth": _MOST_LAYERS, "depth_single_blocks": _MOST_LAYERS, "num_decoder_layers": _MOST_LAYERS,
    "num_layers": _MOST_LAYERS, "num_layers_encoder": _MOST_LAYERS, "num_layers_decoder": _MOST_LAYERS,
    "num_encoder_layers": _MOST_LAYERS, "num_hidden_layers": _MOST_LAYERS, "num_moe_layers": _MOST_LAYERS,
    "num_latents": _MOST_TOKENS, "pc_size": _MOST_TOKENS, "pc_sharpedge_size": _MOST_TOKENS,
    "image_size": _MOST_PIXELS, "patch_size": _MOST_PIXELS,
    "num_experts": _MOST_FEW, "moe_top_k": _MOST_FEW, "heads": _MOST_FEW, "num_heads": _MOST_FEW,
    "num_attention_heads": _MOST_FEW, "downsample_ratio": _MOST_FEW, "geo_decoder_downsample_ratio": _MOST_FEW,
    "num_register_tokens": 64, "view_num": 64, "num_freqs": 64, "embed_frequency": 64, "mlp_ratio": 64, "mlp_expand_ratio": 64,
    "geo_decoder_mlp_expand_ratio": 64, "query_ratio": _MOST_FEW, "layer_norm_eps": 1, "norm_eps": 1,
    "layerscale_value": 1e6, "scale_factor": 1e6, "time_at_noise": 1e6, "time_at_data": 1e6,
    "rim": 10, "cross_scale": 1e3, "cross_scale_2": 1e3, "part_tokens": _MOST_TOKENS, "max_parts": _MOST_FEW,
    "joint_blocks": 2**_MOST_LAYERS - 1,
}  # fmt: skip
_MAY_BE_ZERO = frozenset({
    "depth_single_blocks", "num_encoder_layers", "num_layers_encoder", "num_moe_layers", "point_feats", "pc_sharpedge_size",
    "view_num", "num_freqs", "encoder_width", "query_ratio", "context_dim_2", "num_register_tokens", "rim",
    "part_tokens", "max_parts", "joint_blocks",
})  # fmt: skip


def checked_number(name: str, value: object, kind: str) -> Any:
    """A value of a config as the "int", "float" or "bool" that a spec wants.

    Raises:
        CheckpointError: it is of another type, or beyond all that a network is built with.
    """
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "float" and isinstance(value, str):  # YAML takes 1e-6, which lacks the point, for a text
        with contextlib.suppress(ValueError):
            value = float(value)
    if kind != "bool" and isinstance(value, int | float) and not isinstance(value, bool):
        least = 0 if kind == "float" or name in _MAY_BE_ZERO else 1
        if least <= value <= _MOST.get(name, _MOST_WIDE) and (kind == "float" or value == int(value)):
            return int(value) if kind == "int" else float(value)
    wanted = {"bool": "true or false", "int": "a whole number", "float": "a number"}[kind]
    raise CheckpointError(
        f"The config has {name}: {shown(value)}, which is not {wanted} that a network can be built with; "
        "download config.yaml again."
    )


@dataclass(frozen=True)
class Spec:
    """Base: builds itself from a config section.

    `IGNORED` lists published keys that do not change the network here (training switches, paths), `DIVIDED` pairs of fields
    of which the first must be a multiple of the second, `LATER` fields that earlier versions of this program do not know.
    """

    IGNORED: ClassVar[frozenset[str]] = frozenset()
    LATER: ClassVar[frozenset[str]] = frozenset()
    DIVIDED: ClassVar[tuple[tuple[str, str], ...]] = ()

    @classmethod
    def from_config(cls, params: Mapping[str, Any]) -> Self:
        """Build from the `params` of a config section.

        Raises:
            CheckpointError: names a key that is unknown or missing, or a value that no network can be built with.
        """
        kinds = {f.name: str(f.type) for f in fields(cls)}
        unknown = sorted(str(key) for key in params if key not in kinds and key not in cls.IGNORED)
        if unknown:
            raise CheckpointError(f"The config has unknown keys for {cls.__name__}: {listed(unknown)}; a newer model version?")
        missing = [f.name for f in fields(cls) if f.default is MISSING and f.name not in params]
        if missing:
            raise CheckpointError(f"The config is incomplete for {cls.__name__}: it lacks {listed(missing)}; download it again.")
        spec = cls(**{name: checked_number(name, params[name], kind) for name, kind in kinds.items() if name in params})
        for whole, part in cls.DIVIDED:
            if getattr(spec, whole) % getattr(spec, part):
                raise CheckpointError(
                    f"The config has {whole}: {getattr(spec, whole)}, which is no multiple of {part}: {getattr(spec, part)}; "
                    "download it again."
                )
        return spec

    def to_config(self) -> dict[str, Any]:
        """The `params` of a config section that `from_config` reads; what earlier versions don't know only where it is needed."""
        usual = {field.name: field.default for field in fields(self) if field.name in self.LATER}
        return {name: value for name, value in asdict(self).items() if usual.get(name, MISSING) != value}


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names in a sentence, of many the first ones."""
    shown = ", ".join(name[:60] for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
