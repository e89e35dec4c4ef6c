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
from distill.inference import latency, scoring
from distill.inference.generation_ensemble import Combined
from distill.inference.output_pass import EnsembleMembers
from distill.inference.scoring import ModelOutputs, SplitScore
from distill.metrics import fidelity
from distill.metrics.bootstrap import gap_closed, paired_bootstrap
from distill.models import loading
from distill.models.sources import ModelRef
from distill.report.environment import processor
from distill.stages import students, supervised
from distill.stages.job import Job, RunSpec
from distill.teacher import ensemble

RECIPE = 7

Scores = dict[str, dict[str, SplitScore]]
"""Model to split to what it is worth there."""


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
        **asdict(config.evaluate),
        **spec.data.identity("validation", "test"),
        **spec.setup.limits,
        "task": config.task,
        "max_answer_length": config.data.max_answer_length,
        "generation": spec.generation if spec.setup.task.writes else None,
        **students.given_labels(spec),
        "seed": config.seed,
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
    outputs = supervised.output_pass(job)
    splits = [split for split in ("validation", "test") if split in spec.data.splits]
    answered: dict[str, dict[str, ModelOutputs]] = {}
    for name, source in sources(spec).items():
        model, scores[name], answered[name] = spec.model(source, job.inputs), {}, {}
        for split in splits:
            folder = answers_folder(job.folder, name, split)
            answered[name][split] = scoring.collect_outputs(outputs, model, spec.data.splits[split], folder)
            if is_first:
                scores[name][split] = score(job, model, split, answered[name][split])
    if spec.members:
        scores = {"teacher": _together(job, answered), **scores}
    return _compared(job, scores, splits[-1]) if is_first else {}


def score(job: Job, model: ModelRef, split: str, answered: ModelOutputs) -> SplitScore:
    """Score what a model answered to a split; the metric that leads the run comes first."""
    spec = job.spec
    tokenizer = spec.sources.tokenizer(model.folder)
    found = scoring.score_split(
        spec.setup, spec.metrics, spec.data.splits[split], answered, tokenizer, job.examples.encode
    )
    return replace(found, scored=found.scored.led_by(spec.leading.headline.name))


def answers_folder(folder: Path, name: str, split: str) -> Path:
    """Return where the stage keeps a model's answers to a split."""
    return folder / "answers" / name / split


def _combined(spec: RunSpec) -> Combined:
    """What makes one answer of the teachers' logits, at temperature 1: as they would be used."""
    weights = ensembles.weights(spec.config)
    return ensemble.combined_logits(spec.config.ensemble.combine, spec.setup.task.kind, weights)


def _together(job: Job, answered: Mapping[str, Mapping[str, ModelOutputs]]) -> dict[str, SplitScore]:
    """What the teachers' answers to each split are worth as one; nothing but on rank 0."""
    spec, scores = job.spec, {}
    first, *others = (spec.model(source, job.inputs) for source in spec.teacher_inputs.values())
    for split in answered[FIRST]:
        if spec.setup.task.writes:  # what they write together does not follow from what each of them writes
            members = EnsembleMembers(others, _combined(spec), fingerprint(ensembles.settings(spec.config)))
            folder = answers_folder(job.folder, "teacher", split)
            outputs = supervised.output_pass(job)
            common = scoring.collect_outputs(outputs, first, spec.data.splits[split], folder, members)
        else:
            stores = [answered[name][split].rows for name in spec.members]
            common = ModelOutputs(ensemble.of_logits(stores, _combined(spec)))
        if job.context.ranks.rank == 0:
            scores[split] = score(job, first, split, common)
    return scores


