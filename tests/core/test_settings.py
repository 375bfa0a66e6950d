"""Settings and requests: what is in range passes, anything else is named in one sentence."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashvdm_core.errors import SettingsError
from flashvdm_core.requests import VIEWS, Request
from flashvdm_core.settings import SETTINGS, Setting, defaults, validated

NUMBERS = [setting for setting in SETTINGS.values() if setting.kind in (int, float)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_the_defaults_are_valid() -> None:
    assert validated({}) == validated(defaults()) == defaults()


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda setting: setting.name)
def test_the_ends_of_a_range_are_valid_and_what_lies_beyond_is_refused_with_the_range(setting: Setting) -> None:
    assert setting.minimum is not None
    assert setting.maximum is not None
    assert validated({setting.name: setting.minimum})[setting.name] == setting.minimum
    assert validated({setting.name: setting.maximum})[setting.name] == setting.maximum
    for value in (setting.minimum - 1, setting.maximum + 1, float("nan"), float("inf"), "1", True, None):
        with pytest.raises(SettingsError, match=f"'{setting.name}' must be .* from {setting.minimum:g} to"):
            validated({setting.name: value})


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_choices_and_types_are_checked(setting: Setting) -> None:
    for choice in setting.choices:
        assert validated({setting.name: choice[0]})[setting.name] == choice[0]
    for wrong in (["a list"], {}, None, "no such choice" if setting.choices or setting.kind is not str else 3):
        with pytest.raises(SettingsError, match=setting.name):
            validated({setting.name: wrong})


def test_whole_numbers_may_come_as_floats_and_fractions_may_not() -> None:
    steps = validated({"steps": 5.0})["steps"]
    assert (steps, type(steps)) == (5, int)
    with pytest.raises(SettingsError, match="whole number"):
        validated({"steps": 5.5})


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(SettingsError, match=r"Unknown setting 'sed'; known are .*seed"):
        validated({"sed": 1})


@pytest.mark.parametrize("images", [{}, {"top": "a.png"}])
def test_a_request_needs_images_of_known_views(images: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"image|view"):
        Request(images)


def test_a_request_comes_back_from_its_json() -> None:
    request = Request(dict.fromkeys(VIEWS, "a.png"), {"seed": 3, "level": 0.25}, keep_latents=True)
    assert Request.from_json(request.to_json()) == request


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(["images", "settings", "keep_latents", "x"]), JSON))
def test_any_other_json_is_refused(data: dict) -> None:
    """Nothing but a SettingsError comes of it."""
    with contextlib.suppress(SettingsError):
        request = Request.from_json(data)
        assert all(view in VIEWS and isinstance(path, str) for view, path in request.images.items())
