"""Compare teachers, student and control: metrics, gain, fidelity, size and speed.

Several teachers are one for the student, so ``teacher`` is their ensemble; each is scored under its own name as well.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeAlias

from distill.base.files import fingerprint
from distill.config import ensemble as ensembles
from distill.config.ensemble import FIRST
from distill.config.schema import Config
from distill.inference import generation_ensemble, scoring
from distill.inference.generation_ensemble import Combined
from distill.inference.latency import LatencyTimer, Together
from distill.inference.output_pass import identity
from distill.inference.output_store import OutputStore
from distill.inference.runtime import CPU, FinishedModel
from distill.inference.scoring import ModelOutputs, SplitScore
from distill.report.environment import processor
from distill.stages import comparing, students
from distill.stages.comparing import Scores
from distill.stages.job import Job, RunSpec, ScoredModel, StageResult, StageSettings
from distill.stages.passes import output_pass
from distill.teacher import ensemble

RECIPE = 7

Latencies: TypeAlias = tuple[dict[str, dict[str, float]], dict[str, float | str] | None]
"""Milliseconds of each model by quantile, and the conditions under which they were measured."""
ModelEntry: TypeAlias = dict[str, Any]
"""What the report holds of a model: size, description, metrics, table by label, and latency."""


def skipped(spec: RunSpec) -> str | None:
    """Return none: no run leaves this stage out."""
    return None


def sources(spec: RunSpec) -> dict[str, str]:
    """Return each compared model that is held by a stage or checkpoint, with the name of that input."""
    return {model.name: model.source for model in spec.decisions.compared if model.source is not None}


def needs(spec: RunSpec) -> list[str]:
    """Return the inputs that hold the compared models."""
    return list(sources(spec).values())


def settings(spec: RunSpec) -> StageSettings:
    """Return how models are compared, and the examples."""
    config = spec.config
    return {
        **{name: value for name, value in asdict(config.evaluate).items() if name != "points"},
        **spec.data.identity("validation", "test"),
        **spec.setup.limits,
        "task": config.task,
        "max_answer_length": config.data.max_answer_length,
        "generation": spec.generation if spec.setup.task.writes else None,
        **students.given_labels(spec),
        "seed": config.seed,
        **({"unanswerable": True} if spec.data.unanswerable else {}),
        **_teacher_settings(config),
        **({} if config.metric in (None, spec.metrics.HEADLINE.name) else {"metric": config.metric}),
    }


def _teacher_settings(config: Config) -> StageSettings:
    """Return what decides on the outputs of several teachers; nothing for one."""
    if not config.more_teachers:
        return {}
    labels = {name: list(teacher.labels) for name, teacher in config.more_teachers.items()}
    with_subset = [name for name, teacher in config.more_teachers.items() if teacher.labels_subset]
    subset_settings = {"labels_subset_of_more": with_subset} if with_subset else {}
    return {**ensembles.settings(config), "given_labels_of_more": labels, **subset_settings}


def run(job: Job) -> StageResult:
    """Score every model on validation and test, on rank 0; the folder ``answers`` keeps their outputs."""
    spec, scores, is_first = job.spec, Scores(), job.context.ranks.rank == 0
    outputs = output_pass(job)
    splits = [split for split in ("validation", "test") if split in spec.data.splits]
    answered: dict[str, dict[str, ModelOutputs]] = {}
    models = _models(job)
    for name, model in models.items():
        scores[name], answered[name] = {}, {}
        for split in splits:
            folder = answers_folder(job.folder, name, split)
            answered[name][split] = scoring.collect_outputs(outputs, model, spec.data.splits[split], folder)
            if is_first:
                scores[name][split] = score(job, model, split, answered[name][split])
    for row in _ensemble_rows(spec):
        scores[row.name] = _score_ensemble(job, row, models, answered)
    in_order = {row.name: scores[row.name] for row in spec.decisions.compared}
    return _compare(job, models, in_order, splits[-1]) if is_first else {}


def score(job: Job, model: FinishedModel, split: str, answered: ModelOutputs) -> SplitScore:
    """Return the scores of a model's outputs on a split, the metric that leads the run first."""
    spec = job.spec
    scored = scoring.score_split(
        spec.setup, spec.metrics, spec.data.splits[split], answered, model.tokenizer, job.examples.encode
    )
    return replace(scored, scored=scored.scored.led_by(spec.leading.headline.name))


def answers_folder(folder: Path, name: str, split: str) -> Path:
    """Return the folder in which the stage keeps a model's outputs on a split."""
    return folder / "answers" / name / split


