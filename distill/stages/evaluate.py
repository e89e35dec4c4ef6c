"""Teachers, student and control side by side: metrics, gain, fidelity, size and speed.

Several teachers are one for the student, so ``teacher`` is what they say together; each is scored by its name as well.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from distill.config import ensemble
from distill.config.ensemble import FIRST
from distill.config.schema import Config
from distill.inference import latency, scoring
from distill.inference.scoring import ModelOutputs, SplitScore
from distill.metrics import fidelity
from distill.metrics.bootstrap import gap_closed, paired_bootstrap
from distill.models import loading
from distill.pipeline.context import Builder
from distill.stages import Job
from distill.student import build as students
from distill.teacher import ensemble as teachers

RECIPE = 7

Verdicts = dict[str, dict[str, SplitScore]]
"""Model to split to what it is worth there."""


def skipped(build: Builder) -> str | None:
    """Never."""
    return None


def models(build: Builder) -> dict[str, str]:
    """Who is compared, by the input that holds it: everyone, unless the run trains others and names them not."""
    named = set(build.config.stages)
    trains = bool(named & {"pretrain", "finetune", "distill", "control"})
    found = teachers.names(build) if build.config.more_teachers else {"teacher": build.teacher}
    if not trains or named & {"distill", "control", "export"}:
        found["student"] = "distill"
    if not trains or "control" in named:
        found["control"] = "control"
    return found


def needs(build: Builder) -> list[str]:
    """The models."""
    return list(models(build).values())


def settings(build: Builder) -> dict[str, Any]:
    """How models are compared, and the examples."""
    config = build.config
    return {
        **asdict(config.evaluate),
        **build.data.identity("validation", "test"),
        **build.lengths,
        "task": config.task,
        "max_answer_length": config.data.max_answer_length,
        "generation": build.generation() if build.task.writes else None,
        **students.given_labels(build),
        "seed": config.seed,
        **_several(config),
    }


def _several(config: Config) -> dict[str, Any]:
    """What of several teachers decides; nothing for one."""
    if not config.more_teachers:
        return {}
    given = {who: list(teacher.labels) for who, teacher in config.more_teachers.items()}
    fewer = [who for who, teacher in config.more_teachers.items() if teacher.labels_subset]
    subsets = {"labels_subset_of_more": fewer} if fewer else {}
    return {**ensemble.settings(config), "given_labels_of_more": given, **subsets}


def run(job: Job) -> dict[str, Any]:
    """Answer validation and test with every model; rank 0 scores. The folder ``answers`` keeps what they said."""
    build, verdicts = job.build, Verdicts()
    splits = [split for split in ("validation", "test") if split in build.data.splits]
    said: dict[str, dict[str, ModelOutputs]] = {}
    for who, name in models(build).items():
        model, verdicts[who], said[who] = teachers.model(build, name, job.inputs), {}, {}
        for split in splits:
            examples = build.data.splits[split]
            said[who][split] = scoring.answer(build, model, examples, answers_folder(job.folder, who, split))
            if build.ranks.rank == 0:
                verdicts[who][split] = scoring.judge(build, model, examples, said[who][split])
    if build.config.more_teachers:
        verdicts = {"teacher": _together(job, said), **verdicts}
    return _compared(job, verdicts, splits[-1]) if build.ranks.rank == 0 else {}


def _together(job: Job, said: Mapping[str, Mapping[str, ModelOutputs]]) -> dict[str, SplitScore]:
    """What the teachers' answers to each split are worth as one; nothing but on rank 0."""
    build, judged = job.build, {}
    first = teachers.model(build, build.teacher, job.inputs)
    for split in said[FIRST]:
        examples, each = build.data.splits[split], [said[who][split] for who in teachers.names(build)]
        common = teachers.together(job, examples, each, answers_folder(job.folder, "teacher", split))
        if build.ranks.rank == 0:
            judged[split] = scoring.judge(build, first, examples, common)
    return judged


def answers_folder(folder: Path, who: str, split: str) -> Path:
    """Where the stage keeps a model's answers to a split."""
    return folder / "answers" / who / split


