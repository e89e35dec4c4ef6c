"""Which examples are seen together, as a pure function of (seed, epoch, step), and the loader that can stop anywhere.

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
    """One micro-batch: its rows, its epoch (for a collation that draws), and what its whole group counts."""

    rows: tuple[int, ...]
    epoch: int = 0
    totals: Mapping[str, float] = field(default_factory=dict)


class Rows(Protocol):
    """Examples by number, as ``datasets.Dataset`` gives them."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, rows: list[int]) -> Columns:
        """The columns of these rows."""


def shuffled_groups(
    lengths: Array, *, batch_size: int, batch_tokens: int | None, parts: int, seed: int, epoch: int
) -> list[Array]:
    """The groups of one epoch, each a sorted-by-length array of at most ``batch_size * parts`` rows.

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
    """The micro-batches of one rank, in order: ``accumulate`` of them for each group.

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
    """Every row once over all ranks, longest together, without padding the number of rows."""
    order = np.argsort(-lengths, kind="stable")
    chunks = (order[start : start + batch_size * world] for start in range(0, len(order), batch_size * world))
    return [Place(tuple(mine.tolist())) for chunk in chunks if len(mine := chunk[rank::world])]


class Examples(Dataset[Batch]):
    """Rows of a table, collated place by place in whichever process loads them."""

    def __init__(self, rows: Rows, collate: Callable[[Columns, Place], Batch]) -> None:
        """Keep the table and how a batch is made of some of its rows."""
        self.rows, self.collate = rows, collate

    def __getitem__(self, place: Place) -> Batch:
        """The batch that lies at ``place``."""
        return self.collate(self.rows[list(place.rows)], place)


class Batches:
    """An endless book of epochs that remembers the page: Lightning saves and restores ``state_dict``.

    Attributes:
        epoch: of the next batch.
        position: of the next batch in its epoch.
        step: all micro-batches of the optimiser step that the latest one belongs to, as they lie in memory.
    """

    def __init__(
        self, examples: Examples, places: Callable[[int], list[Place]], accumulate: int, workers: int = 0
    ) -> None:
        """``places(epoch)`` gives the micro-batches of an epoch, ``accumulate`` a step; as many in each epoch."""
        self.examples, self.places, self.workers, self.accumulate = examples, places, workers, accumulate
        self.epoch = self.position = 0
        self.step: tuple[Batch, ...] = ()
        self._length = len(places(0))

    def __len__(self) -> int:
        """Micro-batches an epoch."""
        return self._length

    def __iter__(self) -> Iterator[Batch]:
        """The rest of the current epoch; after its last batch the next epoch begins."""
        epoch, rest = self.epoch, self.places(self.epoch)[self.position :]
        loader = iter(
            DataLoader(
                self.examples,
                sampler=rest,
                batch_size=None,
                num_workers=self.workers,
                worker_init_fn=left_to_the_parent,
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
        """Where the next batch lies."""
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on where ``state_dict`` was taken."""
        self.epoch, self.position = state["epoch"], state["position"]
