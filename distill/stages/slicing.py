"""Score every compared model on parts of the rows, once a run's stages are finished: for the report alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distill.data.slices import SMALL, Slice
from distill.inference import scoring
from distill.inference.scoring import ModelOutputs
from distill.metrics.bootstrap import paired_bootstrap, single_bootstrap
from distill.report import JsonObject
from distill.stages import baselines, exported_formats, kept_outputs
from distill.stages.job import Job

Statistics = Mapping[str, NDArray[Any]]
"""Each model to the statistics ``[examples, k]`` of the metric that leads."""


def by_slice(evaluated: Job, exported: Job | None, exports: Sequence[str], split: str) -> JsonObject | None:
    """Return what each model scores on each slice, with intervals; none where the settings ask for no slices.

    Args:
        evaluated: the finished stage ``evaluate``.
        exported: the finished stage ``export``, if the run has one.
        exports: the formats in its bundle.
        split: the one that the report leads with.

    Raises:
        StoreError: what a model answered is not there.
    """
    spec = evaluated.spec
    if not spec.data.slices:
        return None
    statistics = _statistics(evaluated, exported, exports, split)
    headline, section = spec.leading.headline, spec.config.evaluate
    everything = Slice("all", "all", np.arange(len(spec.data.splits[split])))
    return {
        "split": split,
        "metric": headline.name,
        "mode": headline.mode,
        "confidence": section.confidence,
        "small": SMALL,
        "all": _models(evaluated, statistics, everything),
        "slices": [
            {
                "by": part.by,
                "name": part.name,
                "title": part.title,
                "rows": len(part.places),
                "models": _models(evaluated, statistics, part),
            }
            for part in spec.data.slices
        ],
    }


def _models(job: Job, statistics: Statistics, part: Slice) -> dict[str, dict[str, object]]:
    """Return each model's value on some rows, its interval, and its difference from the teacher on the same rows."""
    spec, section = job.spec, job.spec.config.evaluate
    compute, teacher = spec.leading.compute, spec.decisions.first_of("teacher")
    found: dict[str, dict[str, object]] = {}
    for name, of_all in statistics.items():
        rows = of_all[part.places]
        single = single_bootstrap(
            compute, rows, resamples=section.resamples, confidence=section.confidence, seed=spec.config.seed
        )
        found[name] = {"value": single.difference, "interval": [single.lo, single.hi]}
        if teacher is not None and name != teacher:
            reference = statistics[teacher][part.places]
            gain = paired_bootstrap(
                compute,
                rows,
                reference,
                resamples=section.resamples,
                confidence=section.confidence,
                seed=spec.config.seed,
            )
            found[name]["against_teacher"] = {"difference": gain.difference, "interval": [gain.lo, gain.hi]}
    return found


def _statistics(job: Job, exported: Job | None, exports: Sequence[str], split: str) -> Statistics:
    spec, examples = job.spec, job.spec.data.splits[split]
    columns, leads = examples[:], spec.leading.headline.name
    fitted: baselines.Fitted = {}
    found: dict[str, NDArray[Any]] = {}

    def scored(outputs: ModelOutputs, tokenizer: Any) -> NDArray[Any]:  # noqa: ANN401 - any that transformers has
        records, _ = scoring.decoded(spec.setup, examples, outputs, tokenizer)
        return scoring.score_records(spec.setup, spec.metrics, columns, records)[0].statistics[leads]

    reader = None
    for row in spec.decisions.compared:
        if row.role == "baseline" and reader is not None:
            fitted = fitted or baselines.fit(spec, reader)  # what it answers is not kept, and quickly had again
            found[row.name] = scored(baselines.answers(spec, fitted[row.name], split), reader)
        elif row.role != "baseline":
            model, outputs = kept_outputs.evaluated(job, row, split)
            reader = model.tokenizer
            found[row.name] = scored(outputs, reader)
    if exported is not None:
        for name in exports:
            model, outputs = exported_formats.kept(exported, name, split)
            found[name] = scored(outputs, model.tokenizer)
    return found
