"""The objective: a weighted sum of terms, whose value does not depend on how the batch was split."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from distill.objective.gradient_balancing import GradientBalancer
from distill.objective.gradients import gradient_norm
from distill.objective.schedules import Schedule
from distill.objective.terms import BatchTerm, Part, StepView, Term
from distill.types import LossReport, Outputs

NOT_FINITE = "is not finite"
"""Why a term moves nothing, or everything to where there are no numbers."""


class Objective(nn.Module):
    """A weighted sum of terms.

    Each term gives a sum and a count, and the sum is divided once. A mean of means would depend on how the batch is
    cut: with padding or unlabelled rows the parts are of unequal size.

    Args:
        terms: name to term, a module that fulfils ``Term``.
        weights: name to weight, for the same names: a number, or a schedule that may touch 0; or a
            ``GradientBalancer``, by which the weights follow from the gradients.
        schedules: name of a term to those of its numbers that move, by attribute: ``{"soft": {"temperature":
            Schedule("linear", 4.0, 1.0)}}``. A term may bring schedules of its own, as ``taid`` does; these win.

    Attributes:
        needs: all that its terms read.
        shares: where the weights are shares, what measures and keeps them; else none.

    Raises:
        ValueError: where there is no term, the names differ, a weight is not above 0, or a schedule moves what a term
            does not have, or to 0 or below.
    """

    def __init__(
        self,
        terms: Mapping[str, nn.Module],
        weights: Mapping[str, float | Schedule] | GradientBalancer,
        schedules: Mapping[str, Mapping[str, Schedule]] | None = None,
    ) -> None:
        """Register the terms, so that what they learn is trained, moved and saved."""
        super().__init__()
        # ``shares`` and ``terms`` are prefixes of keys in checkpoints, and stay.
        self.shares = weights if isinstance(weights, GradientBalancer) else None
        self._weights = dict.fromkeys(weights.names, 1.0) if isinstance(weights, GradientBalancer) else dict(weights)
        _check(terms, self._weights)
        self.terms = nn.ModuleDict(terms)
        self.schedules = _schedules(terms, schedules or {})
        self.needs: frozenset[str] = frozenset().union(*(term.needs for term in self._typed().values()))
        self.at(0, 1)

    def at(self, step: int, steps: int) -> None:
        """Set all that is scheduled to what it is at an optimiser step; to be called before each.

        A pure function of its arguments, so that there is nothing to save and to resume.

        Args:
            step: how many optimiser steps are done.
            steps: how many there are in all.
        """
        self._current = {name: _at(weight, step, steps) for name, weight in self._weights.items()}
        for name, schedules in self.schedules.items():
            for attribute, schedule in schedules.items():
                setattr(self.terms[name], attribute, schedule.value(step, steps))

    @property
    def weights(self) -> dict[str, float] | dict[str, Tensor]:
        """Return the current weight of each term."""
        return self._current if self.shares is None else self.shares.weights()

    def batch_features(self, student: Outputs, teacher: Outputs | None) -> dict[str, Part]:
        """Return what some examples bring to each term that compares the examples of a whole batch."""
        return {name: term.features(student, teacher) for name, term in self.batch_terms.items()}

    @property
    def batch_terms(self) -> dict[str, BatchTerm]:
        """Return the terms that compare the examples of a batch with each other."""
        return {name: term for name, term in self.terms.items() if isinstance(term, BatchTerm)}

    def forward(
        self,
        student: Outputs,
        teacher: Outputs | None,
        labels: Tensor,
        totals: Mapping[str, Tensor] | None = None,
        step_views: Mapping[str, StepView] | None = None,
    ) -> LossReport:
        """Score a batch, or one part of a larger one.

        Args:
            student: the student's outputs.
            teacher: the teacher's outputs; none where no term reads it.
            labels: ``[rows]``.
            totals: for one part of an effective batch (all micro-batches of all ranks): the counts over the whole of
                it, by unit (``labels``, ``rows``, ``tokens``, ``examples``: those its terms have), and ``parts``, how
                many parts it has. The mean of the parts' values, and of their gradients, is then that of the one big
                batch: gradient accumulation and DDP take that mean. None where the batch is the whole.
            step_views: for one part of an effective batch: what of it each term sees that compares its examples. None
                where the batch is the whole.

        Returns:
            The weighted total and each term's unweighted value.
        """
        return self.weighed(self.values(student, teacher, labels, totals, step_views))

    def weighed(self, values: Mapping[str, Tensor]) -> LossReport:
        """Return the sum of values, as ``values`` gives them, by the current weights."""
        weights = self.weights
        total = torch.stack([weights[name] * value for name, value in values.items()]).sum()
        return LossReport(total, {name: value.detach() for name, value in values.items()})

    @torch.no_grad()
    def loss_shares(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the part of the loss that each term is, from 0 to 1, by the current weights; a loss of 0 has none."""
        weights = self.weights
        sizes = {name: (weights[name] * value).abs() for name, value in values.items()}
        whole = torch.stack(list(sizes.values())).sum()
        return {name: size / whole.clamp(min=torch.finfo(whole.dtype).tiny) for name, size in sizes.items()}

    def values(
        self,
        student: Outputs,
        teacher: Outputs | None,
        labels: Tensor,
        totals: Mapping[str, Tensor] | None = None,
        step_views: Mapping[str, StepView] | None = None,
    ) -> dict[str, Tensor]:
        """Return each term's unweighted value, with its gradient; the arguments are those of ``forward``."""
        values = {}
        for name, term in self._typed().items():
            if isinstance(term, BatchTerm) and step_views is not None:
                part, whole, start, parts = step_views[name]
                value = term.loss(part, whole, start)
                # Every part has the value of the whole, and the gradient of its own examples alone: these add up.
                values[name] = value.detach() + parts * (value - value.detach())
                continue
            total, count = term(student, teacher, labels)
            if totals is not None:
                total, count = total * totals["parts"], totals[term.unit]
            values[name] = total / count.clamp(min=1)
        return values

    def _typed(self) -> dict[str, Term]:
        return {name: cast("Term", term) for name, term in self.terms.items()}


