"""What a finished model is worth on a split: its answers, what they say, and their scores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor

from distill.inference import output_pass
from distill.inference.output_store import OutputStore
from distill.inference.prediction_modules import cost_and_guess
from distill.metrics import Scored
from distill.pipeline.context import Builder

_AT_ONCE = 1000
"""Examples that are decoded together."""
COST_AND_GUESS = "cost and guess"


@dataclass(frozen=True)
class ModelOutputs:
    """A model's answers to a split.

    Attributes:
        rows: what it says of each row; for tasks that write, only the cost of the true token and its own guess.
        written: what it wrote, for tasks that write.
    """

    rows: output_pass.StoredOutputs
    written: OutputStore | None = None


@dataclass(frozen=True)
class SplitScore:
    """A model's answers to a split, in words and in scores.

    Attributes:
        scored: the metrics.
        rows: ``[rows, classes]``, what was kept of all rows, example by example.
        labels: of the rows, ``[rows]``.
    """

    scored: Scored
    rows: Tensor
    labels: Tensor


def answer(
    build: Builder,
    model: output_pass.ModelRef,
    examples: Dataset,
    folder: Path,
    company: output_pass.EnsembleMembers | None = None,
) -> ModelOutputs:
    """Ask a model about a split, on every rank, with its ``company`` as one; ``folder`` keeps the answers."""
    if not build.task.writes:
        return ModelOutputs(output_pass.rows(build, model, examples, folder / "rows", company=company))
    rows = output_pass.rows(build, model, examples, folder / "rows", cost_and_guess, COST_AND_GUESS, company=company)
    return ModelOutputs(rows, output_pass.written(build, model, examples, folder / "written", company))


def judge(build: Builder, model: output_pass.ModelRef, examples: Dataset, answered: ModelOutputs) -> SplitScore:
    """Decode a model's answers to a split and score them."""
    tokenizer, task, labels = build.tokenizer(model.folder), build.task, build.data.labels
    records: list[Mapping[str, Any]] = []
    kept: list[Tensor] = []
    for chunk in _chunks(examples):
        keys = torch.tensor(chunk["key"])
        rows = answered.rows.examples(keys)
        said = rows if answered.written is None else answered.written.examples(keys)
        made = task.decode(said, chunk, tokenizer, build.form)
        if answered.written is not None:
            made = [{**each, **_cost(row)} for each, row in zip(made, rows, strict=True)]
        records += made
        kept += rows
    table = examples[:]
    scored = build.metrics.score(
        task.predictions(records, labels), task.references(table, labels), labels, task.groups(table)
    )
    targets = build.encoded(examples, tokenizer)["targets"]
    return SplitScore(scored, torch.cat(kept), torch.tensor([each for row in targets for each in row]))


def _cost(rows: Tensor) -> dict[str, Any]:
    return {"nll": float(rows[:, 0].sum()), "tokens": len(rows)}


def _chunks(examples: Dataset) -> Iterator[dict[str, Any]]:
    for start in range(0, len(examples), _AT_ONCE):
        yield examples[start : start + _AT_ONCE]
