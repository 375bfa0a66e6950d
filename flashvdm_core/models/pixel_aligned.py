"""What a query of the point decoder reads off the picture: pixel-aligned features, two depth maps and a coarse volume.

An image encoder with a half-resolution output (a U-Net with transformer blocks at an eighth of the picture, after Ronneberger
et al. 2015 and Vaswani et al. 2017) describes each pixel. A query takes the description of the pixel that it projects to, as
in PIFu (Saito et al., ICCV 2019), and how far it is before or behind the predicted front and back; both scale and shift the
query's embedding (FiLM, Perez et al. 2018) before the cross attention to the latents, which stays what it is.

Frames. *Upright* frame: y up, turned about y so that the camera is at azimuth 0; origin and scale are such that the picture's
box is centred and half of its longer side is `HALF_SIDE`, and the shape's box is centred along z. *View* frame (u, v, w) of a
camera at elevation e whose distance from the origin is 1 / p (p = 0: parallel projection):

    Y = y cos e - z sin e,   w = y sin e + z cos e,   u = x / (1 - p w),   v = Y / (1 - p w)

so u and v are a place in the picture (right and up) whatever the depth w, which grows towards the camera. The network lives in
the view frame; `ViewCamera` goes back and forth. Distances along w are those of the upright frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import attention
from .shape_vae import KeysValues, PointDecoder, SelfAttentionBlock, ShapeVAE
from .specs import ShapeVAESpec, Spec

HALF_SIDE = 0.75
"""Half of the longer side of the picture's box, in the frame."""
PICTURE_SHARE = 27 / 32
"""The longer side of the object's box as a share of the picture's side."""
TO_PICTURE = PICTURE_SHARE / HALF_SIDE
"""From u and v to [-1, 1] across the whole picture."""
HALF_DEPTH = 1.0
"""The volume covers w from -HALF_DEPTH to HALF_DEPTH."""
HEIGHT_FREQUENCIES = 4
_DEPTH_EXTRAS = 5
_NEAREST_PLANE = 0.2


@dataclass(frozen=True)
class PixelAlignedSpec(Spec):
    """Sizes of the image encoder.

    Attributes:
        image_size: side of the picture in pixels that it was trained for last; a multiple of 8.
        stem_channels, middle_channels: at a half and a quarter of the picture's resolution.
        width, heads, blocks: of the transformer at an eighth.
        plane_channels: of the output at half the resolution.
        depth_bins: of the coarse volume along w.
        position_side: of the learned grid of positions, which is resized to an eighth of the picture.
        tones: whether the network is given `tones` in the place of plain colours.
    """

    image_size: int = 64
    stem_channels: int = 32
    middle_channels: int = 64
    width: int = 192
    heads: int = 6
    blocks: int = 4
    plane_channels: int = 48
    depth_bins: int = 32
    position_side: int = 12
    tones: bool = True


@dataclass(frozen=True)
class ViewCamera:
    """Cameras of a batch: `elevation` float32 [B] in radians, `perspective` float32 [B], one over the distance."""

    elevation: Tensor
    perspective: Tensor

    def to_view(self, points: Tensor) -> Tensor:
        """Upright points [B, P, 3] -> (u, v, w) [B, P, 3]. Points behind the camera are held in front of it."""
        cos, sin = self.elevation.cos()[:, None], self.elevation.sin()[:, None]
        x, y, z = points.unbind(-1)
        w = y * sin + z * cos
        shrink = (1 - self.perspective[:, None] * w).clamp_min(_NEAREST_PLANE)
        return torch.stack([x / shrink, (y * cos - z * sin) / shrink, w], -1)

    def to_upright(self, points: Tensor) -> Tensor:
        """(u, v, w) [B, P, 3] -> upright points [B, P, 3]."""
        cos, sin = self.elevation.cos()[:, None], self.elevation.sin()[:, None]
        u, v, w = points.unbind(-1)
        spread = (1 - self.perspective[:, None] * w).clamp_min(_NEAREST_PLANE)
        flat = v * spread
        return torch.stack([u * spread, flat * cos + w * sin, w * cos - flat * sin], -1)

    def height(self, points: Tensor) -> Tensor:
        """The upright y [B, P] of (u, v, w) [B, P, 3]."""
        return self.to_upright(points)[..., 1]


@dataclass(frozen=True)
class PixelFeatures:
    """What the encoder says of a batch of pictures, S pixels wide (their opacity T), h = S / 2.

    Attributes:
        planes: float32 [B, C, h, h], description of each pixel.
        outline: float32 [B, 2, T, T], opacity and distance to the outline inside it, in frame units.
        depth: float32 [B, 2, h, h], w of the front and of the back of the shape.
        normals: float32 [B, 3, h, h], of the front, in camera axes (right, up, towards the camera).
        volume: float32 [B, D, h, h], logits of being inside, on a lattice of (w, -v, u).
        camera: the predicted camera.
    """

    planes: Tensor
    outline: Tensor
    depth: Tensor
    normals: Tensor
    volume: Tensor
    camera: ViewCamera


