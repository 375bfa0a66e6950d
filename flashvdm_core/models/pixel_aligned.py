"""What a query of the point decoder reads off the picture: pixel-aligned features, two depth maps and a coarse volume.

An image encoder with a half-resolution output (a U-Net with transformer blocks at a sixteenth of the picture, after Ronneberger
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
from .shape_vae import CrossAttentionBlock, KeysValues, PointDecoder, SelfAttentionBlock
from .specs import PixelAlignedSpec

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
_VARIED = 0.26  # a sixth of what the tokens are
_NEAREST_PLANE = 0.2


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

    def float(self) -> PixelFeatures:
        """The same in float32."""
        camera = ViewCamera(self.camera.elevation.float(), self.camera.perspective.float())
        planes, outline, depth = self.planes.float(), self.outline.float(), self.depth.float()
        return PixelFeatures(planes, outline, depth, self.normals.float(), self.volume.float(), camera)


@dataclass(frozen=True)
class Levels:
    """A picture on its way down the U-Net: float32 [B, C, s, s], from half the picture's size to a sixteenth, and its outline."""

    half: Tensor
    quarter: Tensor
    eighth: Tensor
    sixteenth: Tensor
    outline: Tensor


def outline_distance(opaque: Tensor, reach: int = 0) -> Tensor:
    """Exact Euclidean distance of each opaque pixel to the nearest one that is not, in pixels; 0 outside.

    First along columns, then the lower envelope along rows (Felzenszwalb and Huttenlocher 2012), here by trying every column.

    Args:
        opaque: bool [B, S, S].
        reach: only columns so near are tried, and no distance is larger; 0 tries all.

    Returns:
        float32 [B, S, S].
    """
    size = opaque.shape[-1]
    place = torch.arange(size, device=opaque.device, dtype=torch.float32)
    rows = place[:, None].expand_as(opaque)
    far = 4.0 * size
    above = torch.where(opaque, -far, rows).cummax(1).values
    below = -torch.where(opaque, -far, -rows).flip(1).cummax(1).values.flip(1)
    column = torch.minimum(rows - above, below - rows).clamp_max(far).square()
    if reach:
        near = F.pad(column, (reach, reach), value=far**2).unfold(2, 2 * reach + 1, 1)
        offsets = torch.arange(-reach, reach + 1, device=opaque.device, dtype=torch.float32).square()
        return (near + offsets).amin(-1).sqrt().clamp_max(reach) * opaque
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


