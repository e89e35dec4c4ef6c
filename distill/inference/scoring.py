"""Score a finished model on a split: collect its outputs, decode them, and compute the metrics."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from distill.inference.output_pass import OutputPass, StoredOutputs
from distill.inference.output_store import OutputStore
from distill.inference.pass_loop import EVERY_LOGIT, Kept
from distill.inference.reductions import cost_and_guess
from distill.inference.runtime import FinishedModel
from distill.metrics import Scored
from distill.tasks import Columns, Features, Record
from distill.tasks.setup import TaskSetup

_AT_ONCE = 1000
"""Examples that are decoded together."""
_COST_AND_GUESS = Kept(cost_and_guess, "cost and guess")


@dataclass(frozen=True)
class ModelOutputs:
    """A model's outputs on a split.

    Attributes:
        rows: what it says of each row; for tasks that write, only the cost of the true token and its own guess.
        written: what it wrote, for tasks that write.
    """

    rows: StoredOutputs
    written: OutputStore | None = None


@dataclass(frozen=True)
class SplitScore:
    """A model's outputs on a split, scored.

    Attributes:
        scored: the metrics.
        rows: ``[rows, classes]``, what was kept of all rows, example by example.
        labels: the labels of the rows, ``[rows]``.
        predictions: of each example, as metrics read them.
        counts: how many of the rows each example has.
    """

    scored: Scored
    rows: Tensor
    labels: Tensor
    predictions: Sequence[Any] = ()
    counts: Sequence[int] = ()


def kept_for_scoring(setup: TaskSetup) -> Kept:
    """Return what scoring reads of rows: all logits; of a vocabulary only the label's loss and a guess."""
    return _COST_AND_GUESS if setup.task.writes else EVERY_LOGIT


def collect_outputs(outputs: OutputPass, model: FinishedModel, examples: Dataset, folder: Path) -> ModelOutputs:
    """Return a model's outputs on a split, computed on every rank and kept in ``folder``."""
    rows = outputs.rows(model, examples, folder / "rows", kept_for_scoring(outputs.setup))
    if not outputs.setup.task.writes:
        return ModelOutputs(rows)
    return ModelOutputs(rows, outputs.written(model, examples, folder / "written"))


def score_split(
    setup: TaskSetup,
    metrics: ModuleType,
    examples: Dataset,
    answered: ModelOutputs,
    tokenizer: PreTrainedTokenizerBase,
    encode: Callable[[Dataset, PreTrainedTokenizerBase], Dataset],
) -> SplitScore:
    """Return the scores of a model's outputs on a split, which are decoded for that.

    Args:
        setup: the task with its labels.
        metrics: module of ``distill.metrics`` that scores the task.
        examples: the rows of the split.
        answered: the model's outputs.
        tokenizer: the model's tokenizer.
        encode: makes features of examples, with their targets.
    """
    records, rows_of_split = decoded(setup, examples, answered, tokenizer)
    scored, predictions = score_records(setup, metrics, examples[:], records)
    targets = encode(examples, tokenizer)["targets"]
    labels = torch.tensor([target for row in targets for target in row])
    return SplitScore(scored, torch.cat(rows_of_split), labels, predictions, list(map(len, rows_of_split)))


def decoded(
    setup: TaskSetup, examples: Dataset, answered: ModelOutputs, tokenizer: PreTrainedTokenizerBase
) -> tuple[list[Record], list[Tensor]]:
    """Return what a user is told of each example, and the rows ``[n, width]`` that a model's outputs have of it.

    Args:
        setup: the task with its labels.
        examples: the rows of the split.
        answered: the model's outputs.
        tokenizer: the model's tokenizer.
    """
    records: list[Record] = []
    rows_of_split: list[Tensor] = []
    for chunk in _chunks(examples):
        keys = torch.tensor(chunk["key"])
        rows = answered.rows.examples(keys)
        answers = rows if answered.written is None else answered.written.examples(keys)
        told = setup.decode([answer.numpy() for answer in answers], chunk, tokenizer)
        if answered.written is not None:
            told = [{**record, **_cost(row)} for record, row in zip(told, rows, strict=True)]
        records += told
        rows_of_split += rows
    return records, rows_of_split


def score_records(
    setup: TaskSetup, metrics: ModuleType, examples: Columns, records: Sequence[Record]
) -> tuple[Scored, list[Any]]:
    """Return the scores of what was decoded for some examples, and what metrics read of it.

    Args:
        setup: the task with its labels.
        metrics: module of ``distill.metrics`` that scores the task.
        examples: with their labels.
        records: one for each of them.
    """
    predictions, groups = setup.predictions(records), setup.task.groups(examples)
    return metrics.score(predictions, setup.references(examples), setup.labels, groups), predictions


def _cost(rows: Tensor) -> dict[str, float]:
    return {"nll": float(rows[:, 0].sum()), "tokens": len(rows)}


def _chunks(examples: Dataset) -> Iterator[Features]:
    for start in range(0, len(examples), _AT_ONCE):
        yield examples[start : start + _AT_ONCE]