def outline_distance(opaque: Tensor) -> Tensor:
    """Exact Euclidean distance of each opaque pixel to the nearest one that is not, in pixels; 0 outside.

    bool [B, S, S] -> float32 [B, S, S]. First along columns, then the lower envelope along rows (Felzenszwalb and Huttenlocher
    2012), here by trying every column.
    """
    size = opaque.shape[-1]
    place = torch.arange(size, device=opaque.device, dtype=torch.float32)
    rows = place[:, None].expand_as(opaque)
    far = 4.0 * size
    above = torch.where(opaque, -far, rows).cummax(1).values
    below = -torch.where(opaque, -far, -rows).flip(1).cummax(1).values.flip(1)
    column = torch.minimum(rows - above, below - rows).clamp_max(far).square()
    across = (place[:, None] - place[None]).square()
    return torch.stack([(picture[:, None] + across).amin(-1) for picture in column]).sqrt() * opaque


def tones(images: Tensor, opacity: Tensor) -> Tensor:
    """Logarithms of the colours about their mean over the object; 0 outside.

    In logarithms light is added to the surface's own colour, and the mean takes out how bright and of what tint the light is.
    Beside the outline's contrast, plain colours differ so little inside a shape that shading stayed unread.

    Args:
        images: float32 [B, 3, S, S] in [-1, 1], on white.
        opacity: float32 [B, 1, S, S].
    """
    inside = (opacity > 0.5).float()
    colour = (((images + 1) / 2 - 1 + opacity) / opacity.clamp_min(0.05)).clamp(0, 1)
    logarithm = torch.log(colour + 0.05)
    mean = (logarithm * inside).sum((2, 3), keepdim=True) / inside.sum((2, 3), keepdim=True).clamp_min(1)
    return (logarithm - mean) * 3 * inside


class ResidualConv(nn.Module):
    """Pre-activation residual block of two 3 x 3 convolutions (He et al. 2016), with group norm."""

    def __init__(self, channels: int, groups: int = 8) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(groups, channels), nn.GroupNorm(groups, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))
        return x + self.conv2(F.relu(self.norm2(y)))


class PixelEncoder(nn.Module):
    """Pictures -> `PixelFeatures`."""

    def __init__(self, spec: PixelAlignedSpec) -> None:
        super().__init__()
        stem, middle, width, planes = spec.stem_channels, spec.middle_channels, spec.width, spec.plane_channels
        self.spec = spec
        self.stem = nn.Sequential(nn.Conv2d(5, stem, 3, 2, 1), ResidualConv(stem))
        self.down1 = nn.Sequential(nn.Conv2d(stem, middle, 3, 2, 1), ResidualConv(middle))
        self.down2 = nn.Conv2d(middle, width, 3, 2, 1)
        self.position = nn.Parameter(torch.randn(1, width, spec.position_side, spec.position_side) * 0.02)
        self.blocks = nn.ModuleList(SelfAttentionBlock(width, spec.heads, False, True) for _ in range(spec.blocks))
        self.norm = nn.LayerNorm(width)
        self.lateral1, self.lateral0 = nn.Conv2d(width, middle, 1), nn.Conv2d(middle, planes, 1)
        self.skip0 = nn.Conv2d(stem, planes, 1)
        self.up1, self.up0 = ResidualConv(middle), ResidualConv(planes)
        self.finish = nn.GroupNorm(8, planes)
        self.maps = nn.Conv2d(planes, 5, 1)
        self.volume = nn.Conv2d(planes, spec.depth_bins, 1)
        self.camera = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 2))

    def forward(self, images: Tensor, alpha: Tensor) -> PixelFeatures:
        """Colours float32 [B, 3, S, S] in [-1, 1] on white and opacity [B, 1, T, T], T >= S -> features.

        The opacity may be finer than the colours: the network sees it at their size, but queries read the fine one.
        """
        size = images.shape[-1]
        opacity = alpha if alpha.shape[-1] == size else F.interpolate(alpha, (size, size), mode="area")
        distance = outline_distance(opacity[:, 0] > 0.5)[:, None] * (2 / size / TO_PICTURE)
        colours = tones(images, opacity) if self.spec.tones else images
        x1 = self.stem(torch.cat([colours, opacity, distance * 4], 1).contiguous(memory_format=torch.channels_last))
        x2 = self.down1(x1)
        tokens, grid = self._tokens(self.down2(F.relu(x2)))
        y = self.up1(x2 + _upsampled(self.lateral1(grid), x2))
        y = self.up0(self.skip0(x1) + _upsampled(self.lateral0(y), x1))
        planes = F.relu(self.finish(y))
        maps = self.maps(planes)
        elevation, perspective = self.camera(tokens.mean(1)).unbind(-1)
        camera = ViewCamera(0.3 + 0.3 * elevation, (0.22 + 0.15 * perspective).clamp(0, 0.5))
        outline = torch.cat([alpha, distance if opacity is alpha else _upsampled(distance, alpha)], 1)
        return PixelFeatures(planes, outline, maps[:, :2], F.normalize(maps[:, 2:], dim=1), self.volume(planes), camera)

    def _tokens(self, grid: Tensor) -> tuple[Tensor, Tensor]:
        """[B, W, s, s] through the transformer: as tokens [B, s * s, W] and as a grid again."""
        position = self.position
        if position.shape[-2:] != grid.shape[-2:]:
            position = F.interpolate(position, grid.shape[-2:], mode="bilinear", align_corners=False)
        tokens = (grid + position).flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        tokens = self.norm(tokens)
        return tokens, tokens.transpose(1, 2).unflatten(2, grid.shape[-2:])


