"""A shape before it is a mesh: its latents, and the picture where the decoder reads that, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, Unpack

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..api.mesh import TriangleMesh
from ..api.tasks import EDGES_STAY
from ..api.units import SHAPE_HALF_SIDE
from ..checkpoints.model import Model
from ..decoding import Field, Level, decode_shape, decode_volume
from ..decoding.field import BlendedField, VecsetField
from ..decoding.held import HeldField, Hold
from ..decoding.pixel_aligned import OutlinedField, Relief, signed_outline
from ..decoding.volume import Options
from ..encoding.outer_surface import OuterSurface
from ..image.processor import recentred
from ..image.resize import resize_area
from ..models.pixel_aligned import PICTURE_SHARE, Levels, PixelAlignedDecoder, PixelFeatures, ViewCamera
from ..models.specs import PUBLISHED_TRUNCATION

PIXELS_SIDE = 256
"""Side of the picture that a shape is made from."""

_REACH = 0.006 * (1 - EDGES_STAY) / EDGES_STAY
"""How far a surface may be from its block-out's, in sizes of that, for odds of the strength of 1. Where 0.6 % are allowed, edges
at a corner of a box, where three faces meet, stay within 1.1 %, to which marching cubes of a coarse mesh adds half a percent."""

_FARTHEST = 0.2
"""A reach beyond this length (core frame) holds nothing."""


@dataclass(frozen=True, eq=False)
class Picture:
    """What a pixel-aligned decoder takes from the front's cut-out.

    Attributes:
        decoder: that decoder.
        levels: what its encoder makes of the picture and of its mirror image, whatever the variation.
        features: a batch of one.
        outline: float32 [1, 1, T, T], signed distance to the outline in frame units, positive inside.
    """

    decoder: PixelAlignedDecoder
    levels: Levels
    features: PixelFeatures
    outline: Tensor

    @torch.no_grad()
    def read_with(self, latents: Tensor, tokens: int) -> Picture:
        """The same picture, understood as the latents [1, N, C] of a shape say, where they say anything of that.

        What stands behind the model's own `tokens` chooses among the shapes that the picture may be of: one more token, of which
        the decoder's encoder reads the first numbers.
        """
        if not self.decoder.spec.variation or latents.shape[1] != tokens + 1:
            return self
        variation = latents[:, -1, : self.decoder.spec.variation].float()
        return replace(self, features=self.decoder.encoder.agreed(self.levels, variation))

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
        return _moved(mesh, self.camera, ViewCamera.to_upright)

    def as_decoded(self, mesh: TriangleMesh) -> TriangleMesh:
        """The inverse of `upright`."""
        return _moved(mesh, self.camera, ViewCamera.to_view)


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
        return _moved(mesh, self._camera, ViewCamera.to_upright)

    def as_decoded(self, mesh: TriangleMesh) -> TriangleMesh:
        """The inverse of `upright`."""
        return _moved(mesh, self._camera, ViewCamera.to_view)

    @property
    def _camera(self) -> ViewCamera:
        a, b = self.one.camera, self.other.camera
        between = (torch.lerp(x, y, self.amount) for x, y in ((a.elevation, b.elevation), (a.perspective, b.perspective)))
        return ViewCamera(*between)


@dataclass(frozen=True, eq=False)
class Guide:
    """The block-out that a shape was started from, and is held to.

    Attributes:
        latents: its own, float32 [1, N, C], scaled as the sampler knows them.
        surface: its outer surface, as it was encoded.
        strength: how far the shape may go from it: not at all at 0, anywhere at 1.
    """

    latents: Tensor
    surface: OuterSurface
    strength: float

    @property
    def holds(self) -> bool:
        """It says something of the shape."""
        return self.strength < 1

    def hold(self, truncation: float) -> Hold:
        """What it is to a field whose logits reach 1 at a distance of `truncation`."""
        reach = 2 * SHAPE_HALF_SIDE * _REACH * self.strength / (1 - self.strength)
        reach = reach if reach < _FARTHEST else float("inf")
        known = truncation + (reach if reach < _FARTHEST else 0.0)
        distance = self.surface.distance(known)
        return Hold(lambda points: distance(points) / truncation, reach / truncation, 1 - self.strength**2)


@dataclass(frozen=True, eq=False)
class Shape:
    """What a mesh is decoded from.

    Attributes:
        latents: [1, N, C], as the sampler makes them; those of parts one behind the other. Beside a picture one more token may
            stand behind them (`Picture.read_with`).
        picture: what a pixel-aligned decoder reads beside them; None: the VAE's own decodes the latents alone.
        guide: the block-out that it is held to; only without a picture.
    """

    latents: Tensor
    picture: Picture | BlendedPicture | None
    guide: Guide | None = None

    def upright(self, mesh: TriangleMesh) -> TriangleMesh:
        """A mesh as it was decoded -> in the core frame."""
        return mesh if self.picture is None else self.picture.upright(mesh)

    def as_decoded(self, mesh: TriangleMesh) -> TriangleMesh:
        """The inverse of `upright`."""
        return mesh if self.picture is None else self.picture.as_decoded(mesh)


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
    levels = decoder.encoder.describe_both(colours * 2 - 1, F.interpolate(alpha, (size, size), mode="area"))
    return Picture(decoder, levels, decoder.encoder.agreed(levels), signed_outline(alpha))


def parts_of(model: Model, shape: Shape) -> list[Shape]:
    """The parts of a shape, each to be decoded alone; the shape itself where the model makes no parts."""
    if not model.most_parts or shape.guide is not None:
        return [shape]
    return [Shape(latents, None) for latents in shape.latents.split(model.num_latents, dim=1)]


def decode(model: Model, shape: Shape, resolution: int, **options: Unpack[Options]) -> Iterator[Level]:
    """`decode_volume` of a shape, or of one of its parts; what `Shape.upright` takes, where it has a picture."""
    # What chooses among the shapes of a picture stands behind the latents, where the picture is lost as well.
    decoded = model.vae.decode(shape.latents if model.pixel_aligned is None else shape.latents[:, : model.num_latents])
    # Few queries are left of a shape that is held, and what two fields differ by wants them exact.
    if shape.guide is not None and shape.guide.holds:
        held = _held(model, decoded, shape.guide)
        return decode_volume(held, resolution, **(options | Options(method=_exact(options))))
    if shape.picture is None:
        return decode_shape(model.vae.geo_decoder, decoded, resolution, **options)
    # The tokens of a pixel-aligned decoder are few: selecting among them costs more than it saves.
    return decode_volume(shape.picture.field(decoded), resolution, **(options | Options(method=_exact(options))))


def _exact(options: Options) -> Literal["dense", "hierarchical"]:
    return "dense" if options.get("method") == "dense" else "hierarchical"


def _held(model: Model, decoded: Tensor, guide: Guide) -> Field:
    decoder = model.vae.geo_decoder
    before = model.vae.decode(guide.latents.to(model.dtype))
    return HeldField(
        VecsetField(decoder, decoded), VecsetField(decoder, before), guide.hold(model.truncation or PUBLISHED_TRUNCATION)
    )


def _moved(mesh: TriangleMesh, camera: ViewCamera, move: Callable[[ViewCamera, Tensor], Tensor]) -> TriangleMesh:
    vertices = torch.from_numpy(mesh.vertices)[None].to(camera.elevation)
    return TriangleMesh(move(camera, vertices)[0].cpu().numpy(), mesh.faces)
