"""A teacher is asked about some rows before a student learns from it: it may not be worth it.

One that is said to be fine-tuned is asked before anything is trained, since it may not be what it is said to be; one
that the run fine-tunes, before anybody learns from it.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset, concatenate_datasets
from torch import Tensor, nn
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
from distill.models.checkpoint_fitting import output_names, token_count
from distill.models.finite_values import floor_negative_infinity
from distill.models.forward import forward_errors, outputs, select_columns
from distill.stages.job import RunSpec
from distill.training.trainer import on_gpu
from distill.types import FLOOR

log = logging.getLogger(__name__)

_ROWS = 200
_LEAST = 50
"""Rows that are asked for whatever it takes, as far as there are so many."""
_OPERATIONS = 1e12
"""Multiplications beyond which no more rows are asked for: seconds on two cores."""
_AT_ONCE = 16
_KNOWN = 2000
"""Examples of train whose tokens are counted."""
_TOLERANCE = 1e-2
"""Difference of a logit, alone and beside a longer text, that rounding does not explain, as a share of the largest."""


@dataclass(frozen=True)
class Asked:
    """A teacher and some rows.

    Attributes:
        spec: of a run in which it is the only teacher.
        examples: makes batches.
        key: of its settings.
        model: in eval mode.
        tokenizer: its own.
        columns: its outputs in the order of the task's.
    """

    spec: RunSpec
    examples: ExamplePipeline
    key: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    columns: Sequence[int] | None

    @property
    def name(self) -> str:
        """What the user called it."""
        if not self.spec.config.teacher.finetuned:
            return f"{self.key} as fine-tuned here"
        return f"{self.key}.model={self.spec.config.teacher.model}"


def check_teacher(
    spec: RunSpec, examples: ExamplePipeline, who: str, inputs: Mapping[str, Path] | None = None
) -> str | None:
    """Ask a teacher about some rows of validation.

    Args:
        spec: of a run in which it is the only teacher.
        examples: makes batches of its examples.
        who: its name among several.
        inputs: the stage that fine-tuned it, by name, where the run did.

    Returns:
        What was accepted, a sentence; none where there is nothing to accept.

    Raises:
        ModelError: it answers no better than who has not read them, or on another scale, and that is not accepted; or
            its answers are not finite.
    """
    key = "teacher" if who == FIRST else f"more_teachers.{who}"
    asked = _loaded(spec, examples, key, inputs or {})
    rows, source = _drawn(spec)
    features = examples.encode(rows, asked.tokenizer)
    rows, features = _affordable(asked.model, rows, features)
    said = _answers(asked, features)
    verdict = _alone_alike(asked, features) or _verdict(asked, rows, [said[number] for number in rows["key"][:]])
    sentence = f"{asked.name}: of {len(rows)} rows of {source}, the teacher {verdict.said}"
    if not verdict.refused:
        log.log(logging.WARNING if verdict.hardly else logging.INFO, "%s", sentence)
        return None
    accepted = f"{key}.accept=true"
    if spec.config.teacher.accept:
        log.warning("%s; gone on with, %s", sentence, accepted)
        return f"{sentence}; gone on with, {accepted}"
    if not spec.config.teacher.finetuned:
        raise ModelError(
            f"{sentence}, so a student would learn nothing from it; fine-tune it for longer (finetune.max_epochs, "
            f"finetune.min_steps), give it more data or a pretrained model (teacher.model), or go on with {accepted}"
        )
    raise ModelError(
        f"{sentence}; {_hint(asked, verdict)}give the checkpoint that was fine-tuned for this data, fine-tune it here "
        f"without {key}.finetuned=true, or go on with {accepted}"
    )


def _hint(asked: Asked, verdict: Verdict) -> str:
    """The names that would make sense of the teacher's outputs, if there are such."""
    if not verdict.exchanged or asked.columns is None:
        return ""
    labels, given = asked.spec.data.labels, asked.spec.config.teacher.labels
    hint = f"its outputs seem to be named wrongly: with others it would get {verdict.would:.1%} right; "
    if asked.spec.setup.outputs != list(labels):
        return hint
    names = list(given) or output_names(asked.model.config)
    for column, number in zip(asked.columns, verdict.exchanged, strict=True):
        names[column] = labels[number]
    return f"{hint}{asked.key}.labels=[{','.join(names)}] names them so; "


