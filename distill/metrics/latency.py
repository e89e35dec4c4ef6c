"""How long one example takes."""

import time
from collections.abc import Callable, Mapping

import numpy as np

_WARM_UP = 5


def interleaved(calls: Mapping[str, Callable[[int], object]], samples: int) -> dict[str, dict[str, float]]:
    """Time calls one by one, in turn, so that whatever else the machine does hits all of them alike.

    Who begins changes from sample to sample: whoever follows a large model pays for the cache that it filled.

    Args:
        calls: name to a function of the sample's number.
        samples: calls timed of each.

    Returns:
        Name to ``p50`` and ``p90``, in milliseconds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for sample in range(-_WARM_UP, samples):
        first = sample % max(1, len(names))
        for name in (*names[first:], *names[:first]):
            start = time.perf_counter()
            calls[name](max(0, sample))
            seconds[name].append(time.perf_counter() - start)
    return {name: _milliseconds(taken[_WARM_UP:]) for name, taken in seconds.items()}


def watched() -> Callable[[], float]:
    """Begin to watch the clock; what is returned tells in which share of the time since then this process worked.

    It is less than 1 where other processes had the CPU, and may be more than 1 with several threads.
    """
    start, worked = time.perf_counter(), time.process_time()
    return lambda: (time.process_time() - worked) / (time.perf_counter() - start)


def _milliseconds(seconds: list[float]) -> dict[str, float]:
    p50, p90 = np.percentile(np.asarray(seconds) * 1000, [50, 90])
    return {"p50": float(p50), "p90": float(p90)}
