"""Hold the student against a labeller on gold rows, whose labels people have checked."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from datasets import Dataset

from distill.data.answers.labelled import Labelled
from distill.data.splits import GOLD
from distill.inference.scoring import SplitScore
from distill.metrics.bootstrap import paired_ratio, single_bootstrap
from distill.stages.job import RunSpec, StageResult, StageSettings

LABELLER = "labeller"
GoldScores: TypeAlias = Mapping[str, Mapping[str, SplitScore]]
"""Each labeller by its name to the scores of student, control and itself on the gold rows that it answered."""


def settings(spec: RunSpec) -> StageSettings:
    """Return what decides on the comparison with labellers, and on what they score; nothing where there is none."""
    if not spec.data.labelled:
        return {}
    keys = [
        key
        for split in ("validation", "test", GOLD)
        if split in spec.data.splits
        for key in spec.data.splits[split]["key"][:]
    ]
    said = {name: labelled.content(keys) for name, labelled in spec.data.labelled.items()}
    return {"said": said, "gold": spec.data.identity(GOLD)}


def answered_gold(spec: RunSpec, labelled: Labelled) -> Dataset | None:
    """Return the gold rows that a labeller answered; none where there are none."""
    gold = spec.data.splits[GOLD]
    kept = [place for place, key in enumerate(gold["key"][:]) if key in labelled.rows]
    return gold.select(kept) if kept else None


def against_labellers(spec: RunSpec, golden: GoldScores) -> StageResult:
    """Return the leading metric of each labeller and of the models on its gold rows, each with an interval."""
    return {"labellers": {name: _compared(spec, scores) for name, scores in golden.items()}} if golden else {}


def _compared(spec: RunSpec, scores: Mapping[str, SplitScore]) -> dict[str, Any]:
    """Return each model's value of the leading metric, its interval, and its share of the labeller's value."""
    leading, section, name = spec.leading, spec.config.evaluate, spec.leading.headline.name
    sums = {model: score.scored.statistics[name] for model, score in scores.items()}
    drawn: dict[str, Any] = {
        "resamples": section.resamples,
        "confidence": section.confidence,
        "seed": spec.config.seed,
    }
    models: dict[str, Any] = {}
    for model, statistics in sums.items():
        value = single_bootstrap(leading.compute, statistics, **drawn)
        models[model] = {"value": value.difference, "interval": [value.lo, value.hi]}
        if model != LABELLER:
            share = paired_ratio(leading.compute, statistics, sums[LABELLER], **drawn)
            models[model] |= {"of_labeller": share.difference, "of_labeller_interval": [share.lo, share.hi]}
    return {
        "rows": len(sums[LABELLER]),
        "metric": name,
        "mode": leading.headline.mode,
        "confidence": section.confidence,
        "models": models,
    }
