"""Teachers, student and control side by side: metrics, gain, fidelity, size and speed.

Several teachers are one for the student, so ``teacher`` is what they say together; each is scored by its name as well.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

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
from distill.stages.job import Job, RunSpec, ScoredModel
from distill.stages.passes import output_pass
from distill.teacher import ensemble

RECIPE = 7

Latencies = tuple[dict[str, dict[str, float]], dict[str, Any] | None]
"""Milliseconds of each model, and under which conditions they were measured."""


def skipped(spec: RunSpec) -> str | None:
    """Never leave it out."""
    return None


def sources(spec: RunSpec) -> dict[str, str]:
    """Return each compared model that a stage or checkpoint holds, by the input that holds it."""
    return {model.name: model.source for model in spec.decisions.compared if model.source is not None}


def needs(spec: RunSpec) -> list[str]:
    """Need the models."""
    return list(sources(spec).values())


def settings(spec: RunSpec) -> dict[str, Any]:
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
        **_several(config),
        **({} if config.metric in (None, spec.metrics.HEADLINE.name) else {"metric": config.metric}),
    }


def _several(config: Config) -> dict[str, Any]:
    """What of several teachers decides; nothing for one."""
    if not config.more_teachers:
        return {}
    labels = {name: list(teacher.labels) for name, teacher in config.more_teachers.items()}
    fewer = [name for name, teacher in config.more_teachers.items() if teacher.labels_subset]
    subsets = {"labels_subset_of_more": fewer} if fewer else {}
    return {**ensembles.settings(config), "given_labels_of_more": labels, **subsets}


def run(job: Job) -> dict[str, Any]:
    """Answer validation and test with every model; rank 0 scores. The folder ``answers`` keeps what they said."""
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
    for row in _together(spec):
        scores[row.name] = _scored_together(job, row, models, answered)
    in_order = {row.name: scores[row.name] for row in spec.decisions.compared}
    return _compared(job, models, in_order, splits[-1]) if is_first else {}


def score(job: Job, model: FinishedModel, split: str, answered: ModelOutputs) -> SplitScore:
    """Score what a model answered to a split; the metric that leads the run comes first."""
    spec = job.spec
    scored = scoring.score_split(
        spec.setup, spec.metrics, spec.data.splits[split], answered, model.tokenizer, job.examples.encode
    )
    return replace(scored, scored=scored.scored.led_by(spec.leading.headline.name))


def answers_folder(folder: Path, name: str, split: str) -> Path:
    """Return where the stage keeps a model's answers to a split."""
    return folder / "answers" / name / split


def student_answers(job: Job, split: str) -> OutputStore:
    """Open what the student answered to a split, for a stage that needs ``distill`` and ``evaluate``."""
    spec, folder = job.spec, job.inputs["evaluate"]
    (student, *_) = spec.decisions.of_role("student")
    model = spec.sources.model("distill", job.inputs)
    made_by = identity(spec.setup, model.made_by, scoring.kept_for_scoring(spec.setup).name)
    return output_pass(job).opened(str(model.folder), answers_folder(folder, student.name, split) / "rows", made_by)


def latencies(job: Job, models: Mapping[str, FinishedModel], together: Together | None = None) -> Latencies:
    """Return milliseconds of each model for one text of validation, and the conditions; none where nothing is timed."""
    spec, count = job.spec, job.spec.config.evaluate.latency_samples
    split = spec.data.splits["validation"]
    if not count:
        return {}, None
    timer = LatencyTimer(spec.setup, job.examples, spec.generation)
    timed, conditions = timer.measure(models, split.select(range(min(count, len(split)))), together)
    return timed, {**conditions, "processor": processor()}


def _models(job: Job) -> dict[str, FinishedModel]:
    """Each compared model that a stage or checkpoint holds."""
    spec = job.spec
    return {name: spec.finished(spec.model(source, job.inputs)) for name, source in sources(spec).items()}


def _together(spec: RunSpec) -> list[ScoredModel]:
    """The rows of what several teachers say as one."""
    return [row for row in spec.decisions.compared if row.source is None]


def _combined(spec: RunSpec) -> Combined:
    """What makes one answer of the teachers' logits, at temperature 1: as they would be used."""
    weights = ensembles.weights(spec.config)
    return ensemble.combined_logits(spec.config.ensemble.combine, spec.setup.task.kind, weights)


def _scored_together(
    job: Job,
    row: ScoredModel,
    models: Mapping[str, FinishedModel],
    answered: Mapping[str, Mapping[str, ModelOutputs]],
) -> dict[str, SplitScore]:
    """What the teachers' answers to each split are worth as one; nothing but on rank 0."""
    spec, scores = job.spec, {}
    teachers = [models[name] for name in spec.members]
    for split in answered[FIRST]:
        if spec.setup.task.writes:  # what they write together does not follow from what each of them writes
            how = fingerprint(ensembles.settings(spec.config))
            common = generation_ensemble.together(teachers, _combined(spec), how)
            folder = answers_folder(job.folder, row.name, split)
            said = scoring.collect_outputs(output_pass(job), common, spec.data.splits[split], folder)
        else:
            stores = [answered[name][split].rows for name in spec.members]
            said = ModelOutputs(ensemble.of_logits(stores, _combined(spec)))
        if job.context.ranks.rank == 0:
            scores[split] = score(job, teachers[0], split, said)
    return scores


def _compared(job: Job, models: Mapping[str, FinishedModel], scores: Scores, split: str) -> dict[str, Any]:
    spec = job.spec
    described = {name: _described(model, scores[name]) for name, model in models.items()}
    for row in _together(spec):
        described[row.name] = _described_together(spec, described, scores[row.name])
    described = {row.name: described[row.name] for row in spec.decisions.compared}
    rows = [Together(row.name, list(spec.members), _combined(spec)) for row in _together(spec)]
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


def _described(model: FinishedModel, scores: Mapping[str, SplitScore]) -> dict[str, Any]:
    runtime = model.open(CPU)
    about = {"parameters": runtime.parameters, "bytes": runtime.bytes, "description": runtime.description}
    return {**about, **_by_split(scores)}


def _by_split(scores: Mapping[str, SplitScore]) -> dict[str, Any]:
    return {
        "metrics": {split: score.scored.metrics for split, score in scores.items()},
        "per_label": {split: score.scored.table for split, score in scores.items()},
        "latency_ms": None,
    }


def _described_together(
    spec: RunSpec, described: Mapping[str, Mapping[str, Any]], scores: Mapping[str, SplitScore]
) -> dict[str, Any]:
    """The teachers as one, which is as large as all of them."""
    names, how = list(spec.members), ensembles.settings(spec.config)["teachers"]["combine"]
    sums = {key: sum(described[name][key] for name in names) for key in ("parameters", "bytes")}
    combination = "the most confident one's answer" if how == "confidence" else f"the mean of their {how}"
    return {**sums, "description": f"{', '.join(names)}: {combination}", **_by_split(scores)}
