"""What the user can do: a module for each group of buttons."""

from . import generate, history, images, mesh, queue, tools, variants

CLASSES = (
    *generate.CLASSES,
    *variants.CLASSES,
    *queue.CLASSES,
    *images.CLASSES,
    *mesh.CLASSES,
    *history.CLASSES,
    *tools.CLASSES,
)
