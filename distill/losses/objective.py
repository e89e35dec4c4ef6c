"""The objective: a weighted sum of terms, whose value does not depend on how the batch was split."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from distill.losses.terms import Term
from distill.types import LossReport, Outputs


class Objective(nn.Module):
    """A weighted sum of terms.

    Each term gives a sum and a count, and the sum is divided once. A mean of means would depend on how the batch is
    cut: with padding or unlabelled rows the parts are of unequal size.

    Args:
        terms: name to term, a module that fulfils ``Term``.
        weights: name to weight, for the same names.

    Attributes:
        needs: all that its terms read.

    Raises:
        ValueError: where there is no term, the names differ, or a weight is not above 0.
    """

    def __init__(self, terms: Mapping[str, nn.Module], weights: Mapping[str, float]) -> None:
        """Register the terms, so that what they learn is trained, moved and saved."""
        super().__init__()
        _check(terms, weights)
        self.terms = nn.ModuleDict(terms)
        self.weights = dict(weights)
        self.needs: frozenset[str] = frozenset().union(*(term.needs for term in self._typed().values()))

    def forward(
        self, student: Outputs, teacher: Outputs | None, labels: Tensor, totals: Mapping[str, Tensor] | None = None
    ) -> LossReport:
        """Score a batch, or one part of a larger one.

        Args:
            student: what the student said.
            teacher: what the teacher said; none where no term reads it.
            labels: ``[rows]``.
            totals: for one part of an effective batch (all micro-batches of all ranks): the counts over the whole of
                it, by unit (``labels``, ``rows``, ``tokens``), and ``parts``, how many parts it has. The mean of the
                parts' values, and of their gradients, is then that of the one big batch: gradient accumulation and DDP
                take that mean. None where the batch is the whole.

        Returns:
            The weighted total and each term's unweighted value.
        """
        values = self.values(student, teacher, labels, totals)
        total = torch.stack([self.weights[name] * value for name, value in values.items()]).sum()
        return LossReport(total, {name: value.detach() for name, value in values.items()})

    def values(
        self, student: Outputs, teacher: Outputs | None, labels: Tensor, totals: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Return each term's unweighted value, with its gradient; the arguments are those of ``forward``."""
        values = {}
        for name, term in self._typed().items():
            total, count = term(student, teacher, labels)
            if totals is not None:
                total, count = total * totals["parts"], totals[term.unit]
            values[name] = total / count.clamp(min=1)
        return values

    def _typed(self) -> dict[str, Term]:
        return {name: cast("Term", term) for name, term in self.terms.items()}


def silent_terms(
    objective: Objective,
    student: Outputs,
    teacher: Outputs | None,
    labels: Tensor,
    parameters: Iterable[Tensor],
) -> dict[str, str]:
    """Find the terms that would never count, before hours are spent on training without them.

    Args:
        objective: what is about to be trained on.
        student: what the student said about a batch, with its graph, which is kept.
        teacher: what the teacher said about it.
        labels: ``[rows]``.
        parameters: what is trained; their ``grad`` is left alone.

    Returns:
        Name of the term to the reason: ``is not finite``, ``is exactly 0`` or ``gives no gradient``. Empty where every
        term counts. A term that compares is exactly 0, too, while the student equals the teacher.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    values = objective.values(student, teacher, labels)
    reasons = {name: _reason(value, trained) for name, value in values.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def _reason(value: Tensor, parameters: Sequence[Tensor]) -> str:
    """Say why this value moves nothing; empty where it does."""
    number = float(value.detach())
    if not math.isfinite(number):
        return "is not finite"
    if number == 0:
        return "is exactly 0"
    norm = _gradient_norm(value, parameters)
    if not math.isfinite(norm):
        return "is not finite"
    return "" if norm > 0 else "gives no gradient"


def _gradient_norm(value: Tensor, parameters: Sequence[Tensor]) -> float:
    """Return the norm of the gradient over all the parameters together, 0 where none is reached."""
    if not parameters or not value.requires_grad:
        return 0.0
    gradients = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
    return math.hypot(*(float(gradient.float().norm()) for gradient in gradients if gradient is not None))


def _check(terms: Mapping[str, nn.Module], weights: Mapping[str, float]) -> None:
    """Refuse an objective of which some part could never count."""
    if not terms:
        raise ValueError("an objective needs a term")
    if terms.keys() != weights.keys():
        raise ValueError(f"terms {sorted(terms)} and weights {sorted(weights)} have different names")
    for name, weight in weights.items():
        if not 0 < weight < math.inf:
            raise ValueError(
                f"the weight of {name} must be above 0 and finite, not {weight}; leave the term out instead"
            )
