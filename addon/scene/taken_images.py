"""Images from the clipboard, the viewport or the camera: their files go with this Blender, so they are packed when it saves."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import bpy

from ..settings.given import absolute_path
from ..settings.properties import VIEW_LABELS, FlashVDMSceneSettings, scene_settings
from .stored_images import content_of, drop, file_of, packed_file

_TAKEN = "flashvdm_taken"
"""Custom property of a packed image: the name of its file and of the folder that it lay in, which no other has."""


def keep() -> None:
    """Before a file is saved: pack the chosen images that lie in Blender's temporary folder, and no others any more."""
    wanted = set()
    for settings, prop in _chosen():
        path = absolute_path(getattr(settings, prop))
        if bpy.app.tempdir and Path(path).is_relative_to(bpy.app.tempdir):
            wanted.add(_name(path))
            content = content_of(path)
            if content:
                image = packed_file(path, content, hashlib.sha256(content).hexdigest())
                image[_TAKEN], image.use_fake_user = _name(path), True
    for image in _taken():
        if image[_TAKEN] not in wanted:
            del image[_TAKEN]
            image.use_fake_user = False
            drop(image)


def bring_back() -> None:
    """After a file was opened: write the images that its scenes had chosen to files again."""
    taken = {image[_TAKEN]: image for image in _taken()}
    for settings, prop in _chosen():
        path = absolute_path(getattr(settings, prop))
        image = taken.get(_name(path))
        if image is not None and not os.path.isfile(path):
            setattr(settings, prop, file_of(image, path))


def _taken() -> list[bpy.types.Image]:
    return [image for image in bpy.data.images if image.library is None and isinstance(image.get(_TAKEN), str)]


def _chosen() -> Iterator[tuple[FlashVDMSceneSettings, str]]:
    """The settings and the properties of this file's scenes that hold the path of an image."""
    for scene in bpy.data.scenes:
        settings = scene_settings(scene)
        for prop in ("image", *(f"image_{view}" for view in VIEW_LABELS)):
            if scene.library is None and getattr(settings, prop):
                yield settings, prop


def _name(path: str) -> str:
    return "/".join(Path(path).parts[-2:])


CLASSES: tuple[type, ...] = ()