class PixelEncoder(nn.Module):
    """Pictures -> `PixelFeatures`: a U-Net of four halvings (Ronneberger et al. 2015) whose answer is half the picture's size."""

    def __init__(self, spec: PixelAlignedSpec) -> None:
        super().__init__()
        c, coarse = spec.channels, spec.channels * spec.coarse_factor
        self.spec = spec
        self.down1 = nn.Sequential(_conv(8, c, 2), _conv(c, c))
        self.down2 = nn.Sequential(_conv(c, 2 * c, 2), _conv(2 * c, 2 * c))
        self.down3 = nn.Sequential(_conv(2 * c, 3 * coarse, 2), _conv(3 * coarse, 3 * coarse))
        self.down4 = nn.Sequential(_conv(3 * coarse, 4 * coarse, 2), _conv(4 * coarse, 4 * coarse))
        self.blocks = nn.ModuleList(SelfAttentionBlock(4 * coarse, spec.heads, False, True) for _ in range(spec.blocks))
        self.position = _learned(1, 4 * coarse, spec.position_side, spec.position_side, deviation=0.02)
        self.variation = nn.Linear(spec.variation, 4 * coarse, bias=False) if spec.variation else None
        if self.variation is not None:
            nn.init.uniform_(self.variation.weight, -_VARIED / spec.variation**0.5, _VARIED / spec.variation**0.5)
        self.up3, self.up2, self.up1 = _conv(7 * coarse, 3 * c), _conv(5 * c, 2 * c), _conv(3 * c, 2 * c)
        self.maps = nn.Conv2d(2 * c, 5, 1)
        self.volume = nn.Conv2d(2 * c, spec.depth_bins, 1)
        self.camera = nn.Sequential(nn.Linear(4 * coarse, 4 * c), nn.GELU(), nn.Linear(4 * c, 2))

    def forward(self, images: Tensor, alpha: Tensor, variation: Tensor | None = None) -> PixelFeatures:
        """Colours float32 [B, 3, S, S] in [-1, 1] on white and opacity [B, 1, T, T], T >= S -> features.

        The opacity may be finer than the colours: the network sees it at their size, but queries read the fine one. `variation`
        float32 [B, spec.variation] chooses among the shapes that the picture may be of, and is drawn from a standard normal
        distribution; at zero, and where there is none, stands what is right on average.
        """
        return self.answer(self.describe(images, alpha), variation)

    def describe(self, images: Tensor, alpha: Tensor) -> Levels:
        """The way down, which knows of no variation; see `forward`."""
        size = images.shape[-1]
        opacity = alpha if alpha.shape[-1] == size else F.interpolate(alpha, (size, size), mode="area")
        distance = outline_distance(opacity[:, 0] > 0.5)[:, None] * (2 / size / TO_PICTURE)
        seen = torch.cat([images, tones(images, opacity), opacity, distance * 4], 1)
        half = self.down1(seen.contiguous(memory_format=torch.channels_last))
        quarter = self.down2(half)
        eighth = self.down3(quarter)
        outline = torch.cat([alpha, distance if opacity is alpha else _upsampled(distance, alpha)], 1)
        return Levels(half, quarter, eighth, self.down4(eighth), outline)

    def answer(self, levels: Levels, variation: Tensor | None = None) -> PixelFeatures:
        """Through the transformer and up; see `forward`."""
        x4 = self._attended(levels.sixteenth, variation)
        y = self.up3(torch.cat([_upsampled(x4, levels.eighth), levels.eighth], 1))
        y = self.up2(torch.cat([_upsampled(y, levels.quarter), levels.quarter], 1))
        planes = self.up1(torch.cat([_upsampled(y, levels.half), levels.half], 1))
        maps = self.maps(planes)
        elevation, perspective = self.camera(x4.mean((2, 3))).unbind(-1)
        camera = ViewCamera(0.3 + 0.3 * elevation, (0.22 + 0.15 * perspective).clamp(0, 0.5))
        return PixelFeatures(planes, levels.outline, maps[:, :2], F.normalize(maps[:, 2:], dim=1), self.volume(planes), camera)

    def describe_both(self, images: Tensor, alpha: Tensor) -> Levels:
        """`describe` of the pictures and, behind them, of their mirror images: for `agreed`."""
        return self.describe(torch.cat([images, images.flip(3)]), torch.cat([alpha, alpha.flip(3)]))

    def agreed(self, levels: Levels, variation: Tensor | None = None) -> PixelFeatures:
        """`answer` to pictures and their mirror images: depth, normals, volume and camera are the means of both.

        What is left and what is right says nothing of how deep a thing is; two guesses that err apart err less together.
        """
        both = self.answer(levels, None if variation is None else variation.repeat(2, 1))
        count = len(both.planes) // 2
        depth, volume = (_mean_of_mirrored(maps, count) for maps in (both.depth, both.volume))
        turned = both.normals * both.normals.new_tensor([-1.0, 1.0, 1.0])[:, None, None]
        normals = F.normalize(_mean_of_mirrored(torch.cat([both.normals[:count], turned[count:]]), count), dim=1)
        elevation, perspective = (
            angle.unflatten(0, (2, count)).mean(0) for angle in (both.camera.elevation, both.camera.perspective)
        )
        camera = ViewCamera(elevation, perspective)
        return PixelFeatures(both.planes[:count], both.outline[:count], depth, normals, volume, camera)

    def _attended(self, grid: Tensor, variation: Tensor | None) -> Tensor:
        """The coarsest map [B, W, s, s] through the transformer."""
        position = self.position
        if position.shape[-2:] != grid.shape[-2:]:
            position = F.interpolate(position, grid.shape[-2:], mode="bilinear", align_corners=False)
        tokens = (grid + position).flatten(2).transpose(1, 2)
        if self.variation is not None and variation is not None:
            tokens = tokens + self.variation(variation)[:, None]
        for block in self.blocks:
            tokens = block(tokens)
        return tokens.transpose(1, 2).unflatten(2, grid.shape[-2:])


def _mean_of_mirrored(maps: Tensor, count: int) -> Tensor:
    """Mean of the first `count` maps [2 B, C, h, w] and of the others turned left to right."""
    return (maps[:count] + maps[count:].flip(3)) / 2