def inactive_terms(
    objective: Objective,
    student: Outputs,
    teacher: Outputs | None,
    labels: Tensor,
    parameters: Iterable[Tensor],
    step_views: Mapping[str, StepView] | None = None,
) -> dict[str, str]:
    """Find the terms that would never count, before hours are spent on training without them.

    Args:
        objective: what is about to be trained on.
        student: the student's outputs for a batch, with their graph, which is kept.
        teacher: the teacher's outputs for it.
        labels: ``[rows]``.
        parameters: what is trained; their ``grad`` is left alone.
        step_views: what terms that compare examples see, where the batch is part of a larger one.

    Returns:
        Name of the term to the reason: ``NOT_FINITE``, ``is exactly 0`` or ``gives no gradient``. Empty where every
        term counts. A term that compares is exactly 0, too, while the student equals the teacher.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    values = objective.values(student, teacher, labels, step_views=step_views)
    reasons = {name: _reason(value, trained) for name, value in values.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def _reason(value: Tensor, parameters: Sequence[Tensor]) -> str:
    """Say why this value moves nothing; empty where it does."""
    number = float(value.detach())
    if not math.isfinite(number):
        return NOT_FINITE
    if number == 0:
        return "is exactly 0"
    norm = float(gradient_norm(value, parameters))
    if not math.isfinite(norm):
        return NOT_FINITE
    return "" if norm > 0 else "gives no gradient"


def _at(weight: float | Schedule, step: int, steps: int) -> float:
    return weight.value(step, steps) if isinstance(weight, Schedule) else weight


def _check(terms: Mapping[str, nn.Module], weights: Mapping[str, float | Schedule]) -> None:
    """Refuse an objective of which some part could never count."""
    if not terms:
        raise ValueError("an objective needs a term")
    if terms.keys() != weights.keys():
        raise ValueError(f"terms {sorted(terms)} and weights {sorted(weights)} have different names")
    for name, weight in weights.items():
        lowest, highest = weight.bounds if isinstance(weight, Schedule) else (weight, weight)
        if isinstance(weight, Schedule) and not 0 <= lowest <= highest:
            raise ValueError(f"the weight of {name} must never be below 0, unlike {weight}")
        if not 0 < highest < math.inf:
            raise ValueError(
                f"the weight of {name} must be above 0 and finite, not {weight}; leave the term out instead"
            )


def _schedules(
    terms: Mapping[str, nn.Module], extra: Mapping[str, Mapping[str, Schedule]]
) -> dict[str, dict[str, Schedule]]:
    """Return what moves in each term: what it brings, and what was asked for besides."""
    if unknown := sorted(extra.keys() - terms.keys()):
        raise ValueError(f"schedules are given for {unknown}, but the terms are {sorted(terms)}")
    for name, by_attribute in extra.items():
        for attribute, schedule in by_attribute.items():
            if not isinstance(getattr(terms[name], attribute, None), int | float):
                raise ValueError(f"{name} has no number {attribute} that could move")
            if not schedule.bounds[0] > 0:
                raise ValueError(f"{attribute} of {name} must stay above 0, unlike {schedule}")
    return {name: {**getattr(term, "schedules", {}), **extra.get(name, {})} for name, term in terms.items()}
