"""The networks: image encoder, diffusion transformers and the shape autoencoder, under the public state-dict names."""
