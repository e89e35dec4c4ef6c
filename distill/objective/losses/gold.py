"""What the data says: class labels, several labels at once, scores."""

import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from torch import Tensor

from distill.objective.losses.common import count_of
from distill.types import IGNORE, at_least_float32


def hard(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Sum the cross-entropy with the labels.

    Args:
        logits: ``[rows, classes]``.
        labels: ``[rows]``; rows labelled ``IGNORE`` are not scored.
        weights: ``[classes]``, what a row of each class counts. The sum is still divided by the number of labels, not
            by their weights, so that no split of the batch matters: give weights whose mean over train is 1.

    Returns:
        The sum in nats, and the number of labels it went over.
    """
    scored = labels != IGNORE
    # Without the mask the backward pass multiplies what an unscored row holds by 0, and 0 · nan is nan.
    rows = at_least_float32(logits).masked_fill(~scored.unsqueeze(-1), 0.0)
    class_weights = None if weights is None else weights.to(rows.dtype)
    total = F.cross_entropy(rows, labels, class_weights, ignore_index=IGNORE, reduction="sum")
    return total, count_of(scored, rows)


def hard_labels(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Sum the binary cross-entropy with independent labels, averaged over a row's labels.

    Args:
        logits: ``[rows, labels]``, one sigmoid each.
        labels: ``[rows, labels]``, 0 or 1. Entries that are ``IGNORE`` are left out of their row's mean; a row of
            nothing else is not scored.

    Returns:
        The sum over rows in nats, and the number of rows it went over.

    Raises:
        ValueError: where the shapes differ.
    """
    if logits.shape != labels.shape:
        raise ValueError(f"logits {list(logits.shape)} and labels {list(labels.shape)} differ in shape")
    known = labels != IGNORE
    rows = at_least_float32(logits).masked_fill(~known, 0.0)
    targets = labels.to(rows.dtype).masked_fill(~known, 0.0)
    losses = F.binary_cross_entropy_with_logits(rows, targets, reduction="none")
    total = (losses.masked_fill(~known, 0.0).sum(dim=-1) / known.sum(dim=-1).clamp(min=1)).sum()
    return total, count_of(known.any(dim=-1), rows)


def hard_score(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Sum the squared error to the gold score.

    Args:
        logits: ``[rows, 1]``, the score as it is.
        labels: ``[rows]``; rows labelled nan are not scored.

    Returns:
        The sum, and the number of labels it went over.

    Raises:
        ValueError: where there is not one score and one label a row.
    """
    scored = ~labels.isnan()
    return score_gap(logits, labels).masked_fill(~scored, 0.0).square().sum(), count_of(scored, logits)


def score_gap(logits: Tensor, labels: Tensor) -> Tensor:
    """Return how far scores ``[rows, 1]`` lie above their labels ``[rows]``; nan where there is no label."""
    if logits.shape != (*labels.shape, 1):
        raise ValueError(
            f"a score is one number a row, not logits {list(logits.shape)} for labels {list(labels.shape)}"
        )
    scores = at_least_float32(logits.squeeze(-1))
    return scores - labels.to(scores.dtype)
