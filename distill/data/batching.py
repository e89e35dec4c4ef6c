"""The batches of training, a pure function of (seed, epoch, step), and a loader that can stop anywhere.

One optimiser step sees a *group*: ``batch_size`` examples for each of its *parts*, where the parts are the
micro-batches of all ranks under gradient accumulation. The group does not depend on how it is cut into parts, so
1 x 32 = 2 x 16 = 2 ranks x 16.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from distill.base.signals import left_to_the_parent
from distill.types import Batch

Array: TypeAlias = NDArray[np.int64]

Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""Features of some examples: the name of each column to a list with a value for each example."""
_POOL = 32
"""Groups that are sorted by length together: more wastes less on padding, fewer mixes lengths better."""


@dataclass(frozen=True)
class Place:
    """One micro-batch: the numbers of its rows, its epoch, and how much of each unit its whole step counts.

    The epoch is for a collation that draws at random, such as masking.
    """

    rows: tuple[int, ...]
    epoch: int = 0
    totals: Mapping[str, float] = field(default_factory=dict)


class Rows(Protocol):
    """Examples that can be read by their numbers, as a ``datasets.Dataset`` can."""

    def __len__(self) -> int:
        """Return how many examples there are."""

    def __getitem__(self, rows: list[int]) -> Columns:
        """Return the columns of the examples with these numbers."""


def shuffled_groups(
    lengths: Array, *, batch_size: int, batch_tokens: int | None, parts: int, seed: int, epoch: int
) -> list[Array]:
    """Draw the groups of one epoch: arrays of at most ``batch_size * parts`` row numbers, sorted by length.

    Every row stands in one group. Only where fewer rows than ``parts`` would be left for a group do these sit this
    epoch out, other ones each time.

    Args:
        lengths: tokens of each row.
        batch_size: rows of a part at most.
        batch_tokens: padded tokens of a part at most, or none; a single row may be longer.
        parts: ranks times accumulated micro-batches.
        seed: of the run.
        epoch: from 0.
    """
    draw = np.random.default_rng((seed, epoch))
    order = draw.permutation(len(lengths))
    # A budget of tokens cuts the same number of groups each epoch only where all rows are sorted together.
    pool = _POOL * batch_size * parts if batch_tokens is None else len(order)
    groups: list[Array] = []
    for start in range(0, len(order), pool):
        window = order[start : start + pool]
        window = window[np.argsort(lengths[window], kind="stable")]
        groups.extend(_cut(window, lengths, batch_size, batch_tokens, parts))
    groups = [group for group in groups if len(group) >= parts]
    return [groups[index] for index in draw.permutation(len(groups))]


def _cut(window: Array, lengths: Array, batch_size: int, batch_tokens: int | None, parts: int) -> Iterator[Array]:
    start = 0
    while start < len(window):
        stop = min(start + batch_size * parts, len(window))
        if batch_tokens is not None:  # rows are sorted, so the last one gives the padded length
            while stop - start > parts and -(-(stop - start) // parts) * lengths[window[stop - 1]] > batch_tokens:
                stop -= 1
        yield window[start:stop]
        start = stop


def training_places(
    groups: Sequence[Array], counts: Mapping[str, Array], *, accumulate: int, world: int, rank: int, epoch: int
) -> list[Place]:
    """Return the micro-batches of one rank in an epoch, in order: ``accumulate`` of them for each group.

    Args:
        groups: rows seen by one optimiser step.
        counts: unit (labels, rows, tokens) to how many of it each row has.
        accumulate: micro-batches a rank sees for one step.
        world: number of ranks.
        rank: this one.
        epoch: from 0.
    """
    parts = accumulate * world
    places = []
    for group in groups:
        totals = {"parts": float(parts), **{unit: float(count[group].sum()) for unit, count in counts.items()}}
        for step in range(accumulate):
            rows = group[rank * accumulate + step :: parts]
            places.append(Place(tuple(rows.tolist()), epoch, totals))
    return places


def scoring_places(lengths: Array, *, batch_size: int, world: int, rank: int) -> list[Place]:
    """Return micro-batches in which every row stands once over all ranks, rows of similar length together.

    The longest come first, and no row is repeated to make the ranks' shares equal. All ranks have as many batches,
    unless there are fewer rows than ranks: those that share a model's weights out ask it together. So the last batch of
    a rank may hold one row more.
    """
    order = np.argsort(-lengths, kind="stable")
    starts = list(range(0, len(order), batch_size * world))
    if len(starts) > 1 and len(order) - starts[-1] < world:  # too few for a row each
        starts.pop()
    chunks = np.split(order, starts[1:]) if starts else []
    return [Place(tuple(mine.tolist())) for chunk in chunks if len(mine := chunk[rank::world])]


class Examples(Dataset[Batch]):
    """A data set of which each item is a whole batch, collated in whichever process loads it."""

    def __init__(self, rows: Rows, collate: Callable[[Columns, Place], Batch]) -> None:
        """Keep the table of features, and the function that makes a batch of some of its rows."""
        self.rows, self.collate = rows, collate

    def __getitem__(self, place: Place) -> Batch:
        """Return the batch of the rows at ``place``."""
        return self.collate(self.rows[list(place.rows)], place)


class Batches:
    """An endless iterator over epochs that can stop after any batch and go on there later.

    Lightning saves and restores it by ``state_dict``.

    Attributes:
        epoch: of the next batch.
        position: of the next batch in its epoch.
        step: all micro-batches of the optimiser step that the latest one belongs to, as they lie in memory.
    """

    def __init__(
        self,
        examples: Examples,
        places: Callable[[int], list[Place]],
        accumulate: int,
        workers: int = 0,
        *,
        pinned: bool = False,
    ) -> None:
        """Keep what gives the micro-batches of an epoch, and how many of them make one optimiser step.

        ``places(epoch)`` returns the micro-batches of an epoch, as many in each; ``accumulate`` of them are a step.
        ``pinned`` ones lie where a GPU copies them from while it computes.
        """
        self.pinned = pinned
        self.examples, self.places, self.workers, self.accumulate = examples, places, workers, accumulate
        self.epoch = self.position = 0
        self.step: tuple[Batch, ...] = ()
        self._length = len(places(0))

    def __len__(self) -> int:
        """Return the number of micro-batches in an epoch."""
        return self._length

    def __iter__(self) -> Iterator[Batch]:
        """Yield the rest of the current epoch; after its last batch the next epoch begins."""
        epoch, rest = self.epoch, self.places(self.epoch)[self.position :]
        loader = iter(
            DataLoader(
                self.examples,
                sampler=rest,
                batch_size=None,
                num_workers=self.workers,
                worker_init_fn=left_to_the_parent,
                pin_memory=self.pinned,
            )
        )
        while step := tuple(islice(loader, self.accumulate)):
            self.step = step
            for batch in step:
                self.position += 1
                if self.position == len(self):  # said before the batch is used: Lightning never asks for one more
                    self.epoch, self.position = epoch + 1, 0
                yield batch

    def state_dict(self) -> dict[str, int]:
        """Return the epoch of the next batch and its position there, for a checkpoint."""
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Continue at the batch that was next when ``state_dict`` was called."""
        self.epoch, self.position = state["epoch"], state["position"]
