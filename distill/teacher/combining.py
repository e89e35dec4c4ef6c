"""Combine the answers of several teachers by pure functions of logits ``[teachers, rows, classes]``.

Teachers that say the same say it together, whatever their weights.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from torch import Tensor

from distill.types import FLOOR, Kind, SparseLogits, at_least_float32


def combine(
    how: str, kind: Kind, logits: Tensor, weights: Sequence[float], temperature: float, lengths: Sequence[int]
) -> Tensor:
    """Return the common logits ``[rows, classes]`` of several teachers.

    Args:
        how: probabilities | logits | confidence.
        kind: what a row means; scores have neither probabilities nor confidence, so that their mean is taken.
        logits: ``[teachers, rows, classes]``, the classes in one order.
        weights: what each teacher counts, from 0 up, 1 in all.
        temperature: divides the logits before probabilities are averaged; not read for the other rules.
        lengths: how many of the rows, which lie example by example, are each example's; only confidence reads it.
    """
    logits = at_least_float32(logits)
    counts = torch.tensor(weights, dtype=logits.dtype, device=logits.device)
    if how == "logits" or kind == "score":
        return _mean(logits, counts)
    if how == "confidence":
        return most_confident(kind, logits, counts, lengths)
    return mean_labels(logits, counts, temperature) if kind == "labels" else mean_classes(logits, counts, temperature)


def combine_kept(how: str, teachers: Sequence[SparseLogits], classes: int, weights: Sequence[float]) -> SparseLogits:
    """Return the common rows of several teachers of each of which some logits were kept.

    What a teacher leaves to all other classes it leaves to each of them alike. The common row keeps the classes that
    any teacher of a weight kept; a place that it has no class for has the index -1 and no probability.

    Args:
        how: probabilities | logits.
        teachers: the rows of each, all for one temperature.
        classes: how many there are.
        weights: what each teacher counts, from 0 up, 1 in all.

    Raises:
        ValueError: a teacher's rows hold for another temperature than the first's.
    """
    counting = [(teacher, weight) for teacher, weight in zip(teachers, weights, strict=True) if weight]
    temperature = counting[0][0].temperature
    rows = [_Kept(teacher.softened_by(temperature), classes) for teacher, _ in counting]
    if len(rows) == 1:
        return counting[0][0]
    union = torch.cat([teacher.indices for teacher in rows], dim=-1).sort(dim=-1).values
    union = union.masked_fill(F.pad(union[:, 1:] == union[:, :-1], (1, 0)), -1)
    log_weights = torch.tensor([weight for _, weight in counting]).log()[:, None, None]
    logits_of_union = torch.stack([teacher.at(union) for teacher in rows])
    others = torch.stack([teacher.other for teacher in rows]).unsqueeze(-1)
    if how == "logits":
        common, other = ((part * log_weights.exp()).sum(dim=0) for part in (logits_of_union, others))
    else:
        level = torch.stack([teacher.level for teacher in rows]).unsqueeze(-1)
        common, other = ((part - level + log_weights).logsumexp(dim=0) for part in (logits_of_union, others))
    used = union >= 0
    log_unused = (classes - used.sum(dim=-1)).log()  # -inf where nothing is left
    logits = (temperature * common).clamp(min=FLOOR).masked_fill(~used, FLOOR * temperature)
    return SparseLogits(logits, union, other.squeeze(-1) + log_unused, temperature)


class _Kept:
    """The kept rows of one teacher, softened by the temperature.

    Attributes:
        indices: ``[rows, k]``.
        other: the logit of each class that was not kept ``[rows]``.
        level: the log-sum-exp of all classes' ``[rows]``.
    """

    def __init__(self, answer: SparseLogits, classes: int) -> None:
        self.values, self.indices = at_least_float32(answer.values) / answer.temperature, answer.indices.long()
        rest = at_least_float32(answer.log_rest)
        self.other = (rest - math.log(max(1, classes - self.indices.shape[-1]))).clamp(min=FLOOR)
        self.level = torch.cat([self.values, rest.unsqueeze(-1)], dim=-1).logsumexp(dim=-1)

    def at(self, classes: Tensor) -> Tensor:
        """Return the logits of ``classes [rows, n]``."""
        order = self.indices.sort(dim=-1)
        place = torch.searchsorted(order.values, classes.contiguous()).clamp(max=self.indices.shape[-1] - 1)
        is_kept = order.values.gather(-1, place) == classes
        values = self.values.gather(-1, order.indices).gather(-1, place)
        return torch.where(is_kept, values, self.other.unsqueeze(-1))


def mean_classes(logits: Tensor, weights: Tensor, temperature: float) -> Tensor:
    """Return logits whose softmax at the temperature is the weighted mean of the teachers' softmax at it.

    A softmax leaves open what is added to all logits of a row. Here it is the weighted mean of what the teachers have
    (temperature times the log-sum-exp of the softened logits), for the terms that compare logits without a softmax.

    Args:
        logits: ``[teachers, rows, classes]``.
        weights: ``[teachers]``, 1 in all.
        temperature: above 0.
    """
    softened = logits / temperature
    level = softened.logsumexp(dim=-1, keepdim=True)
    mean = _mean_of_exp(softened - level, weights)
    return temperature * (mean + _mean(level, weights))


def mean_labels(logits: Tensor, weights: Tensor, temperature: float) -> Tensor:
    """Return logits whose sigmoid at the temperature is, for each label, the weighted mean of the teachers' sigmoid.

    Args:
        logits: ``[teachers, rows, labels]``.
        weights: ``[teachers]``, 1 in all.
        temperature: above 0.
    """
    softened = logits / temperature
    log_yes, log_no = (_mean_of_exp(F.logsigmoid(signed), weights) for signed in (softened, -softened))
    return temperature * (log_yes - log_no)


def most_confident(kind: Kind, logits: Tensor, weights: Tensor, lengths: Sequence[int]) -> Tensor:
    """Return for each example the logits of the teacher with the largest confidence times weight; ties go to the first.

    The confidence in a row is the probability of what the teacher would answer: its likeliest class, or its likeliest
    set of independent labels. That in an example is the geometric mean over its rows, so that a teacher is taken for
    the whole of what it says, and its weight counts for a long text no less than for a short one.

    Args:
        kind: class | labels.
        logits: ``[teachers, rows, classes]``.
        weights: ``[teachers]``; a teacher of weight 0 is never taken.
        lengths: rows of each example, in all those there are.
    """
    confidence = F.logsigmoid(logits.abs()).sum(dim=-1) if kind == "labels" else logits.log_softmax(dim=-1).amax(dim=-1)
    of_examples = torch.stack([rows.mean(dim=-1) for rows in torch.split(confidence, list(lengths), dim=-1)], dim=-1)
    teacher = (of_examples + weights.log().unsqueeze(-1)).argmax(dim=0)
    rows = torch.arange(logits.shape[1], device=logits.device)
    return logits[teacher.repeat_interleave(torch.tensor(lengths, device=logits.device)), rows]


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean of ``values [teachers, ...]``."""
    return (values * weights[:, None, None]).sum(dim=0)


def _mean_of_exp(logarithms: Tensor, weights: Tensor) -> Tensor:
    """Return the logarithm of the weighted mean of the exponentials of ``logarithms [teachers, ...]``."""
    return (logarithms + weights.log()[:, None, None]).logsumexp(dim=0)
