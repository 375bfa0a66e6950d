"""A mesh -> the latents of a shape autoencoder that came with its encoder."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..api.errors import CheckpointError
from ..api.mesh import TriangleMesh
from ..api.units import SHAPE_HALF_SIDE
from ..models.shape_vae import ShapeVAE, choose_points
from ..models.shape_vae import Surface as EncoderInput
from ..models.specs import ShapeVAESpec
from .samples import Surface, sample_sharp_edges, sample_surface

_PROBES = 2  # places drawn on all faces, hidden ones too, for each point that the encoder reads


def encoder_input(
    spec: ShapeVAESpec, vertices: Tensor, faces: Tensor, surface: Surface, rng: np.random.Generator
) -> EncoderInput:
    """What the encoder reads of a mesh: samples of its surface and of its sharp edges, and the queries among them.

    Args:
        spec: sizes of the autoencoder; `num_latents` tokens come of it.
        vertices, faces: float32 [V, 3] and int64 [F, 3], the mesh that the surface belongs to.
        surface: samples of the outer surface.
        rng: chooses among them.

    Raises:
        CheckpointError: an encoder that wants to know more about a point than its normal and a mark on sharp edges.
    """
    if spec.point_feats not in (3, 4):
        raise CheckpointError(f"The encoder reads {spec.point_feats} features a point, which is not supported; 3 and 4 are.")
    rows = torch.from_numpy(rng.integers(len(surface.points), size=spec.pc_size)).to(surface.points.device)
    uniform = torch.cat([surface.points[rows], surface.normals[rows]], 1)
    sharp = torch.cat(sample_sharp_edges(vertices, faces, surface, max(spec.pc_sharpedge_size, 1), rng), 1)
    sharp = sharp[: spec.pc_sharpedge_size]
    if spec.point_feats == 4:
        uniform, sharp = F.pad(uniform, (0, 1)), F.pad(sharp, (0, 1), value=1.0)
    orders = [torch.from_numpy(rng.permutation(len(part))).to(part.device) for part in (uniform, sharp)]
    return choose_points(spec, torch.cat([uniform, sharp])[None], orders[0], orders[1] if len(sharp) else None)


@torch.no_grad()
def encode_mesh(vae: ShapeVAE, mesh: TriangleMesh, num_latents: int) -> Tensor:
    """The latents of a mesh: float32 [1, num_latents, embed_dim] on the autoencoder's device, scaled.

    The mean of the posterior for one choice of surface points, always the same one.

    Args:
        vae: an autoencoder with its encoder, in float32: positions need it.
        mesh: of any size and at any place; it may be open or made of parts that overlap.
    """
    device = vae.post_kl.weight.device
    vertices = torch.from_numpy(fitted(mesh.vertices)).to(device)
    faces = torch.from_numpy(mesh.faces).long().to(device)
    spec = dataclasses.replace(vae.spec, num_latents=num_latents)
    rng = np.random.default_rng(0)
    surface = sample_surface(vertices, faces, _PROBES * (spec.pc_size + spec.pc_sharpedge_size), rng)
    return vae.encode(encoder_input(spec, vertices, faces, surface, rng)).mean


def fitted(vertices: np.ndarray) -> np.ndarray:
    """Vertices float32 [V, 3] with their bounding box centred and its longest side 2 * `SHAPE_HALF_SIDE`."""
    low, high = vertices.min(0), vertices.max(0)
    longest = float((high - low).max())
    return ((vertices - (low + high) / 2) * (2 * SHAPE_HALF_SIDE / longest if longest > 0 else 1.0)).astype(np.float32)
