"""The settings of a result that another mesh of it may differ in: those by which it was made, until its own are changed.

They belong to the object: what the panel shows of one result is never another's, nor what the next generation uses.
"""

import json
from typing import Any

from ...flashvdm_core.api.errors import SettingsError
from ...flashvdm_core.api.settings import SETTINGS
from ..settings.properties import auto_properties, limit_faces_property, setting_properties, topology_property
from .stored_values import table

CHANGEABLE = ("resolution", "level", "largest_parts", "remove_floaters", "symmetry", "face_budget")


def own_properties() -> dict[str, Any]:
    """The properties of an object's group. They read `settings` and `draft` of the group, and write `draft`, both JSON."""
    own = setting_properties(CHANGEABLE, {"SKIP_SAVE"}, access=_access)
    others = {"limit_faces": limit_faces_property(), "topology": topology_property()}
    return own | auto_properties(("largest_parts",)) | others


def own_values(data: Any) -> dict[str, Any]:
    """What was changed of the settings by which the object was made."""
    return {name: value for name, value in table(data.draft).items() if name in CHANGEABLE}


def _access(name: str) -> dict[str, Any]:
    def get(data: Any) -> Any:
        known = table(data.settings) | table(data.draft)
        try:
            return SETTINGS[name].checked(known.get(name, SETTINGS[name].default))
        except SettingsError:  # from a version with another range
            return SETTINGS[name].default

    def put(data: Any, value: Any) -> None:
        data.draft = json.dumps(table(data.draft) | {name: value})

    return {"get": get, "set": put}
