"""The linear algebra of a narrower copy, all in double precision."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor


def shared_basis(states: Sequence[Tensor], width: int, *, centred: bool = False) -> Tensor:
    """An orthonormal basis ``[wide, width]`` of the directions in which states ``[tokens, wide]`` are largest.

    It is turned so that each of its axes lies as near as can be to an axis of the wide space, one that reaches far into
    it: a norm scales number by number, which only such axes keep. As wide as the states, it is the axes themselves.

    Args:
        states: of several places.
        width: of the basis.
        centred: whether the mean of a state's numbers has to become that of the narrow state's numbers (over the root
            of their number), so that a norm that takes it away takes away the same.
    """
    spread = cast(Tensor, sum(each.mT @ each / len(each) for each in states))
    wide, fixed = len(spread), int(centred)
    mean = spread.new_full((wide, fixed), wide**-0.5)
    apart = torch.eye(wide, dtype=spread.dtype) - mean @ mean.mT
    found = torch.linalg.eigh(apart @ spread @ apart - mean @ mean.mT)[1][:, wide - width + fixed :]
    main = torch.cat([mean, found], dim=1)
    axes = largest(main.square().sum(1), width)
    mirror = _mirror(main.new_full((width, fixed), width**-0.5))
    left, _, right = torch.linalg.svd((mirror @ main[axes])[fixed:, fixed:])
    turned = found @ right.mT @ left.mT  # the nearest rotation (orthogonal Procrustes)
    return torch.cat([mean, turned], dim=1) @ mirror


def _mirror(direction: Tensor) -> Tensor:
    """The reflection that swaps a direction ``[width, 1]`` and the first axis; with none, ``[width, 0]``, nothing."""
    whole = torch.eye(len(direction), dtype=direction.dtype)
    gap = direction - whole[:, : direction.shape[1]]
    return whole - 2 * gap @ gap.mT / gap.square().sum().clamp(min=1e-12)


def largest(worth: Tensor, count: int) -> Tensor:
    """The places of the largest, in their own order.

    >>> most(torch.tensor([1.0, 5.0, 2.0]), 2)
    tensor([1, 2])
    """
    return torch.argsort(worth, descending=True, stable=True)[:count].sort().values


def moment_root(rows: Tensor) -> Tensor:
    """A lower triangle L with LLᵀ the mean of the rows' outer products, kept from being singular."""
    moment = rows.mT @ rows / len(rows)
    made: Tensor = torch.linalg.cholesky(moment + 1e-8 * moment.diagonal().mean() * torch.eye(len(moment)))
    return made


def projected_reading(weight: Tensor, bias: Tensor, basis: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
    """Weight and bias that read narrow states; what the basis leaves out of the ``mean`` state goes into the bias."""
    return weight @ basis, bias + weight @ (mean - basis @ (basis.mT @ mean))


def fitted_norm(scaled: Tensor, wanted: Tensor, *, shifts: bool) -> tuple[Tensor, Tensor]:
    """Scale and shift that make of states ``[tokens, width]`` what comes nearest to ``wanted``; else no shift."""
    mine, goal = (each.mean(0) if shifts else each.new_zeros(each.shape[1]) for each in (scaled, wanted))
    scale = ((scaled - mine) * (wanted - goal)).mean(0) / (scaled - mine).square().mean(0).clamp(min=1e-12)
    return scale, goal - scale * mine


def factored_scores(query: Tensor, key: Tensor, states: tuple[Tensor, Tensor], size: int) -> tuple[Tensor, Tensor]:
    """Queries and keys of ``size`` numbers whose products are nearest to those of one head, on average over texts.

    Args:
        query: ``[head width, width]``, the bias as the last column.
        key: likewise.
        states: the roots of the second moments of what each of them reads, a 1 last, ``[width, width]``.
        size: of the new head; where it is more than the head's, zeros fill it up.

    Returns:
        The new query and key; they are scaled for attention's division by the root of the head's size.
    """
    left, values, right = _product((query @ states[0]).mT, (key @ states[1]).mT, size)
    share = values.sqrt() * (size / len(query)) ** 0.25
    return (left * share).mT @ torch.linalg.inv(states[0]), (right * share).mT @ torch.linalg.inv(states[1])


def factored_outputs(out: Tensor, value: Tensor, states: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs and values of ``size`` numbers that add what is nearest to what one head adds.

    Args:
        out: ``[width, head width]``.
        value: ``[head width, width]``.
        states: the root of the covariance of what values read, ``[width, width]``.
        size: of the new head.

    Returns:
        The new output and value, and how much what the head adds varies.
    """
    left, values, right = _product(out, (value @ states).mT, size)
    return left * values.sqrt(), (right * values.sqrt()).mT @ torch.linalg.inv(states), values.square().sum()


def _product(one: Tensor, other: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The truncated SVD of ``one @ other.mT``, which is never made: left ``[n, size]``, values, right ``[m, size]``."""
    (first, up), (second, down) = torch.linalg.qr(one), torch.linalg.qr(other)
    left, values, right = torch.linalg.svd(up @ down.mT)
    kept = min(size, len(values))
    found = first @ left[:, :kept], values[:kept], second @ right.mT[:, :kept]
    return tuple(torch.nn.functional.pad(each, (0, size - kept)) for each in found)  # type: ignore[return-value]
