"""Schedules: pure functions of the step, from a stated start to a stated end."""

import math

import pytest

from distill.objective.schedules import Schedule


def values(schedule, steps=11):
    return [schedule.value(step, steps) for step in range(steps)]


def test_a_constant_stays():
    assert set(values(Schedule("constant", 2.0, 5.0))) == {2.0}


def test_a_line_is_straight_and_reaches_its_end_at_the_last_step():
    assert values(Schedule("linear", 4.0, 2.0)) == pytest.approx([4 - 0.2 * step for step in range(11)])


def test_a_cosine_has_the_ends_and_the_middle_of_a_line_and_is_flat_at_the_ends():
    found = values(Schedule("cosine", 4.0, 2.0))
    assert found == pytest.approx([3 + math.cos(math.pi * step / 10) for step in range(11)])
    assert found[0] - found[1] < 0.2 / 2


def test_a_warm_up_rises_from_0_arrives_at_its_share_and_stays():
    assert values(Schedule("warmup", 2.0, share=0.4)) == pytest.approx([0, 0.5, 1.0, 1.5, *[2] * 7])


def test_two_phases_switch_at_their_share():
    assert values(Schedule("two_phase", 1.0, 0.0, share=0.3)) == [1.0] * 3 + [0.0] * 8
    assert values(Schedule("two_phase", 1.0, 0.0, share=0.5), steps=10) == [1.0] * 5 + [0.0] * 5


@pytest.mark.parametrize("kind", ["constant", "linear", "cosine", "warmup", "two_phase"])
def test_a_schedule_stays_within_its_bounds_also_beyond_the_last_step_and_with_a_single_one(kind):
    schedule = Schedule(kind, 4.0, 1.0, 0.3)
    low, high = schedule.bounds
    assert all(low <= number <= high for number in values(schedule, 37))
    assert schedule.value(50, 11) == schedule.value(10, 11)
    assert schedule.value(0, 1) == 4.0
    assert (low, high) == {"constant": (4.0, 4.0), "warmup": (0.0, 4.0)}.get(kind, (1.0, 4.0))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("fast", 1.0), "a schedule is one of constant, linear, cosine, warmup, two_phase, not fast"),
        (("linear", 1.0, math.inf), "a schedule goes from one finite number to another, not from 1.0 to inf"),
        (("constant", math.nan), "a schedule goes from one finite number to another, not from nan to 0.0"),
        (("warmup", 0.0, 1.0, 0.0), "the share of a schedule must lie between 0 and 1, not 0.0"),
        (("two_phase", 0.0, 1.0, 1.0), "the share of a schedule must lie between 0 and 1, not 1.0"),
    ],
)
def test_a_schedule_that_goes_nowhere_is_refused(given, message):
    with pytest.raises(ValueError, match="schedule") as caught:
        Schedule(*given)
    assert str(caught.value) == message
