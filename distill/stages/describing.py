"""What the report holds of each compared model, but for its speed."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from distill.baselines import FittedBaseline, baseline
from distill.config import ensemble as ensembles
from distill.config.ensemble import FIRST, teachers
from distill.inference.runtime import CPU, FinishedModel
from distill.inference.scoring import SplitScore
from distill.stages.baselines import Fitted
from distill.stages.comparing import Scores
from distill.stages.decisions import ScoredModel
from distill.stages.job import RunSpec

ModelEntry: TypeAlias = dict[str, Any]
"""Size, description, metrics, table by label, and latency."""


def described(
    spec: RunSpec, models: Mapping[str, FinishedModel], fitted: Fitted, scores: Scores
) -> dict[str, ModelEntry]:
    """Return the entry of each compared model, in the order of the report, before anything is timed."""
    entries = {name: _model(model, scores[name]) for name, model in models.items()}
    for row in spec.decisions.compared:
        if spec.labeller(row) is not None:
            entries[row.name] = _labeller(spec, row, scores[row.name])
    for row in ensemble_rows(spec):
        entries[row.name] = _ensemble(spec, entries, scores[row.name])
    entries |= {name: _baseline(name, model, scores[name]) for name, model in fitted.items()}
    return {row.name: entries[row.name] for row in spec.decisions.compared}


def ensemble_rows(spec: RunSpec) -> list[ScoredModel]:
    """Return the rows of the report that are several teachers combined."""
    rows = spec.decisions.of_role("teacher")
    return [row for row in rows if row.source is None and spec.labeller(row) is None]


def _model(model: FinishedModel, scores: Mapping[str, SplitScore]) -> ModelEntry:
    runtime = model.open(CPU)
    about = {"parameters": runtime.parameters, "bytes": runtime.bytes, "description": runtime.description}
    return {**about, **_by_split(scores)}


def _labeller(spec: RunSpec, row: ScoredModel, scores: Mapping[str, SplitScore]) -> ModelEntry:
    """Return the description of a file of answers, which has no weights."""
    name = FIRST if row.name == "teacher" else row.name
    about = {"parameters": None, "bytes": None, "description": f"the answers of {teachers(spec.config)[name].answers}"}
    return {**about, **_by_split(scores)}


def _baseline(name: str, model: FittedBaseline, scores: Mapping[str, SplitScore]) -> ModelEntry:
    about = {"parameters": model.parameters, "bytes": model.bytes, "description": model.description}
    return {"title": baseline(name).title, **about, **_by_split(scores)}


def _by_split(scores: Mapping[str, SplitScore]) -> ModelEntry:
    return {
        "metrics": {split: score.scored.metrics for split, score in scores.items()},
        "per_label": {split: score.scored.table for split, score in scores.items()},
        "latency_ms": None,
    }


def _ensemble(spec: RunSpec, described: Mapping[str, ModelEntry], scores: Mapping[str, SplitScore]) -> ModelEntry:
    """Return the description of the combined teachers, which are as large as all of them."""
    names, how = list(spec.members), ensembles.settings(spec.config)["teachers"]["combine"]
    sums = {key: sum(described[name][key] or 0 for name in names) for key in ("parameters", "bytes")}
    combination = "the most confident one's answer" if how == "confidence" else f"the mean of their {how}"
    return {**sums, "description": f"{', '.join(names)}: {combination}", **_by_split(scores)}
