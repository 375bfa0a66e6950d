"""The table of the public checkpoints that this project can run. Data only; nothing here touches the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TENCENT_TERRITORY = "not licensed in the European Union, the United Kingdom and South Korea, results included"

_TURBO_VAE = "hunyuan3d-vae-v2-0-turbo"
_MINI_TURBO_VAE = "hunyuan3d-vae-v2-mini-turbo"
_SAFETENSORS = ("config.yaml", "model.fp16.safetensors")


@dataclass(frozen=True)
class Licence:
    """The terms of the weights, to be read and accepted before a download.

    Attributes:
        name: as the publisher calls it.
        territory: where it does not hold; empty where it holds everywhere.
        files: files of the repository that must be kept beside the weights.
    """

    name: str
    territory: str = ""
    files: tuple[str, ...] = ("LICENSE", "NOTICE")


_HUNYUAN_2_0 = Licence("Tencent Hunyuan 3D 2.0 Community License Agreement", TENCENT_TERRITORY)
_HUNYUAN_2_1 = Licence("Tencent Hunyuan 3D 2.1 Community License Agreement", TENCENT_TERRITORY)


@dataclass(frozen=True)
class KnownCheckpoint:
    """One public checkpoint.

    Attributes:
        name: what a user calls it; also its folder in the repository.
        repository: "owner/name" on the Hugging Face hub.
        description: a few words for a list.
        licence: the terms of the weights.
        files: the files that are needed, in the folder `name`.
        sha256: file -> SHA-256 in hexadecimal, where it is known.
        vae: name of the stand-alone VAE with the efficient decoder that replaces the model's own, if there is one.
        views: how many images the model takes.
    """

    name: str
    repository: str
    description: str
    licence: Licence
    files: tuple[str, ...] = _SAFETENSORS
    sha256: Mapping[str, str] = field(default_factory=dict)
    vae: str = ""
    views: int = 1


_TABLE = (
    KnownCheckpoint("hunyuan3d-dit-v2-0", "tencent/Hunyuan3D-2", "2.0: 50 steps with guidance", _HUNYUAN_2_0, vae=_TURBO_VAE),
    KnownCheckpoint("hunyuan3d-dit-v2-0-fast", "tencent/Hunyuan3D-2", "2.0: guidance distilled", _HUNYUAN_2_0, vae=_TURBO_VAE),
    KnownCheckpoint("hunyuan3d-dit-v2-0-turbo", "tencent/Hunyuan3D-2", "2.0: 5 steps", _HUNYUAN_2_0, vae=_TURBO_VAE),
    KnownCheckpoint(_TURBO_VAE, "tencent/Hunyuan3D-2", "2.0: the VAE with the efficient decoder", _HUNYUAN_2_0),
    KnownCheckpoint("hunyuan3d-dit-v2-mini", "tencent/Hunyuan3D-2mini", "mini: 50 steps", _HUNYUAN_2_0, vae=_MINI_TURBO_VAE),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mini-fast",
        "tencent/Hunyuan3D-2mini",
        "mini: guidance distilled",
        _HUNYUAN_2_0,
        vae=_MINI_TURBO_VAE,
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mini-turbo",
        "tencent/Hunyuan3D-2mini",
        "mini: 5 steps",
        _HUNYUAN_2_0,
        sha256={"model.fp16.safetensors": "bdbcef30dd0149a281e17d5b5b1fdad1122c904e098a42f3100e04e03c247bc4"},
        vae=_MINI_TURBO_VAE,
    ),
    KnownCheckpoint(
        _MINI_TURBO_VAE,
        "tencent/Hunyuan3D-2mini",
        "mini: the VAE with the efficient decoder",
        _HUNYUAN_2_0,
        sha256={"model.fp16.safetensors": "5dcaca67a8da9e7079fb7b55714a572d0651ac95983bb43099913feaf6738f94"},
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mv", "tencent/Hunyuan3D-2mv", "up to 4 views: 50 steps", _HUNYUAN_2_0, vae=_TURBO_VAE, views=4
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mv-fast",
        "tencent/Hunyuan3D-2mv",
        "up to 4 views: guidance distilled",
        _HUNYUAN_2_0,
        vae=_TURBO_VAE,
        views=4,
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-mv-turbo", "tencent/Hunyuan3D-2mv", "up to 4 views: 5 steps", _HUNYUAN_2_0, vae=_TURBO_VAE, views=4
    ),
    KnownCheckpoint(
        "hunyuan3d-dit-v2-1",
        "tencent/Hunyuan3D-2.1",
        "2.1: mixture of experts, 50 steps",
        _HUNYUAN_2_1,
        files=("config.yaml", "model.fp16.ckpt"),
    ),
)

KNOWN: Mapping[str, KnownCheckpoint] = {checkpoint.name: checkpoint for checkpoint in _TABLE}