def _learned(*shape: int, deviation: float) -> nn.Parameter:
    parameter = nn.Parameter(torch.empty(shape))
    nn.init.uniform_(parameter, -deviation * 3**0.5, deviation * 3**0.5)
    return parameter


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.GroupNorm(4, outputs), nn.GELU())


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

    The columns of `linear` are first what depends on u and v alone: the planes (C), opacity and distance to the outline (2);
    then the query's depth against front and back (5), the volume's logit (1), the height above the middle and its Fourier
    features (1 + 2 * `HEIGHT_FREQUENCIES`).
    """

    def __init__(self, plane_channels: int, inner_width: int) -> None:
        super().__init__()
        self._flat = plane_channels + 2
        self.linear = nn.Linear(self._flat + _DEPTH_EXTRAS + 1 + 1 + 2 * HEIGHT_FREQUENCIES, 2 * inner_width)
        self.volume_gain = nn.Parameter(torch.full((), 0.1))

    def forward(self, features: PixelFeatures, view: Tensor, camera: ViewCamera) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (u, v, w) [B, P, 3] -> scale and shift [B, P, W] each, and what is added to the logits [B, P]."""
        depth, logit = at_pixels(features.depth, view).transpose(1, 2), in_volume(features.volume, view)
        both = self.of_pixels(features, view) + self.of_depth(depth, view[..., 2], logit, camera.height(view))
        scale, shift = both.chunk(2, -1)
        return scale, shift, self.added(logit)

    def of_pixels(self, features: PixelFeatures, view: Tensor) -> Tensor:
        """The share of u and v (of [B, P, 2 or more]) in scale and shift: [B, P, 2 W]."""
        read = torch.cat([at_pixels(features.planes, view), at_pixels(features.outline, view, "zeros")], 1)
        return F.linear(read.transpose(1, 2), self.linear.weight[:, : self._flat], self.linear.bias)

    def of_depth(self, depth: Tensor, w: Tensor, logit: Tensor, height: Tensor) -> Tensor:
        """The share of the rest in scale and shift: [..., 2 W].

        Args:
            depth: [..., 2], the picture's front and back at the query's pixel.
            w, logit, height: [...], of the query: its depth, the volume's logit there, and its upright y.
        """
        before, behind = depth[..., 0] - w, w - depth[..., 1]
        nearer, level = torch.minimum(before, behind), logit.clamp(-8, 8) / 4
        columns = torch.stack([before, behind, nearer, (before * 10).tanh(), (behind * 10).tanh(), level, height], -1)
        angles = height[..., None] * 2.0 ** torch.arange(HEIGHT_FREQUENCIES, device=w.device)
        return F.linear(torch.cat([columns, angles.sin(), angles.cos()], -1), self.linear.weight[:, self._flat :])

    def added(self, logit: Tensor) -> Tensor:
        """What the volume's logit adds to that of the field."""
        return self.volume_gain * logit.clamp(-8, 8)


class LatentReader(nn.Module):
    """The tokens that the point decoder reads: learned ones, the same for every shape, which read the decoded latents.

    A picture says most of what is in it; what it can't tell (backs, insides) is asked of the latents, in the few tokens that
    make the point decoder quick (a resampler as in Perceiver, Jaegle et al. 2021). It begins as if there were no latents.
    """

    def __init__(self, spec: PixelAlignedSpec) -> None:
        super().__init__()
        self.tokens = _learned(1, spec.tokens, spec.width, deviation=1.0)
        self.block = CrossAttentionBlock(spec.width, spec.decoder_heads, 2, False, True)
        for last in (self.block.attn.c_proj, self.block.mlp.c_proj):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    @property
    def is_blind(self) -> bool:
        """It has not learned to read: latents change nothing."""
        return not bool(self.block.attn.c_proj.weight.any())

    def forward(self, decoded: Tensor) -> Tensor:
        """Decoded latents [B, N, width] -> [B, tokens, width]; with N = 0 the tokens of a shape that nothing is known of."""
        tokens = self.tokens.expand(len(decoded), -1, -1)
        return self.block(tokens, decoded) if decoded.shape[1] else tokens


class PixelAlignedDecoder(nn.Module):
    """Decoded latents and a picture -> logits: the point decoder of the vecset autoencoder, whose queries read the picture."""

    def __init__(self, spec: PixelAlignedSpec) -> None:
        super().__init__()
        self.spec = spec
        self.encoder = PixelEncoder(spec)
        self.reader = LatentReader(spec)
        self.point_decoder = PointDecoder(spec.point_decoder)
        self.film = PixelFilm(spec.plane_channels, spec.point_decoder.inner_width)

    def keys_values(self, decoded: Tensor) -> KeysValues:
        """Decoded latents [B, N, width] -> keys and values, once a shape."""
        return self.point_decoder.keys_values(self.reader(decoded))

    def forward(self, features: PixelFeatures, view: Tensor, camera: ViewCamera, kv: KeysValues) -> Tensor:
        """Logits float32 [B, P], positive inside, at queries (u, v, w) [B, P, 3]: the reference of all fast paths."""
        scale, shift, added = self.film(features, view, camera)
        hidden = self.point_decoder.embed(view) * (1 + scale) + shift
        logits = self.point_decoder.finish(hidden, attention(self.point_decoder.queries(hidden), kv.k, kv.v))
        return logits[..., 0] + added
