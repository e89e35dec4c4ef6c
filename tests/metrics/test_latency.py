from distill.metrics.latency import interleaved


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