def _loaded(spec: RunSpec, examples: ExamplePipeline, key: str, inputs: Mapping[str, Path]) -> Asked:
    held = spec.sources.model(spec.decisions.teacher, inputs)
    tokenizer = spec.sources.tokenizer(held.folder)
    model = loading.load_model(held.folder, spec.setup.task.head, tokenizer=tokenizer)
    if on_gpu(spec.config.trainer.accelerator):
        model.to("cuda")  # type: ignore[arg-type]
    model.train(False)
    return Asked(spec, examples, key, model, tokenizer, output_columns(spec.setup, held))


def _drawn(spec: RunSpec) -> tuple[Dataset, str]:
    """Some rows of validation, and of train where that has few, of each label alike; and what they are rows of."""
    rows, source = spec.data.splits["validation"], "validation"
    if len(rows) < _LEAST:
        train = spec.data.splits["train"]
        if rows.features == train.features:
            rows, source = concatenate_datasets([rows, train]), "validation and train"
    order = np.random.default_rng(spec.config.seed).permutation(len(rows)).tolist()
    if spec.setup.task.kind == "class" and spec.setup.task.class_axis == "labels" and not spec.setup.task.windows:
        order = _in_turn(order, rows["label"][:])
    return rows.select(order[:_ROWS]), source


def _in_turn(order: Sequence[int], labels: Sequence[int]) -> list[int]:
    """The same numbers, so that each label comes in its turn as long as there are any.

    >>> _in_turn([0, 1, 2, 3], [7, 7, 7, 8])
    [0, 3, 1, 2]
    """
    turns: dict[int, int] = defaultdict(int)
    placed = []
    for number in order:
        placed.append((turns[labels[number]], labels[number], number))
        turns[labels[number]] += 1
    return [number for _, _, number in sorted(placed, key=lambda each: each[:2])]


def _affordable(model: PreTrainedModel, rows: Dataset, features: Dataset) -> tuple[Dataset, Dataset]:
    """The first of the rows that together do not take too long, and their features."""
    embedded = {each.weight for each in model.modules() if isinstance(each, nn.Embedding)}
    weights = loading.parameters(model) - sum(weight.numel() for weight in embedded)
    lengths: dict[int, int] = defaultdict(int)
    for key, ids in zip(features["key"], features["input_ids"], strict=True):
        lengths[key] += len(ids)
    spent = np.cumsum([lengths[key] * weights for key in rows["key"][:]])
    many = max(min(_LEAST, len(rows)), int((spent <= _OPERATIONS).sum()))
    kept = rows.select(range(many))
    keys = set(kept["key"][:])
    return kept, features.select([number for number, key in enumerate(features["key"]) if key in keys])


@torch.inference_mode()
def _rows(asked: Asked, features: Mapping[str, Any]) -> list[Tensor]:
    """What the teacher says of each feature, ``[rows, classes]``; of written tokens their cost, and its guess.

    Raises:
        ModelError: a number is not finite.
    """
    spec, model = asked.spec, asked.model
    batch = {
        name: each.to(model.device)
        for name, each in asked.examples.collate(asked.tokenizer)(features, Place(())).items()
    }
    with forward_errors(asked.name):
        logits = outputs(model, batch).logits
    rows, labels = spec.setup.align(select_columns(logits, asked.columns), batch)
    rows = floor_negative_infinity(rows.float())
    if spec.setup.task.writes:  # of all that could be written some may be ruled out
        rows = cost_and_guess(rows, labels, batch)["values"]
    if not bool(rows.isfinite().all()):
        raise ModelError(f"{asked.name}: the teacher answers a row of validation with numbers that are not finite")
    return list(torch.split(rows.cpu(), features["count"]))


