"""Ask a teacher about some rows before a student learns from it, and judge its answers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.config.ensemble import FIRST
from distill.data.batching import Place
from distill.data.example_pipeline import ExamplePipeline
from distill.errors import ModelError
from distill.inference.reductions import cost_and_guess
from distill.inference.torch_runtime import output_columns
from distill.metrics import chance
from distill.metrics.chance import Verdict
from distill.models import loading
from distill.models.checkpoint_fitting import token_count
from distill.models.finite_values import floor_negative_infinity
from distill.models.forward import forward_errors, outputs, select_columns
from distill.pipeline.checked_rows import affordable_rows, draw_rows, length_sorted_batches
from distill.pipeline.teacher_tags import of_another_scheme
from distill.stages.job import RunSpec
from distill.tasks import Features
from distill.training.trainer import on_gpu
from distill.types import FLOOR

_KNOWN = 2000
"""Examples of train whose tokens are counted."""
_TOLERANCE = 1e-2
"""Difference of a logit, alone and beside a longer text, that rounding does not explain, as a share of the largest."""


@dataclass(frozen=True)
class CheckedTeacher:
    """A teacher in memory and all it takes to ask it about rows.

    Attributes:
        spec: specification of a run in which it is the only teacher.
        examples: makes batches of examples.
        key: section of its settings, such as ``teacher``.
        model: the teacher in eval mode.
        tokenizer: makes what the model reads.
        columns: the model's outputs in the order of the task's.
    """

    spec: RunSpec
    examples: ExamplePipeline
    key: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    columns: Sequence[int] | None

    @property
    def name(self) -> str:
        """The setting that names the teacher, for messages."""
        if not self.spec.config.teacher.finetuned:
            return f"{self.key} as fine-tuned here"
        return f"{self.key}.model={self.spec.config.teacher.model}"


class Asked(NamedTuple):
    """A teacher that was asked about some rows, the verdict on its answers, and that in a sentence."""

    teacher: CheckedTeacher
    verdict: Verdict
    sentence: str


def asked_of_rows(
    spec: RunSpec, examples: ExamplePipeline, name: str, inputs: Mapping[str, Path] | None = None
) -> Asked:
    """Ask a teacher about some rows of validation, and judge its answers; see ``check_teacher``.

    Raises:
        ModelError: its answers are not finite.
    """
    key = "teacher" if name == FIRST else f"more_teachers.{name}"
    teacher = _load_teacher(spec, examples, key, inputs or {})
    rows, source = draw_rows(spec)
    features = examples.encode(rows, teacher.tokenizer)
    rows, features = affordable_rows(teacher.model, rows, features)
    answers = _example_rows(teacher, features)
    verdict = _batch_dependence(teacher, features) or _judge_answers(
        teacher, rows, [answers[key] for key in rows["key"][:]]
    )
    return Asked(teacher, verdict, f"{teacher.name}: of {len(rows)} rows of {source}, the teacher {verdict.said}")


def _load_teacher(spec: RunSpec, examples: ExamplePipeline, key: str, inputs: Mapping[str, Path]) -> CheckedTeacher:
    ref = spec.sources.model(spec.decisions.teacher, inputs)
    tokenizer = spec.sources.tokenizer(ref.folder)
    model = loading.load_model(ref.folder, spec.setup.task.head, tokenizer=tokenizer)
    if on_gpu(spec.config.trainer.accelerator):
        model.to("cuda")  # type: ignore[arg-type]
    model.train(False)
    return CheckedTeacher(spec, examples, key, model, tokenizer, output_columns(spec.setup, ref))


@torch.inference_mode()
def _feature_rows(teacher: CheckedTeacher, features: Features) -> list[Tensor]:
    """Return the teacher's rows of each feature, ``[rows, classes]``; of a vocabulary the label's cost and a guess.

    Raises:
        ModelError: a number is not finite.
    """
    spec, model = teacher.spec, teacher.model
    batch = {
        name: tensor.to(model.device)
        for name, tensor in teacher.examples.collate(teacher.tokenizer)(features, Place(())).items()
    }
    with forward_errors(teacher.name):
        logits = outputs(model, batch).logits
    rows, labels = spec.setup.align(select_columns(logits, teacher.columns), batch)
    rows = floor_negative_infinity(rows.float())
    if spec.setup.task.writes:  # of all that could be written some may be ruled out
        rows = cost_and_guess(rows, labels, batch)["values"]
    if not bool(rows.isfinite().all()):
        raise ModelError(f"{teacher.name}: the teacher answers a row of validation with numbers that are not finite")
    return list(torch.split(rows.cpu(), features["count"]))


def _example_rows(teacher: CheckedTeacher, features: Dataset) -> dict[int, Tensor]:
    """Return all rows of each example, by its key."""
    answered: dict[tuple[int, int], Tensor] = {}
    for batch_numbers in length_sorted_batches(features):
        batch = features[batch_numbers]
        answered |= dict(
            zip(zip(batch["key"], batch["first"], strict=True), _feature_rows(teacher, batch), strict=True)
        )
    parts: dict[int, list[Tensor]] = defaultdict(list)
    for key, first in sorted(answered):
        parts[key].append(answered[key, first])
    return {key: torch.cat(rows) for key, rows in parts.items()}


def _batch_dependence(teacher: CheckedTeacher, features: Dataset) -> Verdict | None:
    """Return a verdict that refuses a teacher that answers the shortest text otherwise beside the longest, or none."""
    lengths = [len(ids) for ids in features["input_ids"]]
    shortest, longest = int(np.argmin(lengths)), int(np.argmax(lengths))
    if lengths[shortest] == lengths[longest]:
        return None
    alone, beside = (
        _feature_rows(teacher, features[[shortest]])[0],
        _feature_rows(teacher, features[[shortest, longest]])[0],
    )
    if teacher.spec.setup.task.writes:
        alone, beside = alone[:, :1], beside[:, :1]
    worst = float((alone - beside).abs().max())
    if worst <= _TOLERANCE * max(1.0, float(alone[alone > FLOOR].abs().max())):
        return None
    return Verdict(
        f"answers one otherwise beside a longer text than alone (a logit differs by {worst:.3g}), so that what fills "
        "up a batch decides",
        refused=True,
    )


def _judge_answers(teacher: CheckedTeacher, rows: Dataset, answers: Sequence[Tensor]) -> Verdict:
    """Judge the teacher's answers, one for each row, by the task's metrics."""
    spec, table = teacher.spec, rows[:]
    if spec.setup.task.writes:
        return _judge_tokens(teacher, rows, answers)
    names, metrics = spec.data.labels, spec.metrics
    records = spec.setup.decode([answer.numpy() for answer in answers], table, teacher.tokenizer)
    predicted, expected = spec.setup.predictions(records), spec.setup.references(table)
    if spec.setup.task.kind == "score":
        return chance.scores(np.asarray(predicted, dtype=np.float64), np.asarray(expected, dtype=np.float64))
    if spec.setup.task.kind == "labels":
        return chance.decisions(np.asarray(predicted), np.asarray(expected), metrics, names)
    if spec.setup.task.class_axis == "tokens":
        return chance.spans(predicted, expected, table["context"], metrics, spec.config.seed)
    score, constant = chance.beside_guesses(metrics, predicted, expected, names, spec.config.seed)
    otherwise = None
    if spec.config.teacher.finetuned and spec.setup.task.metric_module(names) == "entities":
        otherwise = of_another_scheme(metrics, predicted, expected, names, score)
    if spec.setup.task.windows:
        predicted = torch.cat([answer.argmax(dim=-1) for answer in answers]).tolist()
        expected = list(chain(*table["label"]))
    unit = "all words" if spec.setup.task.windows else ""
    verdict = chance.labels(
        np.asarray(predicted), np.asarray(expected), names, spec.metrics.HEADLINE.name, score, constant, unit
    )
    return replace(verdict, said=f"{verdict.said}; {otherwise}", refused=True) if otherwise else verdict


def _judge_tokens(teacher: CheckedTeacher, rows: Dataset, answers: Sequence[Tensor]) -> Verdict:
    train = teacher.spec.data.splits["train"]
    known = teacher.examples.encode(train.select(range(min(len(train), _KNOWN))), teacher.tokenizer)["targets"]
    expected = teacher.examples.encode(rows, teacher.tokenizer)["targets"]
    cost = float(torch.cat(list(answers))[:, 0].mean())
    return chance.tokens(cost, chain(*expected), chain(*known), token_count(teacher.tokenizer))
