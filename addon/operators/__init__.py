"""What the user can do: generate, cancel, give memory back, open an image, mind the runtime."""

from . import generate, tools

CLASSES = (*generate.CLASSES, *tools.CLASSES)