def _compared(job: Job, scores: Scores, split: str) -> dict[str, Any]:
    spec = job.spec
    described = {name: _described(job, source, scores[name]) for name, source in sources(spec).items()}
    if spec.members:
        described = {"teacher": _described_together(spec, described, scores["teacher"]), **described}
    timed, conditions = _latencies(job)
    for name, milliseconds in timed.items():
        described[name]["latency_ms"] = milliseconds
    return {
        "models": described,
        "gain": _gain(spec, scores, split),
        "against_teacher": _against_teacher(spec, scores, split),
        "fidelity": _fidelity(spec, scores, split),
        "latency": conditions,
        "scored_by": next(iter(scores.values()))[split].scored.how or None,
    }


def _latencies(job: Job) -> tuple[dict[str, dict[str, float]], dict[str, Any] | None]:
    """Milliseconds of each model for one text of validation, and the conditions; none where nothing is timed."""
    spec, count = job.spec, job.spec.config.evaluate.latency_samples
    split = spec.data.splits["validation"]
    rows = split.select(range(min(count, len(split))))
    if not count:
        return {}, None
    timer = latency.LatencyTimer(spec.setup, job.examples, spec.sources, spec.generation)
    models = {name: spec.model(source, job.inputs) for name, source in sources(spec).items()}
    timed, conditions = timer.measure(models, rows, list(spec.members), _combined(spec) if spec.members else None)
    return timed, {**conditions, "processor": processor()}


def _described(job: Job, source: str, scores: Mapping[str, SplitScore]) -> dict[str, Any]:
    folder = job.spec.model(source, job.inputs).folder
    config = loading.configuration(folder)
    return {
        "parameters": loading.parameters(loading.load_model(folder, job.spec.setup.task.head)),
        "bytes": sum(path.stat().st_size for path in folder.glob("*.safetensors")),
        "description": f"{config.model_type}, {config.num_hidden_layers} layers of width {config.hidden_size}",
        **_by_split(scores),
    }


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


def _gain(spec: RunSpec, scores: Scores, split: str) -> dict[str, Any] | None:
    if not {"student", "control"} <= scores.keys():
        return None
    headline = spec.leading.headline
    value = {name: by_split[split].scored.metrics[headline.name] for name, by_split in scores.items()}
    return {
        **_paired(spec, scores, split, "student", "control"),
        "student": value["student"],
        "control": value["control"],
        "gap_closed": gap_closed(value["teacher"], value["student"], value["control"], headline.mode),
    }


def _against_teacher(spec: RunSpec, scores: Scores, split: str) -> dict[str, Any]:
    """Student and control, each held against the teacher on the same examples."""
    compared = [model.name for model in spec.decisions.compared if model.role != "teacher" and model.name in scores]
    return {name: _paired(spec, scores, split, name, "teacher") for name in compared}


def _paired(spec: RunSpec, scores: Scores, split: str, one: str, other: str) -> dict[str, Any]:
    """The difference of two models in the metric that leads, and its interval."""
    leading, given = spec.leading, spec.config.evaluate
    headline = leading.headline
    first, second = (scores[name][split].scored.statistics[headline.name] for name in (one, other))
    gain = paired_bootstrap(
        leading.compute,
        first,
        second,
        resamples=given.resamples,
        confidence=given.confidence,
        seed=spec.config.seed,
    )
    return {
        "metric": headline.name,
        "mode": headline.mode,
        "split": split,
        "difference": gain.difference,
        "confidence": given.confidence,
        "interval": [gain.lo, gain.hi],
    }


def _fidelity(spec: RunSpec, scores: Scores, split: str) -> dict[str, Any] | None:
    if "student" not in scores:
        return None
    student, teacher = (scores[name][split].rows for name in ("student", "teacher"))
    if student.shape != teacher.shape:
        return None  # another tokenizer cuts a text into other rows
    if spec.setup.task.writes:
        return {"split": split, "agreement": float((student[:, 1] == teacher[:, 1]).float().mean())}
    kind = spec.setup.task.kind
    errors = {
        name: fidelity.calibration(kind, by_split[split].rows, by_split[split].labels)
        for name, by_split in scores.items()
    }
    return {"split": split, **fidelity.compare(kind, student, teacher), "calibration_error": errors}
