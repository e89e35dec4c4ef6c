"""Keep tokens drawn from a model's distribution instead of a whole vocabulary of logits (Anshumann et al. 2025).

Kept largest logits are a biased picture of the teacher: whatever is left out teaches nothing, or the wrong thing.
Tokens drawn with replacement, each weighing 1 / samples, give a cross-entropy whose gradient is right on average.
Each row draws from numbers of its own, a hash of (seed, example, row), so that neither the batch it comes in, nor the
rank, nor a restart changes what is drawn.
"""

import torch
from torch import Tensor

from distill.inference.output_columns import ranges
from distill.inference.reductions import Reduce
from distill.types import FLOOR, Batch

_GOLDEN, _FIRST, _SECOND = (value - 2**64 for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
"""The constants of SplitMix64 (Steele et al. 2014), as signed numbers."""
_AT_ONCE = 128
"""Rows drawn for together: in double precision a whole vocabulary of each is large."""


def sampled(samples: int, temperature: float, seed: int) -> Reduce:
    """Return a reduction to tokens drawn from the softmax at a temperature, as sparse rows with that softmax.

    The logits are temperature · log(count / samples) for drawn tokens, ``FLOOR`` times the temperature for others that
    fill up the row, and ``rest`` is ``-inf``: nothing was drawn from there.

    Args:
        samples: how many tokens are drawn for each row, with replacement.
        temperature: divides the logits; the rows hold for it alone.
        seed: the seed of the run.
    """

    def reduce(rows: Tensor, labels: Tensor, batch: Batch) -> dict[str, Tensor]:
        example, number = batch["key"].repeat_interleave(batch["count"]), ranges(batch["first"], batch["count"])
        chance = uniform(seed, example, number, samples)
        pieces = zip(torch.split(rows, _AT_ONCE), torch.split(chance, _AT_ONCE), strict=True)
        drawn = torch.cat([draw(logits, chances, temperature) for logits, chances in pieces])
        counts = torch.zeros_like(rows).scatter_add_(-1, drawn, torch.ones_like(drawn, dtype=rows.dtype))
        largest, indices = counts.topk(min(samples, rows.shape[-1]), dim=-1)
        values = temperature * (largest / samples).log().clamp(min=FLOOR)
        return {"values": values, "indices": indices.int(), "rest": torch.full_like(rows[:, 0], -torch.inf)}

    return reduce


def draw(logits: Tensor, chance: Tensor, temperature: float) -> Tensor:
    """Return classes ``[rows, samples]`` of logits ``[rows, classes]``, by inverting the distribution at ``chance``.

    ``chance [rows, samples]`` lies between 0 and 1. In double precision: a sum of float32 would lose what is rare.
    """
    cumulative = (logits.double() / temperature).softmax(dim=-1).cumsum(dim=-1)
    classes = torch.searchsorted(cumulative, chance * cumulative[:, -1:], right=True)
    return classes.clamp(max=logits.shape[-1] - 1)


def uniform(seed: int, example: Tensor, number: Tensor, samples: int) -> Tensor:
    """Return numbers ``[rows, samples]`` from 0 up to 1, a function of the seed and each row's example and number."""
    row = _mixed(_mixed(_mixed(torch.full_like(example, seed)) ^ example) ^ number)
    steps = torch.arange(1, samples + 1, device=example.device) * _GOLDEN
    return _shifted(_mixed(row.unsqueeze(-1) + steps), 11).double() * 2.0**-53


def _mixed(value: Tensor) -> Tensor:
    """Return SplitMix64's output function of numbers of 64 bits, which overflow as they should."""
    value = value + _GOLDEN
    value = (value ^ _shifted(value, 30)) * _FIRST
    value = (value ^ _shifted(value, 27)) * _SECOND
    return value ^ _shifted(value, 31)


def _shifted(value: Tensor, bits: int) -> Tensor:
    """Return numbers of 64 bits shifted to the right without their sign."""
    return (value >> bits) & ((1 << (64 - bits)) - 1)
