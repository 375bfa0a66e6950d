import bpy

settings = bpy.context.scene.flashvdm  # pyright: ignore

settings.steps = 0
settings.resolution = 128
