"""What all micro-batches of a step bring to the terms that compare its examples, over accumulation and ranks."""

from collections.abc import Mapping, Sequence

import torch
from torchmetrics.utilities.distributed import gather_all_tensors

from distill.losses.terms import Part


def over_ranks(parts: Sequence[Mapping[str, Part]], world: int) -> list[Mapping[str, Part]]:
    """Bring together what the micro-batches of every rank bring, on every rank, in the order of the ranks.

    Args:
        parts: what each micro-batch of this rank brings, by the name of the term; as many as other ranks have.
        world: number of ranks.
    """
    if world == 1:
        return list(parts)
    mine = [each for part in parts for tensors in part.values() for each in tensors]
    lengths = gather_all_tensors(torch.tensor([len(each) for each in mine], device=mine[0].device))
    numbers = gather_all_tensors(torch.cat([each.flatten() for each in mine]))
    found: list[Mapping[str, Part]] = []
    for rows, flat in zip(lengths, numbers, strict=True):
        shapes = [(int(row), *each.shape[1:]) for row, each in zip(rows, mine, strict=True)]
        cut = torch.split(flat, [torch.Size(shape).numel() for shape in shapes])
        rest = (piece.view(shape) for piece, shape in zip(cut, shapes, strict=True))
        found += [{name: tuple(next(rest) for _ in tensors) for name, tensors in part.items()} for part in parts]
    return found
