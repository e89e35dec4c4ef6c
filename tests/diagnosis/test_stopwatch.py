"""What parts of a stage take, from what they say of their progress."""

import pytest

from distill.base import long_work
from distill.base.long_work import observed, work
from distill.diagnosis import stopwatch
from distill.diagnosis.stopwatch import Stopwatch


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(stopwatch.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(long_work.time, "monotonic", lambda: now[0])
    return now


def test_a_unit_takes_what_it_takes_after_warming_up_without_the_work_inside(clock):
    watch = Stopwatch()
    with observed(watch), work("training", 5, "steps") as steps:
        for number, seconds in enumerate((10, 2, 3, 2, 3), 1):
            clock[0] += seconds
            if number == 3:
                with work("validating", 2, "batches") as batches:
                    clock[0] += 7
                    batches.at(2)
                    clock[0] += 1
            steps.at(number)
    validating, training = watch.parts
    assert (validating.what, validating.seconds, validating.rate) == ("validating", 7, 3.5)
    assert (training.what, training.count, training.seconds) == ("training", 5, 20)
    assert training.rate == pytest.approx((2 + 2 + 3) / 3), "without the first, and without one of the slowest"
