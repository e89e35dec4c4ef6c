"""The task of predicting the masked words of a text (Devlin et al. 2019, https://arxiv.org/abs/1810.04805)."""

import numpy as np
import torch
from torch import Tensor

from distill.tasks import Columns
from distill.tasks.collating import Numbers, Place, model_inputs, totals
from distill.types import IGNORE, Batch

HEAD = "AutoModelForMaskedLM"


def masked_count(content: int, probability: float) -> int:
    """Return how many of ``content`` tokens are masked.

    It is always the same share, and at least one, so that totals are known beforehand.
    """
    return max(1, round(content * probability)) if content else 0


def mask(
    ids: Numbers, content: Numbers, draw: np.random.Generator, *, probability: float, mask_id: int, vocabulary: int
) -> tuple[Numbers, Numbers]:
    """Hide some tokens: 80 % become the mask, 10 % any token, 10 % stay.

    Args:
        ids: ``[tokens]``.
        content: positions in ``ids`` that may be hidden.
        draw: where chance comes from.
        probability: share of ``content`` to hide.
        mask_id: the mask token.
        vocabulary: number of tokens there are.

    Returns:
        The changed ids and the labels, both ``[tokens]``; a label is ``IGNORE`` where nothing was hidden.
    """
    chosen = draw.permutation(content)[: masked_count(len(content), probability)]
    labels = np.full_like(ids, IGNORE)
    labels[chosen] = ids[chosen]
    hidden, fate = ids.copy(), draw.random(len(chosen))
    hidden[chosen[fate < 0.8]] = mask_id
    swapped = chosen[(fate >= 0.8) & (fate < 0.9)]
    hidden[swapped] = draw.integers(0, vocabulary, len(swapped))
    return hidden, labels


class Collate:
    """Makes batches with masked tokens, the same of an example for a seed and epoch in whatever batch it lands."""

    def __init__(
        self, *, seed: int, probability: float, pad_id: int, mask_id: int, vocabulary: int, special: frozenset[int]
    ) -> None:
        """Keep how tokens are masked; ``special`` are the ids that are never hidden."""
        self.seed, self.probability, self.pad_id, self.mask_id = seed, probability, pad_id, mask_id
        self.vocabulary, self.special = vocabulary, np.asarray(sorted(special))

    def __call__(self, rows: Columns, place: Place) -> Batch:
        """Return a batch of masked inputs and their labels, each ``[batch, tokens]``."""
        numbered = zip(rows["input_ids"], place.rows, strict=True)
        pairs = [self._mask(np.asarray(ids), index, place) for ids, index in numbered]
        inputs = model_inputs({**rows, "input_ids": [ids.tolist() for ids, _ in pairs]}, self.pad_id)
        labels = torch.full_like(inputs["input_ids"], IGNORE)
        for row, (_, hidden) in enumerate(pairs):
            labels[row, : len(hidden)] = torch.from_numpy(hidden)
        whose = {"key": torch.tensor(rows["key"])} if "key" in rows else {}
        return {**inputs, "labels": labels, **whose, **totals(place.totals)}

    def counts(self, rows: Columns) -> dict[str, Numbers]:
        """Count the labels, rows and tokens of each example, each as an array ``[examples]``."""
        content = [len(self._content(np.asarray(ids))) for ids in rows["input_ids"]]
        hidden = np.asarray([masked_count(number, self.probability) for number in content])
        return {"labels": hidden, "rows": hidden, "tokens": np.asarray([len(ids) for ids in rows["input_ids"]])}

    def _content(self, ids: Numbers) -> Numbers:
        return np.flatnonzero(~np.isin(ids, self.special))

    def _mask(self, ids: Numbers, index: int, place: Place) -> tuple[Numbers, Numbers]:
        draw = np.random.default_rng((self.seed, place.epoch, index))
        probability, mask_id, vocabulary = self.probability, self.mask_id, self.vocabulary
        return mask(ids, self._content(ids), draw, probability=probability, mask_id=mask_id, vocabulary=vocabulary)


def align(logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the logits ``[rows, vocabulary]`` and ``labels [rows]`` of the hidden tokens, which are the rows."""
    scored = batch["labels"] != IGNORE
    return logits[scored], batch["labels"][scored]
