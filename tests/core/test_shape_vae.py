"""The autoencoder owns the scale of its latents."""

import torch

from flashvdm_core.models.shape_vae import ShapeVAE, Surface
from flashvdm_core.models.specs import ShapeVAESpec

from .tiny_model import CONFIG


def autoencoder() -> ShapeVAE:
    torch.manual_seed(0)
    spec = ShapeVAESpec.from_config(CONFIG["vae"]["params"] | {"scale_factor": 0.25})
    return ShapeVAE(spec, with_encoder=True).eval().requires_grad_(False)


def points() -> Surface:
    return Surface(torch.randn(2, 40, 6), torch.randn(2, 12, 6))


def test_latents_go_in_and_out_scaled():
    vae, surface, latents = autoencoder(), points(), torch.randn(2, 12, 4)
    torch.testing.assert_close(vae.decode(latents * 0.25), vae.decode_unscaled(latents))
    scaled, plain, noise = vae.encode(surface), vae.encode_unscaled(surface), torch.randn(2, 12, 4)
    torch.testing.assert_close(scaled.mean, plain.mean * 0.25)
    torch.testing.assert_close(scaled.sample(noise), plain.sample(noise) * 0.25)
    torch.testing.assert_close(vae.decode(scaled.mean), vae.decode_unscaled(plain.mean))


def test_another_scale_and_number_of_tokens_are_another_view_of_the_same_weights():
    vae, latents = autoencoder(), torch.randn(1, 7, 4)
    other = vae.with_latents(num_latents=7, scale_factor=0.5)
    assert (vae.spec.num_latents, vae.spec.scale_factor) == (12, 0.25)
    assert (other.spec.num_latents, other.spec.scale_factor) == (7, 0.5)
    torch.testing.assert_close(other.decode(latents * 2), vae.decode(latents))
    assert all(a is b for a, b in zip(other.parameters(), vae.parameters(), strict=True))
