"""Memory: how much was used."""

from __future__ import annotations

import sys

import pytest
import torch

from flashvdm_core.memory.peak import PeakMemory

CPU = torch.device("cpu")
MIB = 1 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell")
def test_the_peak_is_that_of_the_time_since_the_watch_began() -> None:
    torch.zeros(256 * MIB, dtype=torch.uint8)
    watch = PeakMemory(CPU)
    assert watch.before is not None
    torch.zeros(128 * MIB, dtype=torch.uint8)
    peak = watch.bytes()
    assert peak is not None
    assert 120 * MIB < peak - watch.before < 160 * MIB
    later = PeakMemory(CPU).bytes()
    assert later is not None
    assert later < peak - 64 * MIB


def test_where_the_system_does_not_tell_nothing_is_made_up() -> None:
    watch = PeakMemory(torch.device("meta"))
    assert (watch.before, watch.bytes()) == (None, None)
