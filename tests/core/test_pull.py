"""A function's reports as an iterator."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch

from flashvdm_core.api.errors import Cancelled
from flashvdm_core.pipeline.pull import pulled

CPU = torch.device("cpu")


def test_reports_come_in_their_order_and_only_when_they_are_asked_for() -> None:
    begun: list[int] = []

    def work(report: Callable[[int], None]) -> None:
        for number in range(5):
            begun.append(number)
            report(number)

    reports = pulled(work, CPU)
    assert begun == []
    for number, got in enumerate(reports):
        assert got == number
        assert begun == list(range(number + 1)), "nothing goes on while a report is looked at"
    assert len(begun) == 5


def test_what_is_raised_comes_after_the_reports_before_it() -> None:
    def work(report: Callable[[str], None]) -> None:
        report("first")
        raise ValueError("broken")

    reports = pulled(work, CPU)
    assert next(reports) == "first"
    with pytest.raises(ValueError, match="broken"):
        next(reports)


def test_a_caller_that_leaves_ends_the_work() -> None:
    ended: list[BaseException] = []

    def work(report: Callable[[int], None]) -> None:
        try:
            for number in range(1000):
                report(number)
        except Cancelled as error:
            ended.append(error)
            raise

    before = threading.active_count()
    reports = pulled(work, CPU)
    assert next(reports) == 0
    reports.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert len(ended) == 1
    assert threading.active_count() == before
