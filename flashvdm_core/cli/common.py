"""What the commands share: exit statuses, the settings as options, and how a command is interrupted."""

from __future__ import annotations

import argparse
import glob
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..api.errors import SettingsError
from ..api.settings import SETTINGS, Setting, Value
from ..files import pasted_path

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130

# Previews are for the eye: a terminal shows none.
OWN_DEFAULTS: Mapping[str, Value] = {"preview": False}


def add_settings(parser: argparse.ArgumentParser) -> None:
    """One option for each setting; `given_settings` reads them."""
    group = parser.add_argument_group("settings")
    for setting in SETTINGS.values():
        add_setting(group, setting)


def given_settings(options: argparse.Namespace) -> dict[str, Value]:
    """The settings that were given as options, and the command line's own defaults."""
    return dict(OWN_DEFAULTS) | {name: getattr(options, name) for name in SETTINGS if hasattr(options, name)}


def as_options(settings: Mapping[str, Value]) -> list[str]:
    """The options that give these settings: what `given_settings` reads."""
    options: list[str] = []
    for name, value in settings.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            options.append(f"--{option}" if value else f"--no-{option}")
        else:
            options.append(f"--{option}={value}")
    return options


def add_end_with_stdin(parser: argparse.ArgumentParser) -> None:
    """The option for a program that starts this one and must not leave it behind when it is killed itself."""
    parser.add_argument("--end-with-stdin", action="store_true", help="stop, as by Ctrl-C, when standard input is closed")


def add_setting(group: argparse._ActionsContainer, setting: Setting) -> None:
    """One option for one setting; its value is absent unless given."""
    default = OWN_DEFAULTS.get(setting.name, setting.default)
    option = "--" + setting.name.replace("_", "-")
    if setting.kind is bool:
        text = f"{setting.tooltip} (default: {'yes' if default else 'no'})"
        group.add_argument(option, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text)
        return

    def parse(text: str) -> Value:
        try:
            given = pasted_path(text) if setting.name == "model" else text
            return setting.checked(given if setting.kind is str else setting.kind(given))
        except (ValueError, SettingsError):
            raise argparse.ArgumentTypeError(f"must be {setting.describe()}, not {text!r}") from None

    metavar = "|".join(choice[0] for choice in setting.choices) or setting.kind.__name__.upper()
    text = f"{setting.tooltip}; {setting.describe()} (default: {default})".replace("%", "%%")
    group.add_argument(option, type=parse, default=argparse.SUPPRESS, metavar=metavar, help=text)


def path_of(text: str) -> Path:
    """The path that an argument means: scripts and other terminals hand over quotes and tildes as they are."""
    return Path(pasted_path(text))


def paths_of(text: str) -> list[Path]:
    """The files that an argument means: one, or all that match a pattern, where no shell has put their names in its place."""
    path = path_of(text)
    if not is_pattern(path) or text.lower().startswith(("http:", "https:")):
        return [path]
    found = sorted(glob.glob(str(path), recursive=True))
    if not found:
        raise argparse.ArgumentTypeError(f"no file matches the pattern {text!r}")
    return [Path(name) for name in found]


def is_pattern(path: Path) -> bool:
    """It holds signs of a pattern and is no file's own name."""
    return any(sign in str(path) for sign in "*?[") and not os.path.lexists(path)


class Joined(argparse.Action):
    """Of an option that takes several values, each of them a list: all in one list."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:  # pyright: ignore[reportMissingParameterType]
        setattr(namespace, self.dest, [value for group in values or () for value in group])


@contextmanager
def interruptible(end_with_stdin: bool) -> Iterator[list[bool]]:
    """A list that Ctrl-C or SIGTERM makes non-empty, so that work ends between two steps; a second one ends it at once.

    Args:
        end_with_stdin: the end of standard input counts as Ctrl-C.
    """
    interrupted: list[bool] = []

    def interrupt(signal_number: int, frame: object) -> None:
        if interrupted:
            raise KeyboardInterrupt
        interrupted.append(True)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    if end_with_stdin:
        threading.Thread(target=_interrupt_at_end_of_stdin, name="stdin", daemon=True).start()
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt_at_end_of_stdin() -> None:
    # Not sys.stdin: its lock, held while reading, would block the interpreter's end.
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 4096):
        pass
    signal.raise_signal(signal.SIGINT)
