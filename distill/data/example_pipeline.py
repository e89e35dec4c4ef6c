"""From examples to batches: tokens by a task's encoding, padding, and the share of this process."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from datasets import Dataset
from torch.utils.data import DataLoader
from transformers import PreTrainedTokenizerBase

from distill.base import long_work
from distill.base.long_work import Work
from distill.base.signals import left_to_the_parent
from distill.data.arrow import keeping
from distill.data.batching import (
    Array,
    Batches,
    Columns,
    Examples,
    Place,
    scoring_places,
    shuffled_groups,
    training_places,
)
from distill.types import MODEL_INPUTS, Batch

Encode: TypeAlias = Callable[[Mapping[str, Sequence[Any]], PreTrainedTokenizerBase], dict[str, list[Any]]]
"""Features of some examples, given as columns, by a tokenizer."""
Collate: TypeAlias = Callable[[Columns, Place], Batch]
"""A batch of some features and the place that they were drawn for."""

_SAMPLED_TOKENS = 4096
"""Tokens of a sample: several times as many as states are wide, and still in memory with all layers."""
_AT_ONCE = 16


@dataclass(frozen=True)
class Sharding:
    """How much a process sees at once, and which process of how many it is.

    Attributes:
        batch_size: rows at most.
        batch_tokens: padded tokens at most, or none.
        workers: processes that prepare batches.
        world: processes that train together.
        rank: this one among them.
        pinned: whether batches lie where a GPU copies them from while it computes.
    """

    batch_size: int
    batch_tokens: int | None = None
    workers: int = 0
    world: int = 1
    rank: int = 0
    pinned: bool = False


@dataclass(frozen=True)
class ExamplePipeline:
    """Turns a run's examples into batches, the same for the same seed on any number of processes.

    Attributes:
        encoder: features of examples, with targets where the examples have some.
        prompter: features from which targets are written; none where nothing is written.
        collator: makes a batch of features; it takes ``pad_id``, ``teacher_pad_id`` and ``side`` by name.
        sharding: what this process sees.
        accumulate: micro-batches of this process in an optimiser step.
        seed: of the run.
    """

    encoder: Encode
    prompter: Encode | None
    collator: Callable[..., Batch]
    sharding: Sharding
    accumulate: int
    seed: int

    def encode(
        self, rows: Dataset, tokenizer: PreTrainedTokenizerBase, teacher: PreTrainedTokenizerBase | None = None
    ) -> Dataset:
        """Return the features of examples, with ``teacher_*`` columns where the teacher reads other tokens."""
        features = _mapped(self.encoder, rows, tokenizer)
        if teacher is None:
            return features
        of_teacher = _mapped(self.encoder, rows, teacher)
        for name in (each for each in MODEL_INPUTS if each in of_teacher.column_names):
            features = features.add_column(f"teacher_{name}", of_teacher[name])
        return features

    def prompts(self, rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
        """Return the features of the inputs alone, from which a model writes its targets.

        Raises:
            TypeError: nothing is written in this task.
        """
        if self.prompter is None:
            raise TypeError("the task writes nothing")
        return _mapped(self.prompter, rows, tokenizer)

    def collate(
        self, tokenizer: PreTrainedTokenizerBase, teacher: PreTrainedTokenizerBase | None = None, side: str = "right"
    ) -> Collate:
        """Return the function that makes a batch of features, padded on one ``side``."""
        pads = {"pad_id": tokenizer.pad_token_id, "teacher_pad_id": (teacher or tokenizer).pad_token_id}
        return functools.partial(self.collator, **pads, side=side)

    def training_batches(self, rows: Dataset, collate: Collate, counts: Mapping[str, Array]) -> Batches:
        """Return batches of similar lengths, in an order that depends on seed and epoch alone.

        Args:
            rows: features.
            collate: how they become a batch.
            counts: unit to how many of it each row has; ``tokens`` decides on what is similar.
        """
        sharding, accumulate, seed = self.sharding, self.accumulate, self.seed

        def places(epoch: int) -> list[Place]:
            groups = shuffled_groups(
                counts["tokens"],
                batch_size=sharding.batch_size,
                batch_tokens=sharding.batch_tokens,
                parts=accumulate * sharding.world,
                seed=seed,
                epoch=epoch,
            )
            return training_places(
                groups, counts, accumulate=accumulate, world=sharding.world, rank=sharding.rank, epoch=epoch
            )

        return Batches(Examples(rows, collate), places, accumulate, sharding.workers, pinned=sharding.pinned)

    def sample(self, rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> list[Batch]:
        """Return some batches of examples, on the CPU, drawn by the seed alone."""
        order = np.random.default_rng(self.seed).permutation(len(rows))
        collate, batches, tokens = self.collate(tokenizer), [], 0
        for start in range(0, len(order), _AT_ONCE):
            features = self.encode(rows.select(order[start : start + _AT_ONCE]), tokenizer)
            batches.append(collate(features[:], Place(())))
            tokens += int(batches[-1]["attention_mask"].sum())
            if tokens >= _SAMPLED_TOKENS:
                break
        return batches

    def scoring_batches(self, rows: Dataset, collate: Collate) -> DataLoader[Batch]:
        """Return batches in which every row stands once over all ranks, rows of similar lengths together."""
        lengths = np.asarray([len(ids) for ids in rows["input_ids"]])
        sharding = self.sharding
        places = scoring_places(lengths, batch_size=sharding.batch_size, world=sharding.world, rank=sharding.rank)
        return DataLoader(
            Examples(rows, collate),
            sampler=places,
            batch_size=None,
            num_workers=sharding.workers,
            worker_init_fn=left_to_the_parent,
            pin_memory=sharding.pinned,
        )


def _mapped(encode: Encode, rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> Dataset:
    with keeping(), long_work.work("encoding", len(rows), "rows") as work:
        counted = _Counted(encode, work)
        return rows.map(counted, batched=True, remove_columns=rows.column_names, fn_kwargs={"tokenizer": tokenizer})


class _Counted:
    """An encoding that counts the rows that it has read; for the cache of ``datasets`` it is the encoding alone."""

    def __init__(self, encode: Encode, work: Work | None = None) -> None:
        """Keep the encoding, and the work that counts."""
        self._encode, self._work, self._count = encode, work, 0

    def __call__(self, rows: Mapping[str, Sequence[Any]], tokenizer: PreTrainedTokenizerBase) -> dict[str, list[Any]]:
        """Encode some rows."""
        features = self._encode(rows, tokenizer)
        if self._work is not None:
            self._count += len(next(iter(rows.values()), ()))
            self._work.at(self._count)
        return features

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Encode]]:
        """Return what it is made of anew, without the count."""
        return _Counted, (self._encode,)
