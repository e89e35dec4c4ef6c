"""Loaders of a process: its share of each training step, and of each pass that scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

from distill.base.signals import left_to_the_parent
from distill.data.batching import Array, Batches, Examples, Place, scoring_places, shuffled_groups, training_places


@dataclass(frozen=True)
class Share:
    """What a process sees at once, and which one it is.

    Attributes:
        batch_size: rows at most.
        batch_tokens: padded tokens at most, or none.
        workers: processes that prepare batches.
        world: processes that train together.
        rank: this one among them.
    """

    batch_size: int
    batch_tokens: int | None
    workers: int
    world: int
    rank: int


def training_batches(
    examples: Examples, counts: Mapping[str, Array], share: Share, accumulate: int, seed: int
) -> Batches:
    """Batches of similar lengths, in an order that depends on seed and epoch alone.

    Args:
        examples: rows and how they become a batch.
        counts: unit to how many of it each row has; ``tokens`` decides on what is similar.
        share: of this process.
        accumulate: micro-batches it sees for one step.
        seed: of the run.
    """

    def places(epoch: int) -> list[Place]:
        groups = shuffled_groups(
            counts["tokens"], batch_size=share.batch_size, batch_tokens=share.batch_tokens,
            parts=accumulate * share.world, seed=seed, epoch=epoch,
        )  # fmt: skip
        return training_places(groups, counts, accumulate=accumulate, world=share.world, rank=share.rank, epoch=epoch)

    return Batches(examples, places, accumulate, share.workers)


def scoring_batches(examples: Examples, inputs: Sequence[Sequence[int]], share: Share) -> DataLoader[Any]:
    """Every row once over all ranks, by the lengths of their ``inputs``."""
    lengths = np.asarray([len(ids) for ids in inputs])
    places = scoring_places(lengths, batch_size=share.batch_size, world=share.world, rank=share.rank)
    return DataLoader(
        examples, sampler=places, batch_size=None, num_workers=share.workers, worker_init_fn=left_to_the_parent
    )