def _answers(asked: Asked, features: Dataset) -> dict[int, Tensor]:
    """All rows of each example, by key."""
    found: dict[tuple[int, int], Tensor] = {}
    for numbers in _batches(features):
        some = features[numbers]
        found |= dict(zip(zip(some["key"], some["first"], strict=True), _rows(asked, some), strict=True))
    parts: dict[int, list[Tensor]] = defaultdict(list)
    for key, first in sorted(found):
        parts[key].append(found[key, first])
    return {key: torch.cat(each) for key, each in parts.items()}


def _batches(features: Dataset) -> Iterator[list[int]]:
    """Numbers of features of similar lengths."""
    lengths = [len(ids) for ids in features["input_ids"]]
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    for start in range(0, len(order), _AT_ONCE):
        yield order[start : start + _AT_ONCE]


def _alone_alike(asked: Asked, features: Dataset) -> Verdict | None:
    """Refuse a teacher that answers the shortest text otherwise beside the longest."""
    lengths = [len(ids) for ids in features["input_ids"]]
    shortest, longest = int(np.argmin(lengths)), int(np.argmax(lengths))
    if lengths[shortest] == lengths[longest]:
        return None
    alone, beside = _rows(asked, features[[shortest]])[0], _rows(asked, features[[shortest, longest]])[0]
    if asked.spec.setup.task.writes:
        alone, beside = alone[:, :1], beside[:, :1]
    worst = float((alone - beside).abs().max())
    if worst <= _TOLERANCE * max(1.0, float(alone[alone > FLOOR].abs().max())):
        return None
    return Verdict(
        f"answers one otherwise beside a longer text than alone (a logit differs by {worst:.3g}), so that what fills "
        "up a batch decides", refused=True,
    )  # fmt: skip


def _verdict(asked: Asked, rows: Dataset, said: Sequence[Tensor]) -> Verdict:
    """What the answers ``said``, one for each row, are worth."""
    spec, table = asked.spec, rows[:]
    if spec.setup.task.writes:
        return _of_tokens(asked, rows, said)
    names, metrics = spec.data.labels, spec.metrics
    records = spec.setup.decode(said, table, asked.tokenizer)
    found, right = spec.setup.predictions(records), spec.setup.references(table)
    if spec.setup.task.kind == "score":
        return chance.scores(np.asarray(found, dtype=np.float64), np.asarray(right, dtype=np.float64))
    if spec.setup.task.kind == "labels":
        return chance.decisions(np.asarray(found), np.asarray(right), metrics, names)
    if spec.setup.task.class_axis == "tokens":
        return chance.spans(found, right, table["context"], metrics, spec.config.seed)
    score, constant = chance.beside_guesses(metrics, found, right, names, spec.config.seed)
    if spec.setup.task.windows:
        found = torch.cat([each.argmax(dim=-1) for each in said]).tolist()
        right = list(chain(*table["label"]))
    unit = "all words" if spec.setup.task.windows else ""
    return chance.labels(np.asarray(found), np.asarray(right), names, spec.metrics.HEADLINE.name, score, constant, unit)


def _of_tokens(asked: Asked, rows: Dataset, said: Sequence[Tensor]) -> Verdict:
    train = asked.spec.data.splits["train"]
    known = asked.examples.encode(train.select(range(min(len(train), _KNOWN))), asked.tokenizer)["targets"]
    right = asked.examples.encode(rows, asked.tokenizer)["targets"]
    cost = float(torch.cat(list(said))[:, 0].mean())
    return chance.tokens(cost, chain(*right), chain(*known), token_count(asked.tokenizer))
