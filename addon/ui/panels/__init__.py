"""The sidebar tab of the 3D viewport, and the page in the preferences. Drawing only: nothing is changed here.

A module for each panel; they appear in the order in which they are registered.
"""

from . import (
    batch,
    doctor,
    history,
    main,
    mask,
    mesh,
    models,
    preferences_page,
    queue,
    result,
    settings,
    sources,
    views,
    worker,
)

CLASSES = (
    *preferences_page.CLASSES,
    *sources.CLASSES,
    *models.CLASSES,
    *main.CLASSES,
    *mask.CLASSES,
    *queue.CLASSES,
    *settings.CLASSES,
    *views.CLASSES,
    *result.CLASSES,
    *mesh.CLASSES,
    *history.CLASSES,
    *settings.ADVANCED,
    *batch.CLASSES,
    *worker.CLASSES,
    *doctor.CLASSES,
)
