"""Settings and requests: what is in range passes, anything else is named in one sentence."""

from __future__ import annotations

from typing import get_args, get_type_hints

import numpy as np
import pytest

from flashvdm_core.api.errors import SettingsError
from flashvdm_core.api.mesh import TriangleMesh
from flashvdm_core.api.settings import SETTINGS, Setting, Settings
from flashvdm_core.api.tasks import Blend, BlockOut, CutOutOnly, DecodeLatents, Request

NUMBERS = [setting for setting in SETTINGS.values() if setting.kind in (int, float)]


def test_the_defaults_are_valid() -> None:
    assert Settings.of({}) == Settings() == {name: setting.default for name, setting in SETTINGS.items()}


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda setting: setting.name)
def test_the_ends_of_a_range_are_valid_and_what_lies_beyond_is_refused_with_the_range(setting: Setting) -> None:
    assert setting.minimum is not None
    assert setting.maximum is not None
    assert Settings.of({setting.name: setting.minimum})[setting.name] == setting.minimum
    assert Settings.of({setting.name: setting.maximum})[setting.name] == setting.maximum
    for value in (setting.minimum - 1, setting.maximum + 1, float("nan"), float("inf"), "1", True, None):
        with pytest.raises(SettingsError, match=f"'{setting.name}' must be .* from {setting.minimum:g} to"):
            Settings.of({setting.name: value})


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_choices_and_types_are_checked(setting: Setting) -> None:
    for choice in setting.choices:
        assert Settings.of({setting.name: choice[0]})[setting.name] == choice[0]
    for wrong in (["a list"], {}, None, "no such choice" if setting.choices or setting.kind is not str else 3):
        with pytest.raises(SettingsError, match=setting.name):
            Settings.of({setting.name: wrong})


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_the_declared_types_are_those_of_the_values(setting: Setting) -> None:
    declared = get_type_hints(Settings)[setting.name]
    if setting.choices:
        assert get_args(declared) == tuple(choice[0] for choice in setting.choices)
    else:
        assert declared is setting.kind


def test_settings_are_a_mapping_too_and_a_change_is_checked() -> None:
    settings = Settings(steps=7)
    assert list(settings) == list(SETTINGS)
    assert dict(settings)["steps"] == settings["steps"] == settings.steps == 7
    assert (settings | {"seed": 3}) == Settings(steps=7, seed=3)
    with pytest.raises(SettingsError, match="resolution"):
        settings | {"resolution": 1}
    with pytest.raises(KeyError):
        settings["of"]


def test_whole_numbers_may_come_as_floats_and_fractions_may_not() -> None:
    steps = Settings.of({"steps": 5.0}).steps
    assert (steps, type(steps)) == (5, int)
    with pytest.raises(SettingsError, match="whole number"):
        Settings.of({"steps": 5.5})


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(SettingsError, match=r"Unknown setting 'sed'; known are .*seed"):
        Settings.of({"sed": 1})


@pytest.mark.parametrize("images", [{}, {"top": "a.png"}])
@pytest.mark.parametrize("kind", [Request, CutOutOnly])
def test_images_are_of_known_views(kind: type[Request | CutOutOnly], images: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"image|view"):
        kind(images)


@pytest.mark.parametrize("number", [-0.1, 1.1, float("nan")])
def test_the_numbers_of_a_task_have_their_range(number: float) -> None:
    with pytest.raises(SettingsError, match="from 0 to 1"):
        BlockOut(TriangleMesh(np.eye(3), np.array([[0, 1, 2]])), number)
    with pytest.raises(SettingsError, match="from 0 to 1"):
        Blend(np.zeros((2, 2)), np.zeros((2, 2)), number)


def test_a_task_takes_no_empty_block_out_and_no_latents_of_two_models() -> None:
    with pytest.raises(SettingsError, match="no faces"):
        BlockOut(TriangleMesh(np.eye(3), np.zeros((0, 3))))
    with pytest.raises(SettingsError, match="different models"):
        Blend(np.zeros((2, 2)), np.zeros((3, 2)))
    with pytest.raises(SettingsError, match="different models"):
        Blend(np.zeros((2, 2)), np.zeros((2, 2)), model_identity="a", other_identity="b")
    Blend(np.zeros((2, 2)), np.zeros((2, 2)), model_identity="a")


@pytest.mark.parametrize("latents", [np.zeros(4), np.zeros((0, 4)), np.full((2, 2), np.nan)], ids=["flat", "empty", "nan"])
def test_damaged_latents_are_refused(latents: np.ndarray) -> None:
    with pytest.raises(SettingsError, match="damaged"):
        DecodeLatents(latents)
