"""Put together what the students and controls of several seeds scored, from the answers that evaluations kept."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from distill.inference import scoring
from distill.metrics.bootstrap import gap_closed
from distill.metrics.hierarchical import Floats, OverSeeds, hierarchical_bootstrap, scores_of_draws
from distill.report import LOWER_IS_BETTER, NOT_FRACTIONS, JsonObject
from distill.stages import kept_outputs
from distill.stages.job import Job, RunSpec

Statistics: TypeAlias = NDArray[Any]
"""Of each example ``[examples, k]``, whose sum over any examples holds what the leading metric of these needs."""


def over_seeds(evaluations: Mapping[int, Job], scored: Mapping[int, JsonObject], evaluated: Job) -> JsonObject:
    """Return the result over several seeds as ``report.json`` holds it.

    Args:
        evaluations: each seed to the job that scored its student and control.
        scored: each seed to what its evaluation says of them.
        evaluated: the stage ``evaluate`` of the run, which compares the student of the best seed with the teacher.

    Returns:
        ``seeds``, ``best`` and by what it was chosen; of the metric that leads on the split that leads, for student
        and control ``mean``, ``spread`` between seeds and ``interval``; ``gain`` and ``against_teacher`` as
        comparisons of two models; and ``models``: the metrics of each seed by split.
    """
    spec = evaluated.spec
    headline, split = spec.leading.headline, "test" if "test" in spec.data.splits else "validation"
    names = {row.role: row.name for job in evaluations.values() for row in job.spec.decisions.compared}
    teacher = spec.decisions.first_of("teacher")
    statistics = [_statistics(job, name, split) for name in names.values() for job in evaluations.values()]
    statistics += [_statistics(evaluated, teacher, split)] if teacher is not None else []
    draws, count = _Draws(spec, statistics), len(evaluations)
    of = {role: slice(place * count, (place + 1) * count) for place, role in enumerate(names)}
    head = {"metric": headline.name, "mode": headline.mode, "split": split, "confidence": draws.confidence}
    means = {role: draws.mean(places) for role, places in of.items()}
    last = slice(-1, None)
    return {
        "seeds": list(evaluations),
        "best": spec.config.seed,
        "chosen_by": {"split": "validation", "metric": headline.name},
        **head,
        "models": {
            names[role]: {
                "mean": mean.mean,
                **_around(mean, bounds(headline.name)),
                "by_seed": _metrics(scored, names[role]),
            }
            for role, mean in means.items()
        },
        "gain": _gain(draws, of, means, {**head, "seeds": count}) if teacher else None,
        "against_teacher": {
            names[role]: {**head, "seeds": count, **_compared(draws.difference(places, last))}
            for role, places in of.items()
            if teacher is not None
        },
    }


def _gain(
    draws: "_Draws", of: Mapping[str, slice], means: Mapping[str, OverSeeds], head: JsonObject
) -> JsonObject | None:
    """Return the student's gain over the control; none where the run does not have both."""
    if not {"student", "control"} <= of.keys():
        return None
    student, control = means["student"].mean, means["control"].mean
    return {
        **head,
        **_compared(draws.difference(of["student"], of["control"])),
        "student": student,
        "control": control,
        "gap_closed": gap_closed(float(draws.measured[-1]), student, control, head["mode"]),
    }


class _Draws:
    """Models on all examples and on draws of them, by the metric and the resamples of the settings."""

    def __init__(self, spec: RunSpec, statistics: Sequence[Statistics]) -> None:
        section, metric = spec.config.evaluate, spec.leading.compute
        self.confidence, self.seed = section.confidence, spec.run.config.seed
        self.measured = np.asarray([metric(each) for each in statistics], dtype=np.float64)
        self.drawn = scores_of_draws(metric, statistics, resamples=section.resamples, seed=self.seed)

    def mean(self, models: slice) -> OverSeeds:
        """Return the mean of one model over its seeds."""
        return self._estimate(self.measured[models], self.drawn[:, models])

    def difference(self, models: slice, others: slice) -> OverSeeds:
        """Return the mean difference of two models over their seeds, seed by seed, or of one from another's single."""
        return self._estimate(
            self.measured[models] - self.measured[others], self.drawn[:, models] - self.drawn[:, others]
        )

    def _estimate(self, measured: Floats, drawn: Floats) -> OverSeeds:
        return hierarchical_bootstrap(measured, drawn, confidence=self.confidence, seed=self.seed)


def _statistics(job: Job, name: str, split: str) -> Statistics:
    """Return what stands behind the leading metric of a model's kept answers to a split."""
    spec = job.spec
    row = next(row for row in spec.decisions.compared if row.name == name)
    model, outputs = kept_outputs.evaluated(job, row, split)
    examples = spec.data.splits[split]
    records, _ = scoring.decoded(spec.setup, examples, outputs, model.tokenizer)
    scored, _ = scoring.score_records(spec.setup, spec.metrics, examples[:], records)
    return scored.statistics[spec.leading.headline.name]


def _metrics(scored: Mapping[int, JsonObject], name: str) -> dict[str, JsonObject]:
    return {str(seed): models[name]["metrics"] for seed, models in scored.items()}


def bounds(metric: str) -> tuple[float, float]:
    """Return the least and the largest value that a metric may have, at which the interval of its mean ends.

    >>> bounds("accuracy"), bounds("pearson"), bounds("perplexity")
    ((0.0, 1.0), (-1.0, 1.0), (0.0, inf))
    """
    if metric in LOWER_IS_BETTER:
        return 0.0, math.inf
    return (-1.0 if metric in NOT_FRACTIONS else 0.0), 1.0


def _around(found: OverSeeds, within: tuple[float, float] = (-math.inf, math.inf)) -> JsonObject:
    low, high = np.clip([found.low, found.high], *within)
    return {"spread": found.spread, "interval": [float(low), float(high)]}


def _compared(found: OverSeeds) -> JsonObject:
    return {"difference": found.mean, **_around(found)}
