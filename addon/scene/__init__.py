"""What is in the file: mesh objects, their images, latents and textures, variants, the history."""
