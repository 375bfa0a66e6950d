"""What the user can do: a module for each group of buttons."""

from . import (
    batch,
    doctor,
    export,
    from_latents,
    generate,
    history,
    images,
    masks,
    mesh,
    models,
    queue,
    refine,
    set_up,
    tools,
    variants,
)

CLASSES = (
    *generate.CLASSES,
    *variants.CLASSES,
    *queue.CLASSES,
    *images.CLASSES,
    *masks.CLASSES,
    *mesh.CLASSES,
    *export.CLASSES,
    *from_latents.CLASSES,
    *refine.CLASSES,
    *history.CLASSES,
    *batch.CLASSES,
    *tools.CLASSES,
    *doctor.CLASSES,
    *models.CLASSES,
    *set_up.CLASSES,
)
