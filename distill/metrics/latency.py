"""How long one example takes."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from distill.base import long_work

_WARM_UP = 5
_FEWEST = 3
"""Samples that are taken however long one takes: fewer have no median."""
_RESAMPLES, _TAILS = 1000, (0.025, 0.975)


def interleaved(
    calls: Mapping[str, Callable[[int], object]], samples: int, within: float | None = None
) -> dict[str, dict[str, float]]:
    """Time calls one by one, in turn, and return the median and the 90th percentile of each.

    Args:
        calls: name to a function of the sample's number.
        samples: calls timed of each.
        within: seconds after which no more are timed; see ``timed_in_turn``.

    Returns:
        Name to ``p50`` and ``p90``, in milliseconds.
    """
    return {name: milliseconds(taken) for name, taken in timed_in_turn(calls, samples, within).items()}


def timed_in_turn(
    calls: Mapping[str, Callable[[int], object]], samples: int, within: float | None = None
) -> dict[str, list[float]]:
    """Time calls one by one, in turn, so that whatever else the machine does hits all of them alike.

    Who begins changes from sample to sample: whoever follows a large model pays for the cache that it filled.

    Args:
        calls: name to a function of the sample's number.
        samples: calls timed of each.
        within: seconds after which no more are timed, once there are a few; none times all. A tenth of it is given to
            warming up.

    Returns:
        Name to the seconds of each sample.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    rounds = _Rounds(calls, seconds)
    begin = time.perf_counter()
    for number in range(_WARM_UP):
        rounds.take(number - _WARM_UP)
        if within is not None and time.perf_counter() - begin > within / 10:
            break
    for taken in seconds.values():
        taken.clear()
    for sample in long_work.counted(range(samples), "timing", samples, "examples"):
        rounds.take(sample)
        if within is not None and sample + 1 >= _FEWEST and time.perf_counter() - begin > within:
            break
    return seconds


def times_as_fast(slow: Sequence[float], fast: Sequence[float]) -> dict[str, Any]:
    """Return how many times as fast the second is by the medians, with a 95 % interval of the paired bootstrap.

    Args:
        slow: seconds of each sample.
        fast: those of the other, of the same samples.

    Example:
        >>> times_as_fast([4.0, 4.0, 4.0], [2.0, 2.0, 2.0])
        {'ratio': 2.0, 'interval': [2.0, 2.0]}
    """
    pairs = np.asarray([slow, fast], dtype=np.float64)
    drawn = np.random.default_rng(0).integers(pairs.shape[1], size=(_RESAMPLES, pairs.shape[1]))
    medians = np.median(pairs[:, drawn], axis=2)
    ratio = float(np.divide(*np.median(pairs, axis=1)))
    return {"ratio": ratio, "interval": [float(end) for end in np.quantile(medians[0] / medians[1], _TAILS)]}


@dataclass(frozen=True)
class _Rounds:
    """Calls that are made in turn.

    Attributes:
        calls: name to a function of the sample's number.
        seconds: name to what each call has taken, added to by ``take``.
    """

    calls: Mapping[str, Callable[[int], object]]
    seconds: Mapping[str, list[float]]

    def take(self, sample: int) -> None:
        """Call each once for a sample, or, where it warms up, for the first of all."""
        names = list(self.calls)
        first = sample % max(1, len(names))
        for name in (*names[first:], *names[:first]):
            start = time.perf_counter()
            self.calls[name](max(0, sample))
            self.seconds[name].append(time.perf_counter() - start)


def watched() -> Callable[[], float]:
    """Begin to watch the clock; what is returned tells in which share of the time since then this process worked.

    It is less than 1 where other processes had the CPU, and may be more than 1 with several threads.
    """
    start, worked = time.perf_counter(), time.process_time()
    return lambda: (time.process_time() - worked) / (time.perf_counter() - start)


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median and the 90th percentile of some seconds, in milliseconds."""
    p50, p90 = np.percentile(np.asarray(seconds) * 1000, [50, 90])
    return {"p50": float(p50), "p90": float(p90)}
