"""A shape before it is a mesh: its latents, and the picture where the decoder reads that, too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Unpack

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..api.mesh import TriangleMesh
from ..checkpoints.model import Model
from ..decoding import Field, Level, decode_shape, decode_volume
from ..decoding.field import BlendedField
from ..decoding.pixel_aligned import OutlinedField, Relief, signed_outline
from ..decoding.volume import Options
from ..image.processor import recentred
from ..image.resize import resize_area
from ..models.pixel_aligned import PICTURE_SHARE, PixelAlignedDecoder, PixelFeatures, ViewCamera

PIXELS_SIDE = 256
"""Side of the picture that a shape is made from."""


@dataclass(frozen=True, eq=False)
class Picture:
    """What a pixel-aligned decoder takes from the front's cut-out.

    Attributes:
        decoder: that decoder.
        features: a batch of one.
        outline: float32 [1, 1, T, T], signed distance to the outline in frame units, positive inside.
    """

    decoder: PixelAlignedDecoder
    features: PixelFeatures
    outline: Tensor

    @property
    def camera(self) -> ViewCamera:
        """Where it was taken from."""
        return self.features.camera

    @property
    def elevation(self) -> float:
        """Degrees above the horizon from which it was taken."""
        return float(self.camera.elevation[0].rad2deg())

    def field(self, decoded: Tensor) -> Field:
        """The field of the shape with the decoded latents [1, N, width], in the view frame."""
        return OutlinedField(self.decoder, decoded, self.features, self.outline, self.decoder.spec.truncation)

    def relief(self) -> Field:
        """What lies between the front and the back that it shows, in the view frame: a first guess without latents."""
        return Relief(self.features, self.outline, self.decoder.spec.truncation)

    def upright(self, mesh: TriangleMesh) -> TriangleMesh:
        """A mesh of the view frame as it stands: upright, turned as it was seen."""
        return _upright(mesh, self.camera)


@dataclass(frozen=True, eq=False)
class BlendedPicture:
    """Something between two pictures: the blend of their fields, seen from between their cameras.

    Attributes:
        one, other: the two.
        amount: 0 is `one`, 1 the other.
    """

    one: Picture
    other: Picture
    amount: float

    def field(self, decoded: Tensor) -> Field:
        """See `Picture.field`."""
        return BlendedField(self.one.field(decoded), self.other.field(decoded), self.amount)

    def upright(self, mesh: TriangleMesh) -> TriangleMesh:
        """See `Picture.upright`."""
        a, b = self.one.camera, self.other.camera
        between = (torch.lerp(x, y, self.amount) for x, y in ((a.elevation, b.elevation), (a.perspective, b.perspective)))
        return _upright(mesh, ViewCamera(*between))


@dataclass(frozen=True, eq=False)
class Shape:
    """What a mesh is decoded from.

    Attributes:
        latents: [1, N, C], as the sampler makes them; those of parts one behind the other.
        picture: what a pixel-aligned decoder reads beside them; None: the VAE's own decodes the latents alone.
    """

    latents: Tensor
    picture: Picture | BlendedPicture | None

    def upright(self, mesh: TriangleMesh) -> TriangleMesh:
        """A mesh as it was decoded -> in the core frame."""
        return mesh if self.picture is None else self.picture.upright(mesh)


def pixels_of(cutout: np.ndarray) -> np.ndarray:
    """A cut-out uint8 [H, W, 4] (straight alpha) as `read_picture` takes it: recentred, uint8 [`PIXELS_SIDE`, `PIXELS_SIDE`, 4].

    Raises:
        ImageError: nothing in it is visible.
    """
    return resize_area(recentred(cutout, 1 - PICTURE_SHARE), PIXELS_SIDE, PIXELS_SIDE)


@torch.no_grad()
def read_picture(decoder: PixelAlignedDecoder, pixels: np.ndarray) -> Picture:
    """Look at a picture, uint8 [S, S, 4], with a decoder, on its device."""
    size = decoder.spec.image_size
    rgba = torch.from_numpy(pixels).to(decoder.film.linear.weight.device).permute(2, 0, 1)[None].float() / 255
    alpha = rgba[:, 3:]
    colours = F.interpolate(rgba[:, :3] * alpha + 1 - alpha, (size, size), mode="bilinear", antialias=True)
    features = decoder.encoder(colours * 2 - 1, F.interpolate(alpha, (size, size), mode="area"))
    return Picture(decoder, features, signed_outline(alpha))


def parts_of(model: Model, shape: Shape) -> list[Shape]:
    """The parts of a shape, each to be decoded alone; the shape itself where the model makes no parts."""
    if not model.most_parts:
        return [shape]
    return [Shape(latents, None) for latents in shape.latents.split(model.num_latents, dim=1)]


def decode(model: Model, shape: Shape, resolution: int, **options: Unpack[Options]) -> Iterator[Level]:
    """`decode_volume` of a shape, or of one of its parts; what `Shape.upright` takes, where it has a picture."""
    decoded = model.vae.decode(shape.latents)
    if shape.picture is None:
        return decode_shape(model.vae.geo_decoder, decoded, resolution, **options)
    # The tokens of a pixel-aligned decoder are few: selecting among them costs more than it saves.
    method = "dense" if options.get("method") == "dense" else "hierarchical"
    return decode_volume(shape.picture.field(decoded), resolution, **(options | Options(method=method)))


def _upright(mesh: TriangleMesh, camera: ViewCamera) -> TriangleMesh:
    vertices = torch.from_numpy(mesh.vertices)[None].to(camera.elevation)
    return TriangleMesh(camera.to_upright(vertices)[0].cpu().numpy(), mesh.faces)
