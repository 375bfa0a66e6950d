"""What the user can do: a module for each group of buttons."""

from . import generate, history, mesh, queue, tools

CLASSES = (*generate.CLASSES, *queue.CLASSES, *mesh.CLASSES, *history.CLASSES, *tools.CLASSES)
