import numpy as np
import pytest

from distill.metrics import latency
from distill.metrics.latency import interleaved, times_as_fast


def test_each_is_timed_as_often_and_who_begins_changes():
    order = []
    calls = {name: (lambda sample, name=name: order.append((sample, name))) for name in ("a", "b", "c")}
    found = interleaved(calls, 6)
    assert list(found) == ["a", "b", "c"]
    timed = order[-18:]
    begins = [timed[start][1] for start in range(0, 18, 3)]
    assert sorted(begins) == ["a", "a", "b", "b", "c", "c"]
    assert all(sorted(name for _, name in timed[start : start + 3]) == ["a", "b", "c"] for start in range(0, 18, 3))


def test_nothing_is_timed_where_there_is_nothing():
    assert interleaved({}, 5) == {}


def test_a_time_limit_ends_it_after_a_few_samples(monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr(latency.time, "perf_counter", lambda: float(next(clock)))
    called = []
    times = interleaved({"slow": called.append}, samples=50, within=5.0)
    assert called == [0, 0, 1, 2], "one to warm up, and the fewest that have a median"
    assert times["slow"]["p50"] > 0


def test_without_a_limit_all_samples_are_taken():
    called = []
    interleaved({"one": called.append}, samples=7)
    assert called == [0] * 5 + list(range(7))


def test_how_many_times_as_fast_is_of_medians_over_the_same_texts():
    chance = np.random.default_rng(0)
    texts = chance.lognormal(sigma=1.0, size=60)  # long and short ones, which both models feel alike
    found = times_as_fast(2.0 * texts, texts * chance.uniform(0.98, 1.02, size=60))
    assert found["ratio"] == pytest.approx(2.0, rel=0.05)
    low, high = found["interval"]
    assert low < found["ratio"] < high
    assert high - low < 0.3  # drawn by themselves, medians of such texts would be much further apart
