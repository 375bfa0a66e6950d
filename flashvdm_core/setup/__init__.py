"""From nothing to a Python that generates: which PyTorch this machine needs, its installation by uv, and the trial.

Imports nothing but the standard library: it runs on Blender's own Python, or any other of 3.11 or newer.
"""
