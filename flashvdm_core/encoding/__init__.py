"""Meshes as the shape autoencoder reads them: samples of their outer surface and sharp edges, and their latents."""

from .encode import encode_mesh, encoder_input

__all__ = ["encode_mesh", "encoder_input"]
