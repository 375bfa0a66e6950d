"""The decoder of the released FlashVDM code beside ours: the same weights, the same latents, on one machine in one run.

None of that code is here. It is imported from a copy that whoever runs this has, by the names that it is used by: `ShapeVAE`,
`enable_flashvdm_decoder` and `latents2mesh`.
"""

from __future__ import annotations

import importlib
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from ...api.errors import SettingsError
from ...api.units import BOX_HALF_SIDE
from ...checkpoints.registry import MODELS
from ...decoding import decode_shape
from ...models.shape_vae import PointDecoder, ShapeVAE
from ...models.specs import ShapeVAESpec
from ...surface import extract_surface
from ..files import synchronize
from .model_under_test import with_random_weights

MODEL = "hunyuan3d-dit-v2-0-turbo"
"""Its VAE is what is decoded with: 3072 tokens, a point decoder of half the width."""

RESOLUTIONS = (128, 256, 380)

_PACKAGES = ("hy3dgen", "hy3dgen.shapegen", "hy3dgen.shapegen.models")
_AUTOENCODERS = "hy3dgen.shapegen.models.autoencoders"
# Queries of one call, of the values that its own examples have.
_CHUNKS = {128: 8000}
_CHUNK = 20_000
_STEEPNESS, _RIPPLES, _LOWEST = 8.0, 0.05, 3


@dataclass(frozen=True)
class _Runs:
    """Median times of a decoder, wall and on all cores, and the faces of its mesh."""

    seconds: float
    cpu_seconds: float
    faces: int


def import_official(code: Path) -> ModuleType:
    """The released module of autoencoders, from the copy of its repository in `code`.

    Its packages import all of that project on the way there, image encoders and pipelines; only what decodes is taken.

    Raises:
        SettingsError: the code is not there, or lacks a package (it needs einops and scikit-image).
    """
    if not code.joinpath(*_AUTOENCODERS.split(".")).is_dir():
        raise SettingsError(f"{code} holds no folder hy3dgen; give a copy of github.com/Tencent-Hunyuan/Hunyuan3D-2.")
    for name in _PACKAGES:
        package = ModuleType(name)
        package.__path__ = [str(code.joinpath(*name.split(".")))]
        sys.modules[name] = package
    try:
        return importlib.import_module(_AUTOENCODERS)
    except ImportError as error:
        raise SettingsError(f"The code in {code} cannot be imported ({error}); install what it needs here.") from error


def smooth_vae(spec: ShapeVAESpec, device: torch.device) -> ShapeVAE:
    """A VAE with random weights in float32 whose point decoder answers with a rounded cube, rippled by every latent.

    A truncated distance is near the surface in a thin band alone, and so is this one. A decoder with random weights gives noise,
    in which there is nothing to find.
    """
    with torch.device("meta"):
        network: nn.Module = ShapeVAE(spec, with_encoder=False)
    vae = with_random_weights(network, device, torch.float32)
    assert isinstance(vae, ShapeVAE)
    _make_smooth(vae.geo_decoder, spec.num_freqs)
    return vae


def compare_with_official(code: Path, resolutions: Sequence[int], device: torch.device, runs: int) -> list[dict[str, Any]]:
    """Times of decoding and surface extraction by both, turn by turn: a row for each resolution."""
    released = import_official(code)
    spec = MODELS[MODEL].vae
    ours = smooth_vae(spec, device)
    theirs = released.ShapeVAE(**spec.to_config()).to(device).eval()
    missing, unexpected = theirs.load_state_dict(ours.state_dict(), strict=False)
    if unexpected or any(not name.startswith(("encoder.", "pre_kl.")) for name in missing):
        raise SettingsError(f"The code in {code} has other names of weights; give the version that docs/performance.md names.")
    theirs.enable_flashvdm_decoder(mc_algo="mc")
    latents = torch.randn(1, spec.num_latents, spec.embed_dim, generator=torch.Generator().manual_seed(0)).to(device)
    with torch.inference_mode():
        decoded = ours.decode(latents)
        return [_row(ours, theirs, decoded, resolution, runs) for resolution in resolutions]


def _make_smooth(decoder: PointDecoder, frequencies: int) -> None:
    """Let the logit be that of `smooth_vae`: of the embedding the lowest cosine of each axis makes the cube, the rest ripples."""
    cosine = 3 + 3 * frequencies  # the embedding is x, y, z, the sines of each, the cosines of each
    weight, bias = decoder.query_proj.weight.data, decoder.query_proj.bias.data
    weight[:, 3:].unflatten(1, (6, frequencies))[..., _LOWEST:] = 0.0
    weight[0] = 0.0
    weight[0, [cosine, cosine + frequencies, cosine + 2 * frequencies]] = 1.0
    bias[0] = -2.75
    decoder.output_proj.weight.data.normal_(std=_RIPPLES, generator=torch.Generator(weight.device).manual_seed(1))
    decoder.output_proj.weight.data[0, 0] = _STEEPNESS * 4
    decoder.output_proj.bias.data.zero_()
    for layer in (decoder.cross_attn_decoder.attn.c_proj, decoder.cross_attn_decoder.mlp.c_proj):
        layer.weight.data[0] = 0.0
        layer.bias.data[0] = 0.0


def _row(ours: ShapeVAE, theirs: Any, decoded: Tensor, resolution: int, runs: int) -> dict[str, Any]:
    queries: list[int] = []

    def decode() -> int:
        levels = list(decode_shape(ours.geo_decoder, decoded, resolution))
        queries[:] = [level.queries for level in levels]
        return len(extract_surface(levels[-1].volume, 0.0).faces)

    def decode_officially() -> int:
        options = {"bounds": BOX_HALF_SIDE, "mc_level": 0.0, "octree_resolution": resolution, "enable_pbar": False}
        (mesh,) = theirs.latents2mesh(decoded, num_chunks=_CHUNKS.get(resolution, _CHUNK), **options)
        if mesh is None:
            raise SettingsError(f"The released decoder finds no surface at {resolution}; leave this resolution out.")
        return len(mesh.mesh_f)

    ours_took, theirs_took = _alternately((decode, decode_officially), runs, decoded.device)
    return {
        "resolution": resolution,
        "seconds": ours_took.seconds,
        "official_seconds": theirs_took.seconds,
        "faster_by": theirs_took.seconds / ours_took.seconds,
        "cpu_faster_by": theirs_took.cpu_seconds / ours_took.cpu_seconds,
        "queries": sum(queries),
        "faces": ours_took.faces,
    }


def _alternately(functions: Sequence[Callable[[], int]], runs: int, device: torch.device) -> list[_Runs]:
    """Each of the functions so many times, one after the other, so that what else the machine does meets all of them."""
    walls: list[list[float]] = [[] for _ in functions]
    busy: list[list[float]] = [[] for _ in functions]
    faces = [0] * len(functions)
    for _ in range(runs):
        for number, function in enumerate(functions):
            begin, cpu = time.perf_counter(), time.process_time()
            faces[number] = function()
            synchronize(device)
            walls[number].append(time.perf_counter() - begin)
            busy[number].append(time.process_time() - cpu)
    rows = zip(walls, busy, faces, strict=True)
    return [_Runs(statistics.median(wall), statistics.median(cpu), count) for wall, cpu, count in rows]