def _compared(job: Job, verdicts: Verdicts, split: str) -> dict[str, Any]:
    build = job.build
    described = {who: _described(job, name, verdicts[who]) for who, name in models(build).items()}
    if build.config.more_teachers:
        described = {"teacher": _described_together(build, described, verdicts["teacher"]), **described}
    latencies, conditions = latency.latencies(job, models(job.build))
    for who, timed in latencies.items():
        described[who]["latency_ms"] = timed
    return {
        "models": described,
        "gain": _gain(build, verdicts, split),
        "against_teacher": _against_teacher(build, verdicts, split),
        "fidelity": _fidelity(build, verdicts, split),
        "latency": conditions,
        "scored_by": next(iter(verdicts.values()))[split].scored.how or None,
    }


def _described(job: Job, name: str, verdicts: Mapping[str, SplitScore]) -> dict[str, Any]:
    build = job.build
    folder = teachers.model(build, name, job.inputs).folder
    config = loading.configuration(folder)
    return {
        "parameters": loading.parameters(loading.load_model(folder, build.task.head)),
        "bytes": sum(path.stat().st_size for path in folder.glob("*.safetensors")),
        "description": f"{config.model_type}, {config.num_hidden_layers} layers of width {config.hidden_size}",
        **_scores(verdicts),
    }


def _scores(verdicts: Mapping[str, SplitScore]) -> dict[str, Any]:
    return {
        "metrics": {split: judged.scored.metrics for split, judged in verdicts.items()},
        "per_label": {split: judged.scored.table for split, judged in verdicts.items()},
        "latency_ms": None,
    }


def _described_together(
    build: Builder, described: Mapping[str, Mapping[str, Any]], verdicts: Mapping[str, SplitScore]
) -> dict[str, Any]:
    """The teachers as one, which is as large as all of them."""
    names, how = teachers.names(build), ensemble.settings(build.config)["teachers"]["combine"]
    sums = {key: sum(described[who][key] for who in names) for key in ("parameters", "bytes")}
    said = "the most confident one's answer" if how == "confidence" else f"the mean of their {how}"
    return {**sums, "description": f"{', '.join(names)}: {said}", **_scores(verdicts)}


def _gain(build: Builder, verdicts: Verdicts, split: str) -> dict[str, Any] | None:
    if not {"student", "control"} <= verdicts.keys():
        return None
    score = {who: each[split].scored.metrics[build.headline.name] for who, each in verdicts.items()}
    return {
        **_paired(build, verdicts, split, "student", "control"),
        "student": score["student"],
        "control": score["control"],
        "gap_closed": gap_closed(score["teacher"], score["student"], score["control"], build.headline.mode),
    }


def _against_teacher(build: Builder, verdicts: Verdicts, split: str) -> dict[str, Any]:
    """Student and control, each held against the teacher on the same examples."""
    return {who: _paired(build, verdicts, split, who, "teacher") for who in ("student", "control") if who in verdicts}


def _paired(build: Builder, verdicts: Verdicts, split: str, one: str, other: str) -> dict[str, Any]:
    """The difference of two models in the headline metric, and its interval."""
    headline, settings = build.headline, build.config.evaluate
    first, second = (verdicts[who][split].scored.statistics for who in (one, other))
    found = paired_bootstrap(
        build.metrics.headline, first, second,
        resamples=settings.resamples, confidence=settings.confidence, seed=build.config.seed,
    )  # fmt: skip
    return {
        "metric": headline.name,
        "mode": headline.mode,
        "split": split,
        "difference": found.difference,
        "confidence": settings.confidence,
        "interval": [found.lo, found.hi],
    }


def _fidelity(build: Builder, verdicts: Verdicts, split: str) -> dict[str, Any] | None:
    if "student" not in verdicts:
        return None
    student, teacher = (verdicts[who][split].rows for who in ("student", "teacher"))
    if student.shape != teacher.shape:
        return None  # another tokenizer cuts a text into other rows
    if build.task.writes:
        return {"split": split, "agreement": float((student[:, 1] == teacher[:, 1]).float().mean())}
    kind = build.task.kind
    errors = {who: fidelity.calibration(kind, each[split].rows, each[split].labels) for who, each in verdicts.items()}
    return {"split": split, **fidelity.compare(kind, student, teacher), "calibration_error": errors}
