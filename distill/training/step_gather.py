"""What the terms that compare examples see of a step: all its micro-batches, over accumulation and ranks."""

from collections.abc import Iterable, Mapping

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.functional import pad

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
    # Lengths are numbers of the host: to learn them of a GPU it would wait for it.
    lengths = [each.tolist() for each in _gathered(torch.tensor([len(each) for each in tensors]), world)]
    shapes_of_ranks = [
        [torch.Size((row, *each.shape[1:])) for row, each in zip(rows, tensors, strict=True)] for rows in lengths
    ]
    longest = max(sum(shape.numel() for shape in shapes) for shapes in shapes_of_ranks)
    flat_features = torch.cat([each.flatten() for each in tensors])
    numbers = _gathered(pad(flat_features, (0, longest - len(flat_features))), world)
    gathered: list[Features] = []
    for shapes, flat in zip(shapes_of_ranks, numbers, strict=True):
        sizes = [shape.numel() for shape in shapes]
        flat_pieces = torch.split(flat[: sum(sizes)], sizes)
        pieces = (piece.view(shape) for piece, shape in zip(flat_pieces, shapes, strict=True))
        gathered.append({name: tuple(next(pieces) for _ in part) for name, part in rank_features.items()})
    return gathered


def _gathered(tensor: Tensor, world: int) -> list[Tensor]:
    """Return what each rank has, of one shape everywhere."""
    every = [torch.empty_like(tensor) for _ in range(world)]
    dist.all_gather(every, tensor)
    return every
