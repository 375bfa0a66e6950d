"""A pytest plug-in for tests in real Blender: leaves the process once everything is reported.

Blender's Python module sometimes hangs while it is torn down, after the last test. The exit status
is the one pytest decided on.
"""

from __future__ import annotations

import os
import sys

import pytest

_status = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remember the status: the hook that runs last does not get it."""
    session.config.stash[_status] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Everything is printed by now: go."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(config.stash.get(_status, 1))
