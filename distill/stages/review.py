"""Look again at what the models of a run answered, once all stages are finished: for the report alone.

Nothing is asked of a model: the stages keep their answers. So no setting of the report changes a stage's fingerprint.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

from distill.errors import StoreError
from distill.inference import disagreement, scoring
from distill.inference.disagreement import Answered
from distill.inference.runtime import FinishedModel
from distill.metrics import Scored
from distill.metrics.confusion import confusion
from distill.metrics.label_gain import f1_by_label
from distill.report import JsonObject
from distill.stages import calibrating, comparing, exported_formats, kept_outputs
from distill.stages.job import Job, RunSpec
from distill.stages.slicing import by_slice
from distill.tasks import Columns, Record, arrays

_UNREAD = "what the models answered is not read again for the report: {}"
_DIGITS = 6
"""Digits of a probability in the file of examples."""


@dataclass(frozen=True)
class Review:
    """What was found of the models' answers.

    Attributes:
        summary: how often teacher and student part, and in which ways; none where there are not both.
        confusion: how often teacher and student take each label for each other; none without single labels.
        label_gains: the F1 of each label by the student minus that by teacher and control; none without labels.
        calibration: how reliable each model's probabilities are; none where a task gives none.
        examples: the clearest of them, as JSON takes them; with the texts of the data.
        slices: what each model scores on the parts of the rows that the settings name; none where they name none.
        against_teacher: the comparison of each exported form with the teacher.
        notes: what could not be found, each a sentence.
    """

    summary: JsonObject | None = None
    confusion: JsonObject | None = None
    label_gains: JsonObject | None = None
    calibration: JsonObject | None = None
    examples: Sequence[JsonObject] = ()
    slices: JsonObject | None = None
    against_teacher: Mapping[str, JsonObject] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class _Split:
    """The split that the report leads with."""

    name: str
    columns: Columns
    references: Sequence[Any]


def review(evaluated: Job, exported: Job | None, exports: Sequence[str]) -> Review:
    """Return where teacher and student part, and how far each exported form is from the teacher.

    Args:
        evaluated: the finished stage ``evaluate``.
        exported: the finished stage ``export``, if the run has one.
        exports: the formats in its bundle.
    """
    spec = evaluated.spec
    name = "test" if "test" in spec.data.splits else "validation"
    try:
        sliced = by_slice(evaluated, exported, exports, name)
    except StoreError as error:
        return Review(notes=[_UNREAD.format(error)])
    if spec.decisions.first_of("teacher") is None or spec.decisions.first_of("student") is None:
        return Review(slices=sliced)
    columns = spec.data.splits[name][:]
    split = _Split(name, columns, spec.setup.references(columns))
    try:
        models = {
            model: _answered(evaluated, model, split)
            for role in ("teacher", "student", "control")
            if (model := spec.decisions.first_of(role)) is not None
        }
        compared = _against_teacher(evaluated, exported, exports, split)
        reliable = calibrating.calibration(evaluated, exported, exports)
    except StoreError as error:
        return Review(notes=[_UNREAD.format(error)])
    summary, examples = _parted(spec, split, models)
    labelled = disagreement.has_labels(spec.setup)
    return Review(
        summary,
        _confusion(spec, split, models) if labelled else None,
        _label_gains(spec, split, models) if labelled else None,
        reliable,
        examples,
        sliced,
        compared,
    )


def _parted(spec: RunSpec, split: _Split, models: Mapping[str, Answered]) -> tuple[JsonObject, list[JsonObject]]:
    teacher, student = (models[spec.decisions.first_of(role) or ""] for role in ("teacher", "student"))
    found = disagreement.partings(spec.setup, teacher, student)
    chosen = disagreement.spread(found, spec.config.report.examples)
    summary: JsonObject = {
        "split": split.name,
        "examples": len(split.references),
        "part": len(found),
        "kinds": disagreement.kinds(found),
        "shown": len(chosen),
    }
    ids = spec.data.ids.get(split.name)
    rows: list[JsonObject] = [
        {
            "id": each.number + 1 if ids is None else ids[each.number],
            "kind": each.kind,
            "inputs": {role: split.columns[role][each.number] for role in spec.setup.task.inputs},
            "gold": _gold(spec, split.references[each.number]),
            **{name: _rounded(model.records[each.number]) for name, model in models.items()},
        }
        for each in chosen
    ]
    return summary, rows


def _confusion(spec: RunSpec, split: _Split, models: Mapping[str, Answered]) -> JsonObject | None:
    """Return which labels teacher and student take for which; none where an answer is several labels."""
    kind, labels = spec.setup.task.roles.get("label"), spec.setup.labels
    if kind == "labels":
        return None

    def named(label: object) -> object:
        return labels[label] if isinstance(label, int) else label

    pairs = {
        name: confusion(split.references, models[name].by_label)
        for role in ("teacher", "student")
        if (name := spec.decisions.first_of(role)) is not None
    }
    counts = {
        name: [[named(right), named(said), count] for right, said, count in triplets]
        for name, triplets in pairs.items()
    }
    return {"split": split.name, "unit": "words" if kind == "tags" else "examples", "models": counts}


def _label_gains(spec: RunSpec, split: _Split, models: Mapping[str, Answered]) -> JsonObject:
    """Return the F1 of each label by the student minus that by the first teacher and by the control."""
    section, seed = spec.config.evaluate, spec.config.seed
    marks = {name: _scored(spec, split, model.records).marks for name, model in models.items()}
    student = marks[spec.decisions.first_of("student") or ""]
    against: dict[str, JsonObject] = {}
    for role in ("teacher", "control"):
        name = spec.decisions.first_of(role) or ""
        if student is not None and (reference := marks.get(name)) is not None:
            gained = f1_by_label(
                student, reference, resamples=section.resamples, confidence=section.confidence, seed=seed
            )
            against[name] = {
                label: {"difference": gain.difference, "interval": [gain.low, gain.high]}
                for label, gain in gained.items()
            }
    return {"split": split.name, "metric": "f1", "confidence": section.confidence, "against": against}


def _answered(job: Job, name: str, split: _Split) -> Answered:
    """Decode what a compared model answered to a split."""
    spec = job.spec
    row = next(row for row in spec.decisions.compared if row.name == name)
    model, outputs = kept_outputs.evaluated(job, row, split.name)
    records, rows = scoring.decoded(spec.setup, spec.data.splits[split.name], outputs, model.tokenizer)
    if spec.setup.task.roles.get("label") == "tags":
        records = [_with_probabilities(record, some) for record, some in zip(records, rows, strict=True)]
    return disagreement.answered(
        spec.setup, spec.leading, records, split.references, partial(_scored, spec, split, records)
    )


def _scored(spec: RunSpec, split: _Split, records: Sequence[Record]) -> Scored:
    return scoring.score_records(spec.setup, spec.metrics, split.columns, records)[0]


def _with_probabilities(record: Record, rows: Tensor) -> Record:
    """Return a record of tags with the probability of each; ``rows`` are its logits ``[words, tags]``."""
    likely = arrays.softmax(rows.numpy().astype(np.float32)).max(axis=-1)
    return {**record, "probabilities": likely.tolist()}


def _gold(spec: RunSpec, reference: object) -> object:
    """Return what is right as a user says it."""
    kind, labels = spec.setup.task.roles.get("label"), spec.setup.labels
    if kind == "label" and isinstance(reference, int):
        return labels[reference]
    if kind == "labels" and isinstance(reference, list):
        return [name for name, there in zip(labels, reference, strict=True) if there]
    return reference


def _rounded(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return round(value, _DIGITS) if isinstance(value, float) else value


def _against_teacher(
    evaluated: Job, exported: Job | None, exports: Sequence[str], split: _Split
) -> dict[str, JsonObject]:
    """Return the paired comparison of each exported form with the teacher, where a target asks for it."""
    spec = evaluated.spec
    if exported is None or spec.config.target.max_loss is None:
        return {}
    (teacher, *_) = spec.decisions.of_role("teacher")
    examples = spec.data.splits[split.name]

    def scored(model: FinishedModel, outputs: scoring.ModelOutputs) -> Scored:
        records, _ = scoring.decoded(spec.setup, examples, outputs, model.tokenizer)
        return _scored(spec, split, records)

    reference = scored(*kept_outputs.evaluated(evaluated, teacher, split.name))
    return {
        name: {
            **comparing.paired(spec, split.name, scored(*exported_formats.kept(exported, name, split.name)), reference)
        }
        for name in exports
    }
