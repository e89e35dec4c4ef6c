"""Language modelling: rows are the tokens to be guessed, classes the vocabulary."""

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from torch import Tensor
from torchmetrics import Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy

from distill.metrics import Headline
from distill.types import IGNORE

HEADLINE = Headline("perplexity", "min")


class Perplexity(Metric):
    """The exponential of the mean cross-entropy over rows.

    Torchmetrics' own takes the logarithm of a softmax, which is infinite for a token that is merely very unlikely, and
    wants ``[batch, tokens, vocabulary]``, which its accuracy does not.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self, sync: bool = True) -> None:
        """Start at no rows; ``sync`` computes over all ranks."""
        super().__init__(sync_on_compute=sync)
        self.add_state("total", default=torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("count", default=torch.tensor(0), dist_reduce_fx="sum")

    def update(self, preds: Tensor, target: Tensor) -> None:
        """Add logits ``[rows, vocabulary]`` and labels ``[rows]``; ``IGNORE`` is not scored."""
        self.total += F.cross_entropy(preds.float(), target, ignore_index=IGNORE, reduction="sum")
        self.count += (target != IGNORE).sum()

    def compute(self) -> Tensor:
        """Return the perplexity: 1 at best, the size of the vocabulary for a uniform guess, nan over no rows."""
        return torch.exp(self.total / self.count)


def collection(sync: bool = True) -> MetricCollection:
    """Make the metrics of a split: perplexity and accuracy (micro).

    Args:
        sync: compute over all ranks; false where every rank sees the whole split.

    Returns:
        A collection to ``update`` with logits ``[rows, vocabulary]`` and labels ``[rows]``; ``IGNORE`` is not scored.
    """
    accuracy = MulticlassAccuracy(average="micro", ignore_index=IGNORE, sync_on_compute=sync)
    return MetricCollection({"perplexity": Perplexity(sync), "accuracy": accuracy})


def next_tokens(classes: int, sync: bool = True) -> MetricCollection:
    """Make what is watched while a model learns to write: the metrics of its guesses at each next token of the text.

    Args:
        classes: the vocabulary, which nothing depends on.
        sync: compute over all ranks; false where every rank sees the whole split.

    Returns:
        As ``collection``.
    """
    return collection(sync)
