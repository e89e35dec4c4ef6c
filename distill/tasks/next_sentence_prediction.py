"""The task of telling whether a segment follows another one, beside masked words (Devlin et al. 2019)."""

import numpy as np
import torch

from distill.tasks import Columns
from distill.tasks import masked_language_modeling as masked
from distill.tasks.collating import Numbers, Place
from distill.types import Batch

HEAD = "AutoModelForPreTraining"


class Collate:
    """Makes batches of pairs of segments with masked tokens, and whether the second segment ``follows``."""

    def __init__(self, hide: masked.Collate) -> None:
        """Keep how tokens are masked."""
        self.hide = hide

    def __call__(self, rows: Columns, place: Place) -> Batch:
        """Return the batch of masked tokens, with ``follows [batch]``: 0 where the second segment does, else 1."""
        return {**self.hide(rows, place), "follows": torch.tensor(rows["follows"])}

    def counts(self, rows: Columns) -> dict[str, Numbers]:
        """Count the labels, rows, tokens and pairs of each pair, each as an array ``[pairs]``."""
        counted = self.hide.counts(rows)
        return {**counted, "examples": np.ones_like(counted["rows"])}
