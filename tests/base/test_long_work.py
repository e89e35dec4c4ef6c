"""How far long work is, for whoever looks."""

import pytest

from distill.base import long_work
from distill.base.long_work import Stage, chain_seconds_left, chain_text, counted, progress_text, work


class Seen:
    def __init__(self):
        self.said = []

    def moved(self, work):
        self.said.append((work.what, work.count))

    def ended(self, work):
        self.said.append((work.what, "ended"))


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(long_work.time, "monotonic", lambda: now[0])
    return now


def test_observers_are_told_of_every_count_and_of_the_end():
    with long_work.observed(seen := Seen()):
        assert list(counted("ab", "reading", 2, "letters")) == ["a", "b"]
    assert list(counted("ab", "reading", 2, "letters")) == ["a", "b"]
    assert seen.said == [("reading", 0), ("reading", 1), ("reading", 2), ("reading", "ended")]


def test_the_time_left_follows_the_pace_since_work_was_taken_up_again(clock):
    with work("training", 400, "steps", first=100) as steps:
        assert steps.seconds_left() is None
        clock[0] += 20
        steps.at(200, lambda: {"soft": 0.25, "hard": float("nan")})
        assert progress_text(steps) == "training 200 of 400 steps, about 40 s left, soft 0.25"


def test_work_that_is_left_open_ends_with_what_is_around_it():
    with long_work.observed(seen := Seen()):
        inner = work("inner", 1, "x")
        with work("outer", 1, "x"):
            inner.__enter__()
        with work("next", 1, "x"):
            inner.__exit__(None, None, None)
            assert long_work._open[0].what == "next"
    ended = [name for name, said in seen.said if said == "ended"]
    assert ended == ["outer", "inner", "next"]


def test_the_chain_knows_its_end_by_the_training_that_is_nearly_all_of_a_stage(clock):
    stage = Stage("distill", 4, 7, later=lambda seconds: 6 * seconds)
    assert chain_text(stage) == "distill 4/7"
    with long_work.stage(stage), work("training", 100, "steps", whole=True) as steps:
        clock[0] += 10
        steps.at(10)
        with work("validating", 4, "batches"):
            assert chain_seconds_left(stage) == pytest.approx(90 + 600)
            assert chain_text(stage) == "distill 4/7, about 12 min left"


def test_of_a_stage_of_several_parts_what_was_expected_counts(clock):
    stage = Stage("evaluate", 6, 7, expected=50.0, later=lambda seconds: 10.0)
    with long_work.stage(stage), work("scoring", 10, "batches") as batches:
        clock[0] += 20
        batches.at(9)
        assert chain_seconds_left(stage) == pytest.approx(30 + 10)
