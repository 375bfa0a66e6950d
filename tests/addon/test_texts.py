"""What the user reads: tooltips for everything, and every text in German as well."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING

import bpy
import pytest

from . import panel_widths, ui_texts
from .conftest import PACKAGE, Import, preferences
from .core_sentences import normal, sentences

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
    labels = {text for _, text in extension("addon.translations.german").TABLE}
    assert sorted(labels - {text for _, text in shown}) == [], "nobody shows these any more"


def test_every_sentence_of_the_core_and_of_the_addon_is_there_in_german(extension: Import) -> None:
    found = {normal(text) for _, text in extension("addon.translations").LANGUAGES["de_DE"]}
    said = list(sentences())
    missing = [f"{place}: {text}" for place, text in said if text not in found]
    assert missing == [], "put them into addon/translations/german_sentences.py or german_setup.py"
    made = {text for _, text in said}
    templates = extension("addon.translations").TEMPLATES
    assert sorted(set(templates) - made) == [], "nobody says these any more"


@pytest.fixture
def in_german(extension: Import, monkeypatch: pytest.MonkeyPatch) -> Import:
    """The bpy module has no languages: what Blender's own look-up would find is looked up in the table."""
    table, texts = extension("addon.translations").LANGUAGES["de_DE"], extension("addon.blender.texts")
    monkeypatch.setattr(texts, "pgettext_iface", lambda text, context="*": table.get((context, text), text))
    monkeypatch.setattr(texts, "pgettext_rpt", lambda text, context="*": table.get((context, text), text))
    return extension


def test_a_sentence_with_values_is_recognised_and_its_values_stay(in_german: Import) -> None:
    sentence = in_german("addon.translations").sentence
    said = "There is no image '/home/a (b)/x; y.png'; check its name and folder."
    assert sentence(said) == "Es gibt kein Bild „/home/a (b)/x; y.png“; prüfe Namen und Ordner."
    assert sentence("No image was given.") == "Es wurde kein Bild angegeben."
    assert sentence("The trial failed (is not installed); what was there before is as it was, and the log says more.") == (
        "Der Versuch ist gescheitert (ist nicht installiert); was vorher da war, ist, wie es war, und das Protokoll sagt mehr."
    ), "a value that is known is German, too"
    assert sentence("A library's own words") == "A library's own words"
    assert sentence("") == ""


def test_every_template_is_recognised_as_itself(in_german: Import) -> None:
    """No other sentence takes one for its own."""
    translations = in_german("addon.translations")
    table = translations.LANGUAGES["de_DE"]
    for template in (template for template in translations.TEMPLATES if any(letter.isalpha() for letter in template)):
        values = [f"Zq{number}" for number in range(template.count("{}"))]
        assert translations.sentence(template.format(*values)) == table["*", template].format(*values), template


def test_numbers_are_written_as_the_language_does(in_german: Import) -> None:
    interface = in_german("addon.blender.texts").interface
    assert interface("{triangles:,} triangles in {seconds:.1f} s", triangles=6884, seconds=6.5) == "6.884 Dreiecke in 6,5 s"


def test_labels_are_looked_up_in_the_addons_own_context(extension: Import) -> None:
    """Blender's catalogue knows many of these words in another sense."""
    assert bpy.types.FLASHVDM_PT_history.bl_translation_context == "FlashVDM"
    assert bpy.types.FLASHVDM_OT_generate.bl_rna.translation_context == "FlashVDM"
    assert bpy.context.scene.flashvdm.bl_rna.properties["seed"].translation_context == "FlashVDM"


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


def drawn_states(worker: Callable[..., str], image: str) -> Iterator[str]:
    """What the panels look like in the course of the work."""
    yield "nothing"
    worker("good")
    bpy.context.scene.flashvdm.image = image
    yield "an image"
    bpy.ops.flashvdm.generate(variants=2)
    yield "two variants"


@pytest.mark.parametrize("language", ["English", "German"])
def test_no_label_is_cut_off_at_the_default_width(
    language: str, in_german: Import, worker: Callable[..., str], image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    translations, texts = in_german("addon.translations"), in_german("addon.blender.texts")
    table = translations.LANGUAGES["de_DE"] if language == "German" else {}
    for name in ("pgettext_iface", "pgettext_rpt"):
        monkeypatch.setattr(texts, name, lambda text, context="*": table.get((context, text), text))
    panels = [cls for cls in ui_texts.classes(PACKAGE) if issubclass(cls, bpy.types.Panel) and hasattr(cls, "bl_category")]
    assert len(panels) > 2
    found = set()
    for state in drawn_states(worker, image):
        for panel in panels:
            if getattr(panel, "poll", lambda _: True)(bpy.context):
                names = panel_widths.cut_off(panel, texts.interface, texts.interface)
                found |= {f"{panel.bl_label}, with {state}: {name}" for name in names}
    assert not found, "\n".join(sorted(found))
