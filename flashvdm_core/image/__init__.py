"""Images: open, cut out the background, recentre and compose for the encoder.

`open_image` and `cut_out` need Pillow and NumPy only; the processors live in `image.processor`, which needs torch.
"""
