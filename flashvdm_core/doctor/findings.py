"""What the doctor finds, as lines for a person and as JSON for a program. Standard library only."""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class Status(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but worse than it could."""
    ERROR = "error"
    """It cannot work like this."""


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        topic: what it is about, in a word or two.
        text: what is the case.
        remedy: a sentence that says what to do; "" where nothing is wrong.
    """

    topic: str
    status: Status
    text: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        """A dict of texts."""
        return {name: str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, data: Any) -> Finding:
        """The inverse of `to_json`; raises ValueError for anything else."""
        try:
            return cls(str(data["topic"]), Status(data["status"]), str(data["text"]), str(data["remedy"]))
        except (KeyError, TypeError) as error:
            raise ValueError("not a finding") from error


Check = Callable[[], Iterable[Finding]]


def ok(topic: str, text: str) -> Finding:
    """A finding that nothing is wrong."""
    return Finding(topic, Status.OK, text)


def warning(topic: str, text: str, remedy: str) -> Finding:
    """A finding of something that could be better."""
    return Finding(topic, Status.WARNING, text, remedy)


def error(topic: str, text: str, remedy: str) -> Finding:
    """A finding of something that cannot work."""
    return Finding(topic, Status.ERROR, text, remedy)


def findings_of(checks: Iterable[tuple[str, Check]]) -> list[Finding]:
    """The findings of checks, each named for the case that it breaks itself: that is a finding, too."""
    found: list[Finding] = []
    for topic, check in checks:
        try:
            found += check()
        except Exception as problem:
            found.append(error(topic, f"the check failed ({type(problem).__name__}: {problem})", "Please report this line."))
    return [Finding(f.topic, f.status, without_names(f.text), without_names(f.remedy)) for f in found]


def worst(findings: Iterable[Finding]) -> Status:
    """The worst status, OK of nothing."""
    found = {finding.status for finding in findings}
    return next((status for status in (Status.ERROR, Status.WARNING) if status in found), Status.OK)


def as_text(findings: Sequence[Finding]) -> str:
    """The report for a person, or for a bug report: a line each, the remedy below."""
    width = max((len(finding.topic) for finding in findings), default=0)
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{finding.status:<8} {finding.topic:<{width}}  {finding.text}")
        if finding.remedy:
            lines.append(f"{'':<8} {'':<{width}}  -> {finding.remedy}")
    return "\n".join(lines) + "\n"


def without_names(text: str) -> str:
    """The text with ~ for the home folder, and without the user's name in other paths: reports are shown to others."""
    home = str(Path.home())
    flags = re.IGNORECASE if sys.platform == "win32" else 0
    if len(home) > 1:
        for spelling in {home, home.replace("\\", "/"), home.replace("\\", "\\\\")}:
            text = re.sub(rf"{re.escape(spelling)}(?![\w.-])", "~", text, flags=flags)
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user without a name, as in some containers
        return text
    return re.sub(rf"(?<=[/\\]){re.escape(user)}(?=[/\\'\"\s:;,)]|$)", "USER", text, flags=flags) if user else text
