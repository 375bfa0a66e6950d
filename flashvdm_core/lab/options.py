"""Numbers on the command lines and in the configs of the lab: each within the range in which it means something."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from ..api.errors import TrainingError
from ..api.fields import shown


def checked(name: str, value: object, kind: type, low: float, high: float = math.inf) -> int | float:
    """A number from `low` to `high`, of the type `kind`.

    Raises:
        TrainingError: it is none; the sentence says which are.
    """
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not low <= number <= high or (kind is int and number != int(number)) or math.isinf(number):
        what = "a whole number" if kind is int else "a number"
        most = f"from {low:g} to {high:g}" if math.isfinite(high) else f"of at least {low:g}"
        raise TrainingError(f"'{name}' must be {what} {most}, not {shown(value)}.")
    return kind(number)


def number(kind: type, low: float, high: float = math.inf) -> Callable[[str], int | float]:
    """The `type` of an argparse option that is a number from `low` to `high`."""

    def parse(text: str) -> int | float:
        try:
            return checked("it", kind(text), kind, low, high)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be {'a whole number' if kind is int else 'a number'}, not {text!r}") from None
        except TrainingError as error:
            raise argparse.ArgumentTypeError(str(error).removeprefix("'it' ").removesuffix(".")) from None

    return parse
