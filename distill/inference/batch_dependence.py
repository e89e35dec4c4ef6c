"""Find out whether a model gives an example the same answer whatever batch it stands in."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from datasets import Dataset
from torch import Tensor

from distill.base import long_work
from distill.data.batching import Place
from distill.data.example_pipeline import ExamplePipeline
from distill.inference.pass_loop import EVERY_LOGIT, asks_rows
from distill.inference.runtime import CPU, FinishedModel, Runtime
from distill.tasks.collating import FILL
from distill.tasks.setup import TaskSetup
from distill.types import MODEL_INPUTS, Batch

_TOGETHER = 32
"""Features of a random batch, and of one that is padded."""
_AT_ONCE = 1000
"""Examples that are decoded together."""
_SAME_SCORE = 1e-3
"""The difference of two scores up to which they count as one answer."""


@dataclass(frozen=True)
class BatchChanges:
    """How many decisions change with the batch, of so many examples, and the largest change of a logit.

    Attributes:
        examples: how many were asked.
        alone: decisions that change where an example stands alone.
        random: those that change in random batches.
        padded: those that change in batches that are padded to the limit.
        largest_change: of a logit, in any of these.
    """

    examples: int
    alone: int
    random: int
    padded: int
    largest_change: float

    @property
    def most(self) -> int:
        """Return the most decisions that changed, of the three ways."""
        return max(self.alone, self.random, self.padded)


@dataclass(frozen=True)
class Answers:
    """The answers that a model gave to a split in the batches of scoring.

    Attributes:
        rows: rows of logits of each example, ``[n, classes]``.
        predictions: the decision on each example.
    """

    rows: Sequence[Tensor]
    predictions: Sequence[Any]


@dataclass(frozen=True)
class BatchProbe:
    """A model that is asked about a split again, in other batches.

    Attributes:
        setup: the task with its labels; one that reads.
        model: the finished model.
        rows: the split.
        examples: makes features and batches.
        seed: of the random batches.
    """

    setup: TaskSetup
    model: FinishedModel
    rows: Dataset
    examples: ExamplePipeline
    seed: int = field(default=0)

    def changes(self, expected: Answers) -> BatchChanges:
        """Return what changes where every example stands alone, in random batches, and padded to the limit."""
        count = len(self._features)
        order = np.random.default_rng(self.seed).permutation(count).tolist()
        padded = [list(range(start, min(count, start + _TOGETHER))) for start in range(0, count, _TOGETHER)]
        mixed = [order[start : start + _TOGETHER] for start in range(0, count, _TOGETHER)]
        found = [
            self._compare(expected, [[number] for number in range(count)], _as_it_is),
            self._compare(expected, mixed, _as_it_is),
            self._compare(expected, padded, self._to_the_limit),
        ]
        (alone, random, at_limit), largest = (list(column) for column in zip(*found, strict=True))
        return BatchChanges(len(self.rows), alone, random, at_limit, max(largest))

    @cached_property
    def _features(self) -> Dataset:
        return self.examples.encode(self.rows, self.model.tokenizer)

    def _compare(
        self, expected: Answers, places: Sequence[Sequence[int]], change: Callable[[Batch], Batch]
    ) -> tuple[int, float]:
        """Return how many decisions change in these batches, and the largest change of a logit."""
        rows = list(self._asked(places, change))
        largest = max(float((one - other).abs().max()) for one, other in zip(rows, expected.rows, strict=True))
        pairs = zip(self._decided(rows), expected.predictions, strict=True)
        return sum(not _same(one, other) for one, other in pairs), largest

    @torch.inference_mode()
    def _asked(self, places: Sequence[Sequence[int]], change: Callable[[Batch], Batch]) -> Iterator[Tensor]:
        """Yield the rows of each example, in the order of the split."""
        collate, ask = (
            self.examples.collate(self.model.tokenizer),
            asks_rows(self._runtime, self.setup.align, EVERY_LOGIT),
        )
        found: dict[tuple[int, int], Tensor] = {}
        for numbers in long_work.counted(places, "asking in other batches", len(places), "batches"):
            kept, columns = ask(change(collate(self._features[list(numbers)], Place(tuple(numbers)))))
            keys = zip(kept["key"].tolist(), kept["first"].tolist(), strict=True)
            found.update(zip(keys, torch.split(columns["values"], kept["count"].tolist()), strict=True))
        firsts: dict[int, list[int]] = {}
        for key, first in sorted(found):
            firsts.setdefault(key, []).append(first)
        for key in self.rows["key"]:
            yield torch.cat([found[key, first] for first in firsts[key]])

    @cached_property
    def _runtime(self) -> Runtime:
        return self.model.open(CPU)

    def _decided(self, rows: Sequence[Tensor]) -> Iterator[Any]:
        for start in range(0, len(self.rows), _AT_ONCE):
            chunk: Mapping[str, Any] = self.rows[start : start + _AT_ONCE]
            answers = [answer.numpy() for answer in rows[start : start + _AT_ONCE]]
            records = self.setup.decode(answers, chunk, self.model.tokenizer)
            yield from self.setup.predictions(records)

    def _to_the_limit(self, batch: Batch) -> Batch:
        """Return a batch padded to the task's limit of length."""
        more = self.setup.spec.max_length - batch["input_ids"].shape[1]
        fills = {**FILL, **dict.fromkeys(MODEL_INPUTS, 0), "input_ids": self.model.tokenizer.pad_token_id}
        wider = {name: F.pad(batch[name], (0, more), value=fill) for name, fill in fills.items() if name in batch}
        return {**batch, **wider}


def _same(one: object, other: object) -> bool:
    """Return whether two decisions are one; scores are, where no user would tell them apart."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, abs_tol=_SAME_SCORE)
    return one == other


def _as_it_is(batch: Batch) -> Batch:
    return batch
