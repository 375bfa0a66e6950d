"""What the user reads: tooltips for everything, and every text in German as well."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING

import bpy
import pytest

from . import ui_texts
from .conftest import PACKAGE, Import, preferences

if TYPE_CHECKING:
    from addon.session.session import Session


@pytest.fixture
def shown(extension: Import) -> set[ui_texts.Key]:
    return set(ui_texts.of_classes(PACKAGE)) | set(ui_texts.of_source())


def test_everything_has_a_tooltip_without_a_full_stop(extension: Import) -> None:
    found = []
    for cls in ui_texts.classes(PACKAGE):
        if issubclass(cls, bpy.types.Operator):
            found.append((cls.__name__, cls.bl_description))
        for arguments in ui_texts.properties(cls):
            found.append((f"{cls.__name__}.{arguments['name']}", arguments.get("description", "")))
            found += [(f"{cls.__name__}: {name}", tip) for _, name, tip, *_ in arguments.get("items", ())]
    assert len(found) > 80
    assert [name for name, tip in found if not tip or tip.endswith(".")] == []


def test_everything_is_there_in_german(shown: set[ui_texts.Key], extension: Import) -> None:
    table = extension("addon.translations").LANGUAGES["de_DE"]
    assert sorted(shown - set(table)) == []
    assert sorted(set(table) - shown) == [], "nobody shows these any more"


def test_translations_have_the_placeholders_of_the_original(extension: Import) -> None:
    def placeholders(text: str) -> list[tuple[str | None, str | None]]:
        return sorted((name, form) for _, name, form, _ in string.Formatter().parse(text) if name is not None)

    for table in extension("addon.translations").LANGUAGES.values():
        for (_, english), text in table.items():
            assert placeholders(text) == placeholders(english), english
            assert text.endswith(".") == english.endswith("."), english


def operators() -> list[type[bpy.types.Operator]]:
    return [cls for cls in ui_texts.classes(PACKAGE) if issubclass(cls, bpy.types.Operator)]


def has_poll(cls: type) -> bool:
    return any("poll" in vars(base) for base in cls.__mro__ if ".addon." in base.__module__)


def refusals() -> dict[str, str]:
    """What Blender says of each operator that cannot be called now."""
    found = {}
    for cls in operators():
        operator = getattr(bpy.ops.flashvdm, cls.bl_idname.partition(".")[2])
        if not operator.poll():
            with pytest.raises(RuntimeError) as refused:
                operator()
            found[cls.bl_idname] = str(refused.value)
    return found


def states(worker: Callable[..., str], image: str, session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Bring Blender into states in which buttons cannot be pressed, one after the other."""
    yield "an empty file"
    bpy.ops.object.camera_add()
    yield "a camera"
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.mode_set(mode="EDIT")
    yield "a cube, and no image"
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.object.data.clear_geometry()
    yield "a mesh without faces"
    worker("good")
    preferences().keep_latents = False
    bpy.ops.flashvdm.generate(filepath=image, colours=False, variants=2)
    yield "results without latents and colours"
    bpy.ops.object.mode_set(mode="EDIT")
    yield "a variant that is edited"
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.data.objects.remove(bpy.context.object)
    yield "an entry of the history without its object"
    job = session.tasks.queue.items[0].job
    monkeypatch.setattr(job, "state", type(job.state).RUNNING)
    monkeypatch.setattr(session.batch, "_process", object())
    monkeypatch.setattr(session.doctor, "_process", object())
    monkeypatch.setattr(session.models, "_process", SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(session.set_up, "_process", object())
    yield "everything under way"


def test_a_button_that_cannot_be_pressed_says_why(
    extension: Import, worker: Callable[..., str], image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each of these states, whatever cannot be called has given Blender a sentence to show; each button is once refused."""
    session = extension("addon.session.session").session
    refused = set()
    for state in states(worker, image, session, monkeypatch):
        found = refusals()
        silent = [name for name, sentence in found.items() if "context is incorrect" in sentence]
        assert silent == [], f"they give no reason with {state}"
        refused |= set(found)
    with_poll = {cls.bl_idname for cls in operators() if has_poll(cls)}
    assert with_poll - refused == set()
    assert len(with_poll) > 15
