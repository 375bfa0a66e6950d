import bpy

settings = bpy.context.scene.flashvdm

settings.steps = 0
settings.resolution = 256
