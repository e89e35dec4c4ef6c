"""What the terms that compare examples see of a step: all its micro-batches, over accumulation and ranks."""

from collections.abc import Iterable, Mapping

import torch
from torchmetrics.utilities.distributed import gather_all_tensors

from distill.objective.terms import BatchTerm, Part, StepView

Parts = Mapping[str, Part]
"""What some examples bring, by the name of the term."""


def detached(parts: Parts) -> Parts:
    """The same without a gradient."""
    return {name: tuple(each.detach() for each in part) for name, part in parts.items()}


class Step:
    """All that the examples of a step bring to the terms that compare them, on every rank the same.

    Args:
        terms: by name.
        parts: what each micro-batch of this rank brings, without a gradient, one or more; other ranks have as many.
        world: number of ranks.
        rank: this one.
    """

    def __init__(self, terms: Mapping[str, BatchTerm], parts: Iterable[Parts], world: int, rank: int) -> None:
        """Bring it together as it comes, then over the ranks."""
        mine: dict[str, Part] = {}
        self._starts: dict[str, list[int]] = {name: [] for name in terms}
        self._parts = 0
        for part in parts:
            self._parts += world
            for name, brought in part.items():
                self._starts[name].append(len(mine[name][0]) if name in mine else 0)
                mine[name] = terms[name].merge([mine[name], brought]) if name in mine else brought
        ranks = over_ranks(mine, world)
        self._before = {name: sum(len(each[name][0]) for each in ranks[:rank]) for name in terms}
        self._whole = {name: term.merge([each[name] for each in ranks]) for name, term in terms.items()}

    def seen(self, own: Parts, place: int) -> dict[str, StepView]:
        """What the micro-batch at a place sees, whose own part has a gradient."""
        starts = {name: self._before[name] + self._starts[name][place] for name in own}
        return {name: StepView(part, self._whole[name], starts[name], self._parts) for name, part in own.items()}


def over_ranks(mine: Parts, world: int) -> list[Parts]:
    """Bring together what every rank brings, on every rank, in the order of the ranks.

    Args:
        mine: what this rank brings: of the same terms as elsewhere, only the first dimensions may differ.
        world: number of ranks.
    """
    if world == 1:
        return [mine]
    tensors = [each for part in mine.values() for each in part]
    lengths = gather_all_tensors(torch.tensor([len(each) for each in tensors], device=tensors[0].device))
    numbers = gather_all_tensors(torch.cat([each.flatten() for each in tensors]))
    found: list[Parts] = []
    for rows, flat in zip(lengths, numbers, strict=True):
        shapes = [(row, *each.shape[1:]) for row, each in zip(rows.tolist(), tensors, strict=True)]
        cut = torch.split(flat, [torch.Size(shape).numel() for shape in shapes])
        rest = (piece.view(shape) for piece, shape in zip(cut, shapes, strict=True))
        found.append({name: tuple(next(rest) for _ in part) for name, part in mine.items()})
    return found
