"""The task of predicting the masked words of a text (Devlin et al. 2019, https://arxiv.org/abs/1810.04805)."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
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
    ids: Numbers, chosen: Numbers, draw: np.random.Generator, *, mask_id: int, vocabulary: int
) -> tuple[Numbers, Numbers]:
    """Hide some tokens: 80 % become the mask, 10 % any token, 10 % stay.

    Args:
        ids: ``[tokens]``.
        chosen: positions in ``ids`` to hide.
        draw: where chance comes from.
        mask_id: the mask token.
        vocabulary: number of tokens there are.

    Returns:
        The changed ids and the labels, both ``[tokens]``; a label is ``IGNORE`` where nothing was hidden.
    """
    labels = np.full_like(ids, IGNORE)
    labels[chosen] = ids[chosen]
    hidden, fate = ids.copy(), draw.random(len(chosen))
    hidden[chosen[fate < 0.8]] = mask_id
    swapped = chosen[(fate >= 0.8) & (fate < 0.9)]
    hidden[swapped] = draw.integers(0, vocabulary, len(swapped))
    return hidden, labels


def whole_words(words: Sequence[Numbers], count: int, draw: np.random.Generator) -> Numbers:
    """Draw words of at most ``count`` tokens together, as many as find room, in a random order.

    Args:
        words: positions of the tokens of each word; the shortest has at most ``count``.
        count: tokens to draw.
        draw: where chance comes from.

    Returns:
        The positions of their tokens.
    """
    taken = [np.empty(0, dtype=np.int64)]
    for number in draw.permutation(len(words)):
        if not count:
            break
        if len(words[number]) <= count:
            taken.append(words[number])
            count -= len(words[number])
    return np.concatenate(taken)


class Collate:
    """Makes batches with masked tokens, the same of an example for a seed and epoch in whatever batch it lands."""

    def __init__(
        self,
        *,
        seed: int,
        probability: float,
        pad_id: int,
        mask_id: int,
        vocabulary: int,
        special: frozenset[int],
        inner: Sequence[bool] | None = None,
    ) -> None:
        """Keep how tokens are masked.

        Args:
            seed: of the run.
            probability: share of the tokens to hide.
            pad_id: fills up short texts.
            mask_id: the mask token.
            vocabulary: number of tokens there are.
            special: ids that are never hidden.
            inner: of each id whether it goes on with the word before it, so that words are hidden as a whole (Cui et
                al. 2021, https://arxiv.org/abs/1906.08101); none hides tokens one by one.
        """
        self.inner: NDArray[np.bool_] | None = None if inner is None else np.asarray(inner)
        self.seed, self.probability, self.pad_id, self.mask_id = seed, probability, pad_id, mask_id
        self.vocabulary, self.special = vocabulary, np.asarray(sorted(special))

    def __call__(self, rows: Columns, place: Place) -> Batch:
        """Return a batch of masked inputs and their labels, each ``[batch, tokens]``, and the places ``scored``."""
        numbered = zip(rows["input_ids"], place.rows, strict=True)
        pairs = [self._mask(np.asarray(ids), index, place) for ids, index in numbered]
        inputs = model_inputs({**rows, "input_ids": [ids.tolist() for ids, _ in pairs]}, self.pad_id)
        labels = torch.full_like(inputs["input_ids"], IGNORE)
        for row, (_, hidden) in enumerate(pairs):
            labels[row, : len(hidden)] = torch.from_numpy(hidden)
        whose = {"key": torch.tensor(rows["key"])} if "key" in rows else {}
        return {**inputs, "labels": labels, "scored": scored_places(labels), **whose, **totals(place.totals)}

    def counts(self, rows: Columns) -> dict[str, Numbers]:
        """Count the labels, rows and tokens of each example, each as an array ``[examples]``.

        Where words are hidden as a whole, these are the labels at most: in a short text whose words do not add up to
        its share, a few fewer are hidden.
        """
        hidden = np.asarray([self._count(np.asarray(ids)) for ids in rows["input_ids"]])
        return {"labels": hidden, "rows": hidden, "tokens": np.asarray([len(ids) for ids in rows["input_ids"]])}

    def _content(self, ids: Numbers) -> Numbers:
        return np.flatnonzero(~np.isin(ids, self.special))

    def _words(self, ids: Numbers) -> list[Numbers]:
        """Return the positions of the tokens of each word, none of which may have a special token inside."""
        content = self._content(ids)
        if self.inner is None or not len(content):
            return []
        begins = ~self.inner[ids[content[1:]]] | (np.diff(content) > 1)
        return np.split(content, np.flatnonzero(begins) + 1)

    def _count(self, ids: Numbers) -> int:
        count = masked_count(len(self._content(ids)), self.probability)
        return max(count, min(map(len, self._words(ids)), default=0))

    def _mask(self, ids: Numbers, index: int, place: Place) -> tuple[Numbers, Numbers]:
        draw = np.random.default_rng((self.seed, place.epoch, index))
        count = self._count(ids)
        if self.inner is None:
            chosen = draw.permutation(self._content(ids))[:count]
        else:
            chosen = whole_words(self._words(ids), count, draw)
        return mask(ids, chosen, draw, mask_id=self.mask_id, vocabulary=self.vocabulary)


def scored_places(labels: Tensor) -> Tensor:
    """Return which of the labels ``[batch, tokens]``, one after the other, count: on a GPU one would wait for it."""
    (places,) = (labels.flatten() != IGNORE).nonzero(as_tuple=True)
    return places


def align(logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the logits ``[rows, vocabulary]`` and ``labels [rows]`` of the hidden tokens, which are the rows."""
    scored = batch["scored"]
    return logits.flatten(0, 1)[scored], batch["labels"].flatten()[scored]
