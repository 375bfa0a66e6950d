"""What other add-ons export of an object or a scene: nothing of what this one keeps there."""

from typing import Any

_PRIVATE = ("flashvdm", "flashvdm_history")


class glTF2ExportUserExtension:  # noqa: N801 - the name by which the glTF exporter finds it
    """Takes paths, settings and latents out of exported glTF: before Blender 5 they count as custom properties there."""

    def gather_node_hook(self, node: Any, obj: object, settings: object) -> None:
        """Called for each object that is exported."""
        _clean(node)

    def gather_scene_hook(self, scene: Any, blender_scene: object, settings: object) -> None:
        """Called for each scene that is exported."""
        _clean(scene)


def _clean(exported: Any) -> None:
    if isinstance(exported.extras, dict):
        for name in _PRIVATE:
            exported.extras.pop(name, None)
        exported.extras = exported.extras or None
