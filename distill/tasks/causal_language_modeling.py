"""The task of predicting the next token of a text (Radford et al. 2018)."""

import numpy as np
import torch

from distill.tasks import Columns
from distill.tasks.collating import Numbers, Place, model_inputs, pad, totals
from distill.tasks.masked_language_modeling import scored_places
from distill.types import IGNORE, Batch

HEAD = "AutoModelForCausalLM"


class Collate:
    """Makes batches in which the label of a token is the token that follows it."""

    def __init__(self, pad_id: int) -> None:
        """Keep the id that fills up short texts."""
        self.pad_id = pad_id

    def __call__(self, rows: Columns, place: Place) -> Batch:
        """Return a batch of inputs and labels, each ``[batch, tokens]``; a text's last token has no label."""
        inputs = model_inputs(rows, self.pad_id)
        labels = pad([[*ids[1:], IGNORE] for ids in rows["input_ids"]], IGNORE)
        scored = {"labels": labels, "scored": scored_places(labels)}
        return {**inputs, **scored, "key": torch.tensor(rows["key"]), **totals(place.totals)}

    def counts(self, rows: Columns) -> dict[str, Numbers]:
        """Count the labels, rows and tokens of each text, each as an array ``[texts]``."""
        tokens = np.asarray([len(ids) for ids in rows["input_ids"]], dtype=np.int64)
        followed = np.maximum(tokens - 1, 0)
        return {"labels": followed, "rows": followed, "tokens": tokens}
