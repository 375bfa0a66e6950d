"""What the user can do: generate, cancel, mind the queue, give memory back, open an image, mind the runtime."""

from . import generate, queue, tools

CLASSES = (*generate.CLASSES, *queue.CLASSES, *tools.CLASSES)