def student_outputs(job: Job, split: str) -> ModelOutputs:
    """Open what the student answered to a split, for a stage that needs ``distill`` and ``evaluate``."""
    spec, outputs = job.spec, output_pass(job)
    (student, *_) = spec.decisions.of_role("student")
    model = spec.sources.model("distill", job.inputs)
    folder = answers_folder(job.inputs["evaluate"], student.name, split)

    def kept(part: str, how: str) -> OutputStore:
        return outputs.opened(str(model.folder), folder / part, identity(spec.setup, model.made_by, how))

    rows = kept("rows", scoring.kept_for_scoring(spec.setup).name)
    if not spec.setup.task.writes:
        return ModelOutputs(rows)
    return ModelOutputs(rows, kept("written", fingerprint(outputs.generation)))


def latencies(job: Job, models: Mapping[str, FinishedModel], together: Together | None = None) -> Latencies:
    """Return each model's latency for one text of validation in ms, and the conditions; none where nothing is timed."""
    spec, count = job.spec, job.spec.config.evaluate.latency_samples
    split = spec.data.splits["validation"]
    if not count:
        return {}, None
    timer = LatencyTimer(spec.setup, job.examples, spec.generation)
    timed, conditions = timer.measure(models, split.select(range(min(count, len(split)))), together)
    return timed, {**conditions, "processor": processor()}


def _models(job: Job) -> dict[str, FinishedModel]:
    """Return each compared model that a stage or checkpoint holds."""
    spec = job.spec
    return {name: spec.finished(spec.model(source, job.inputs)) for name, source in sources(spec).items()}


def _ensemble_rows(spec: RunSpec) -> list[ScoredModel]:
    """Return the rows of the report that are several teachers combined."""
    return [row for row in spec.decisions.compared if row.source is None]


def _combine_logits(spec: RunSpec) -> Combined:
    """Return the function that combines the teachers' logits, at temperature 1, as they would be used."""
    weights = ensembles.weights(spec.config)
    return ensemble.combined_logits(spec.config.ensemble.combine, spec.setup.task.kind, weights)


def _score_ensemble(
    job: Job,
    row: ScoredModel,
    models: Mapping[str, FinishedModel],
    answered: Mapping[str, Mapping[str, ModelOutputs]],
) -> dict[str, SplitScore]:
    """Return the scores of the combined teachers on each split; nothing but on rank 0."""
    spec, scores = job.spec, {}
    teachers = [models[name] for name in spec.members]
    for split in answered[FIRST]:
        if spec.setup.task.writes:  # what they write together does not follow from what each of them writes
            identity = fingerprint(ensembles.settings(spec.config))
            ensemble_model = generation_ensemble.together(teachers, _combine_logits(spec), identity)
            folder = answers_folder(job.folder, row.name, split)
            outputs = scoring.collect_outputs(output_pass(job), ensemble_model, spec.data.splits[split], folder)
        else:
            stores = [answered[name][split].rows for name in spec.members]
            outputs = ModelOutputs(ensemble.of_logits(stores, _combine_logits(spec)))
        if job.context.ranks.rank == 0:
            scores[split] = score(job, teachers[0], split, outputs)
    return scores


def _compare(job: Job, models: Mapping[str, FinishedModel], scores: Scores, split: str) -> StageResult:
    spec = job.spec
    described = {name: _describe(model, scores[name]) for name, model in models.items()}
    for row in _ensemble_rows(spec):
        described[row.name] = _describe_ensemble(spec, described, scores[row.name])
    described = {row.name: described[row.name] for row in spec.decisions.compared}
    rows = [Together(row.name, list(spec.members), _combine_logits(spec)) for row in _ensemble_rows(spec)]
    timed, conditions = latencies(job, models, next(iter(rows), None))
    for name, milliseconds in timed.items():
        described[name]["latency_ms"] = milliseconds
    return {
        "models": described,
        "gain": comparing.gain(spec, scores, split),
        "against_teacher": comparing.against_teacher(spec, scores, split),
        "fidelity": comparing.fidelity(spec, scores, split),
        "latency": conditions,
        "scored_by": scores[spec.decisions.compared[0].name][split].scored.how or None,
    }


def _describe(model: FinishedModel, scores: Mapping[str, SplitScore]) -> ModelEntry:
    runtime = model.open(CPU)
    about = {"parameters": runtime.parameters, "bytes": runtime.bytes, "description": runtime.description}
    return {**about, **_by_split(scores)}


def _by_split(scores: Mapping[str, SplitScore]) -> ModelEntry:
    return {
        "metrics": {split: score.scored.metrics for split, score in scores.items()},
        "per_label": {split: score.scored.table for split, score in scores.items()},
        "latency_ms": None,
    }


def _describe_ensemble(
    spec: RunSpec, described: Mapping[str, ModelEntry], scores: Mapping[str, SplitScore]
) -> ModelEntry:
    """Return the description of the combined teachers, which are as large as all of them."""
    names, how = list(spec.members), ensembles.settings(spec.config)["teachers"]["combine"]
    sums = {key: sum(described[name][key] for name in names) for key in ("parameters", "bytes")}
    combination = "the most confident one's answer" if how == "confidence" else f"the mean of their {how}"
    return {**sums, "description": f"{', '.join(names)}: {combination}", **_by_split(scores)}
