"""Compare the students of two sides, of one seed or several each, by a metric on the same examples."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distill import report as words
from distill.comparison.estimates import Estimate
from distill.comparison.runs import Run
from distill.errors import ConfigError
from distill.metrics.bootstrap import paired_bootstrap
from distill.metrics.hierarchical import Floats, hierarchical_bootstrap, scores_of_draws, unpaired_seeds
from distill.pipeline.kept_scores import KeptScore, kept_scores
from distill.stages.over_seeds import bounds


class Students(NamedTuple):
    """The students of one side.

    Attributes:
        seeds: of each student.
        scores: what each answered, on the same rows.
        best: the place of the one that is best on validation.
    """

    seeds: list[object]
    scores: list[KeptScore]
    best: int

    @property
    def shown(self) -> KeptScore:
        """The one whose answers are shown."""
        return self.scores[self.best]

    @property
    def statistics(self) -> list[NDArray[Any]]:
        """What stands behind the leading metric of each ``[examples, k]``."""
        return [score.statistics for score in self.scores]


def students(runs: Sequence[Run], slices: Sequence[str]) -> Students:
    """Return the students of the runs of a side: one run of several seeds, or runs that differ in their seed.

    Args:
        runs: finished ones.
        slices: parts of the rows that are told apart.

    Raises:
        DistillError: the data or the store of one is not there any more, or their rows are not the same.
    """
    seeds = [seed for run in runs for seed in run.seeds]
    scores = [score for run in runs for score in kept_scores(run, slices)]
    refuse_other_rows(scores)
    if len(runs) == 1:
        return Students(seeds, scores, seeds.index(runs[0].student_seed))
    headline = scores[0].spec.leading.headline
    values = [_on_validation(run, headline.name) for run in runs]
    turned = [-np.inf if value is None else value if headline.mode == "max" else -value for value in values]
    return Students(seeds, scores, sum(len(run.seeds) for run in runs[: int(np.argmax(turned))]))


def refuse_other_rows(scores: Sequence[KeptScore]) -> None:
    """Refuse students that were not asked about the same rows.

    Raises:
        ConfigError: they were not.
    """
    first, *others = [(score.split, score.spec.data.identity(score.split)) for score in scores]
    if any(other != first for other in others):
        raise ConfigError(f"their rows of {first[0]} are not the same")


def _on_validation(run: Run, metric: str) -> float | None:
    name = words.first_of(run.report, "student")
    model = run.report["models"].get(name) or {}
    value: float | None = ((model.get("metrics") or {}).get("validation") or {}).get(metric)
    return value if words.known(value) else None


@dataclass(frozen=True)
class Bootstrap:
    """The interval of differences, drawn as the first run's settings say.

    Attributes:
        resamples: of the examples.
        confidence: of the interval.
        seed: of the draws.
        seed_by_seed: whether the students of both sides belong together by their seeds.
    """

    resamples: int
    confidence: float
    seed: int
    seed_by_seed: bool

    def difference(
        self,
        metric: Callable[[NDArray[Any]], float],
        name: str,
        first: Sequence[NDArray[Any]],
        second: Sequence[NDArray[Any]],
    ) -> tuple[float, float, Estimate]:
        """Return the metric of the first and of the second, as means over seeds, and the difference.

        Args:
            metric: of the statistics of some examples.
            name: of the metric; where less of it is better, the difference is turned, so that more is better.
            first: statistics ``[examples, k]`` of each student of the first.
            second: those of the second.
        """
        one, other = ([metric(each) for each in side] for side in (first, second))
        difference, low, high = self._ends(metric, first, second, (np.asarray(one), np.asarray(other)))
        seeds = max(len(first), len(second))
        if name in words.LOWER_IS_BETTER:
            difference, low, high = -difference, -high, -low
        least, largest = bounds(name)
        low, high = max(low, least - largest), min(high, largest - least)  # further apart no two values are
        return float(np.mean(one)), float(np.mean(other)), Estimate(difference, low, high, seeds)

    def _ends(
        self,
        metric: Callable[[NDArray[Any]], float],
        first: Sequence[NDArray[Any]],
        second: Sequence[NDArray[Any]],
        measured: tuple[Floats, Floats],
    ) -> tuple[float, float, float]:
        """Return the second minus the first with the ends of its interval."""
        if len(first) == len(second) == 1:
            drawn = paired_bootstrap(
                metric,
                second[0],
                first[0],
                resamples=self.resamples,
                confidence=self.confidence,
                seed=self.seed,
            )
            return drawn.difference, drawn.lo, drawn.hi
        scores = scores_of_draws(metric, [*first, *second], resamples=self.resamples, seed=self.seed)
        of_first, of_second = scores[:, : len(first)], scores[:, len(first) :]
        if self.seed_by_seed:
            found = hierarchical_bootstrap(
                measured[1] - measured[0], of_second - of_first, confidence=self.confidence, seed=self.seed
            )
        else:
            found = unpaired_seeds(measured, (of_first, of_second), confidence=self.confidence, seed=self.seed)
        return found.mean, found.low, found.high
