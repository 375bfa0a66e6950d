"""What runs in another Blender, without a window, so that the user's own goes on; `link/background_blender.py` starts it."""
