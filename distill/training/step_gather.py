"""What the terms that compare examples see of a step: all its micro-batches, over accumulation and ranks."""

from collections.abc import Iterable, Mapping

import torch
from torchmetrics.utilities.distributed import gather_all_tensors

from distill.objective.terms import BatchTerm, Part, StepView

Features = Mapping[str, Part]
"""What some examples bring to each term that compares the examples of a batch, by the name of the term."""


def detached(features: Features) -> Features:
    """Return the same features without a gradient."""
    return {name: tuple(each.detach() for each in tensors) for name, tensors in features.items()}


class Step:
    """The whole optimiser step, as terms that compare its examples need it, on every rank the same.

    Args:
        terms: by name.
        micro_batches: what each micro-batch of this rank brings, without a gradient, one or more; other ranks have
            as many.
        world: number of ranks.
        rank: this one.
    """

    def __init__(
        self, terms: Mapping[str, BatchTerm], micro_batches: Iterable[Features], world: int, rank: int
    ) -> None:
        """Merge the features as they come, then over the ranks."""
        rank_features: dict[str, Part] = {}
        self._starts: dict[str, list[int]] = {name: [] for name in terms}
        self._parts = 0
        for features in micro_batches:
            self._parts += world
            for name, new in features.items():
                self._starts[name].append(len(rank_features[name][0]) if name in rank_features else 0)
                rank_features[name] = terms[name].merge([rank_features[name], new]) if name in rank_features else new
        ranks = over_ranks(rank_features, world)
        self._before = {name: sum(len(each[name][0]) for each in ranks[:rank]) for name in terms}
        self._whole = {name: term.merge([each[name] for each in ranks]) for name, term in terms.items()}

    def view(self, features: Features, position: int) -> dict[str, StepView]:
        """Return what each term sees of the step in the micro-batch at a position, whose features have a gradient."""
        starts = {name: self._before[name] + self._starts[name][position] for name in features}
        return {name: StepView(part, self._whole[name], starts[name], self._parts) for name, part in features.items()}


def over_ranks(rank_features: Features, world: int) -> list[Features]:
    """Bring together what every rank brings, on every rank, in the order of the ranks.

    Args:
        rank_features: what this rank brings: of the same terms as elsewhere, only the first dimensions may differ.
        world: number of ranks.
    """
    if world == 1:
        return [rank_features]
    tensors = [each for part in rank_features.values() for each in part]
    lengths = gather_all_tensors(torch.tensor([len(each) for each in tensors], device=tensors[0].device))
    numbers = gather_all_tensors(torch.cat([each.flatten() for each in tensors]))
    gathered: list[Features] = []
    for rows, flat in zip(lengths, numbers, strict=True):
        shapes = [(row, *each.shape[1:]) for row, each in zip(rows.tolist(), tensors, strict=True)]
        flat_pieces = torch.split(flat, [torch.Size(shape).numel() for shape in shapes])
        pieces = (piece.view(shape) for piece, shape in zip(flat_pieces, shapes, strict=True))
        gathered.append({name: tuple(next(pieces) for _ in part) for name, part in rank_features.items()})
    return gathered
