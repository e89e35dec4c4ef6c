"""Factor weights for a narrower copy; all linear algebra is in double precision."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor


def shared_basis(states: Sequence[Tensor], width: int, *, centred: bool = False) -> Tensor:
    """Return an orthonormal basis ``[wide, width]`` of the directions in which states ``[tokens, wide]`` are largest.

    It is turned so that each of its axes lies as near as can be to an axis of the wide space, one that reaches far into
    it: a norm scales number by number, which only such axes keep. As wide as the states, it is the axes themselves.

    Args:
        states: the states of several layers.
        width: the number of directions of the basis.
        centred: whether the mean of a state's numbers has to become that of the narrow state's numbers (over the root
            of their number), so that a norm that takes it away takes away the same.
    """
    spread = cast(Tensor, sum(rows.mT @ rows / len(rows) for rows in states))
    wide, fixed = len(spread), int(centred)
    mean = spread.new_full((wide, fixed), wide**-0.5)
    projector = torch.eye(wide, dtype=spread.dtype) - mean @ mean.mT
    main_directions = torch.linalg.eigh(projector @ spread @ projector - mean @ mean.mT)[1][:, wide - width + fixed :]
    main = torch.cat([mean, main_directions], dim=1)
    axes = largest(main.square().sum(1), width)
    mirror = _mirror(main.new_full((width, fixed), width**-0.5))
    left, _, right = torch.linalg.svd((mirror @ main[axes])[fixed:, fixed:])
    rotated = main_directions @ right.mT @ left.mT  # the nearest rotation (orthogonal Procrustes)
    return torch.cat([mean, rotated], dim=1) @ mirror


def _mirror(direction: Tensor) -> Tensor:
    """Return the reflection that swaps a direction ``[width, 1]`` and the first axis, or the identity without one."""
    whole = torch.eye(len(direction), dtype=direction.dtype)
    gap = direction - whole[:, : direction.shape[1]]
    return whole - 2 * gap @ gap.mT / gap.square().sum().clamp(min=1e-12)


def largest(worth: Tensor, count: int) -> Tensor:
    """Return the indices of the ``count`` largest values, in ascending order.

    >>> largest(torch.tensor([1.0, 5.0, 2.0]), 2)
    tensor([1, 2])
    """
    return torch.argsort(worth, descending=True, stable=True)[:count].sort().values


def moment_root(rows: Tensor) -> Tensor:
    """Return the lower triangle L with LLᵀ the mean of the rows' outer products, kept from being singular."""
    moment = rows.mT @ rows / len(rows)
    triangle: Tensor = torch.linalg.cholesky(moment + 1e-8 * moment.diagonal().mean() * torch.eye(len(moment)))
    return triangle


def projected_reading(weight: Tensor, bias: Tensor, basis: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
    """Return weight and bias that read narrow states; what the basis leaves out of the ``mean`` goes into the bias."""
    return weight @ basis, bias + weight @ (mean - basis @ (basis.mT @ mean))


def fitted_norm(scaled: Tensor, target: Tensor, *, shifts: bool) -> tuple[Tensor, Tensor]:
    """Return the scale and shift that bring states ``[tokens, width]`` nearest to ``target``; else no shift."""
    mean, target_mean = (states.mean(0) if shifts else states.new_zeros(states.shape[1]) for states in (scaled, target))
    scale = ((scaled - mean) * (target - target_mean)).mean(0) / (scaled - mean).square().mean(0).clamp(min=1e-12)
    return scale, target_mean - scale * mean


def factored_scores(query: Tensor, key: Tensor, states: tuple[Tensor, Tensor], size: int) -> tuple[Tensor, Tensor]:
    """Return query and key of ``size`` numbers whose products are nearest to those of one head, on average.

    Args:
        query: ``[head width, width]``, the bias as the last column.
        key: the same of the key.
        states: the roots of the second moments of what each of them reads, a 1 last, ``[width, width]``.
        size: the width of the new head; where it is more than the head's, zeros fill it up.

    Returns:
        The new query and key; they are scaled for attention's division by the root of the head's size.
    """
    left, values, right = _product((query @ states[0]).mT, (key @ states[1]).mT, size)
    share = values.sqrt() * (size / len(query)) ** 0.25
    return (left * share).mT @ torch.linalg.inv(states[0]), (right * share).mT @ torch.linalg.inv(states[1])


def factored_outputs(out: Tensor, value: Tensor, states: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return output and value of ``size`` numbers that add what is nearest to what one head adds.

    Args:
        out: ``[width, head width]``.
        value: ``[head width, width]``.
        states: the root of the covariance of what values read, ``[width, width]``.
        size: the width of the new head.

    Returns:
        The new output and value, and how much what the head adds varies.
    """
    left, values, right = _product(out, (value @ states).mT, size)
    return left * values.sqrt(), (right * values.sqrt()).mT @ torch.linalg.inv(states), values.square().sum()


def _product(first: Tensor, second: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the truncated SVD of ``first @ second.mT``, which is never made.

    Returns:
        Left vectors ``[n, size]``, values ``[size]``, right vectors ``[m, size]``.
    """
    (first_q, up), (second_q, down) = torch.linalg.qr(first), torch.linalg.qr(second)
    left, values, right = torch.linalg.svd(up @ down.mT)
    kept = min(size, len(values))
    parts = first_q @ left[:, :kept], values[:kept], second_q @ right.mT[:, :kept]
    return tuple(torch.nn.functional.pad(part, (0, size - kept)) for part in parts)  # type: ignore[return-value]