def _upsampled(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=False)


def at_pixels(maps: Tensor, view: Tensor, padding: str = "border") -> Tensor:
    """Maps [B, C, s, s] taken bilinearly where (u, v, w) [B, P, 3] are in the picture: [B, C, P]."""
    place = torch.stack([view[..., 0], -view[..., 1]], -1)[:, None] * TO_PICTURE
    return F.grid_sample(maps, place, padding_mode=padding, align_corners=False)[:, :, 0]


def in_volume(volume: Tensor, view: Tensor) -> Tensor:
    """The volume [B, D, h, h] taken trilinearly at (u, v, w) [B, P, 3]: [B, P]."""
    place = torch.stack([view[..., 0] * TO_PICTURE, -view[..., 1] * TO_PICTURE, view[..., 2] / HALF_DEPTH], -1)
    return F.grid_sample(volume[:, None], place[:, None, None], padding_mode="border", align_corners=False)[:, 0, 0, 0]


class PixelFilm(nn.Module):
    """Scales and shifts the embeddings of queries by what they read off the picture.

    The columns of `linear` are: the planes (C), opacity and distance to the outline (2), the query's depth against front and
    back (5), the volume's logit (1), the height above the middle and its Fourier features (1 + 2 * `HEIGHT_FREQUENCIES`).
    Since interpolation is linear, the first C + 2 columns may be applied to the maps before they are looked up.
    """

    def __init__(self, plane_channels: int, inner_width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(plane_channels + 2 + _DEPTH_EXTRAS + 1 + 1 + 2 * HEIGHT_FREQUENCIES, 2 * inner_width)
        self.volume_gain = nn.Parameter(torch.tensor(0.1))

    def forward(self, features: PixelFeatures, view: Tensor, camera: ViewCamera) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (u, v, w) [B, P, 3] -> scale and shift [B, P, W] each, and what is added to the logits [B, P]."""
        front, back = at_pixels(features.depth, view).unbind(1)
        before, behind = front - view[..., 2], view[..., 2] - back
        logit = in_volume(features.volume, view).clamp(-8, 8)
        extras = [before, behind, torch.minimum(before, behind), (before * 10).tanh(), (behind * 10).tanh(), logit / 4]
        height = camera.height(view)
        angles = height[..., None] * 2.0 ** torch.arange(HEIGHT_FREQUENCIES, device=view.device)
        read = [at_pixels(features.planes, view), at_pixels(features.outline, view, "zeros"), torch.stack([*extras, height], 1)]
        columns = torch.cat([*(part.transpose(1, 2) for part in read), angles.sin(), angles.cos()], -1)
        scale, shift = self.linear(columns).chunk(2, -1)
        return scale, shift, self.volume_gain * logit


class PixelAlignedModel(nn.Module):
    """Image encoder and vecset decoder whose queries read the picture.

    The latents are one learned set, the same for every picture, until a diffusion transformer makes them.

    Args:
        spec: of the image encoder.
        vae_spec: of the autoencoder, of which the decoder is built.
    """

    def __init__(self, spec: PixelAlignedSpec, vae_spec: ShapeVAESpec) -> None:
        super().__init__()
        self.encoder = PixelEncoder(spec)
        self.vae = ShapeVAE(vae_spec, with_encoder=False)
        self.film = PixelFilm(spec.plane_channels, vae_spec.point_decoder.inner_width)
        self.latents = nn.Parameter(torch.randn(1, vae_spec.num_latents, vae_spec.embed_dim))

    def keys_values(self, batch: int) -> KeysValues:
        """Keys and values of the constant latents for a batch."""
        kv = self.decoder.keys_values(self.vae.decode(self.latents))
        return KeysValues(kv.k.expand(batch, -1, -1, -1), kv.v.expand(batch, -1, -1, -1))

    @property
    def decoder(self) -> PointDecoder:
        return self.vae.geo_decoder

    def field(self, features: PixelFeatures, view: Tensor, camera: ViewCamera, kv: KeysValues) -> Tensor:
        """Logits float32 [B, P], positive inside, at queries (u, v, w) [B, P, 3]."""
        scale, shift, added = self.film(features, view, camera)
        hidden = self.decoder.embed(view) * (1 + scale) + shift
        logits = self.decoder.finish(hidden, attention(self.decoder.queries(hidden), kv.k, kv.v))
        return logits[..., 0] + added
