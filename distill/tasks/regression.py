"""The task of giving a score to a pair of texts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from distill.base.terminal_text import shown
from distill.base.unusable_rows import Fault
from distill.errors import DataError
from distill.tasks import Columns, EncodingSpec, Options, Read, Record, pair_classification
from distill.tasks.labels import is_number, replaced, sifted

if TYPE_CHECKING:
    from datasets import Dataset
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase


_BANDS = 5
"""Parts into which the report's table cuts the range of the scores."""


def read(splits: Mapping[str, "Dataset"], options: Options) -> Read:
    """Turn the scores of all splits into numbers.

    Raises:
        DataError: one is no number, not finite, or outside the range of the settings, and not to be left out; or all of
            train are equal.
    """
    sifted_rows = sifted(splits, ["label"], partial(_fault, options.score_range), options)
    ready = {
        name: replaced(rows, "label", list(map(float, rows["label"][:]))) for name, rows in sifted_rows.splits.items()
    }
    if len(set(ready["train"]["label"][:])) < 2:
        raise DataError("every score in train is the same: nothing can be learned from it")
    return Read(ready, notes=sifted_rows.notes)


def metric_module(labels: Sequence[str]) -> str:
    """Return the metrics of scores, of which Pearson's correlation leads."""
    return "regression"


def outputs(labels: Sequence[str]) -> list[str]:
    """Return the name of the head's only output: the score."""
    return ["score"]


def decode(
    answers: Sequence["NDArray[Any]"], rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec
) -> list[Record]:
    """Return the score of each pair."""
    return [{"score": float(answer[0, 0])} for answer in answers]


def predictions(records: Sequence[Record], labels: Sequence[str]) -> list[object]:
    """Return the predicted scores."""
    return [record["score"] for record in records]


def references(rows: Columns, labels: Sequence[str]) -> list[object]:
    """Return the true scores."""
    return list(rows["label"])


def groups(rows: Columns) -> list[str]:
    """Return the band of each true score; the bands cut the range of the scores into equal parts."""
    import numpy as np

    scores = np.asarray(rows["label"])
    edges = np.linspace(scores.min(), scores.max(), _BANDS + 1)
    band = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, _BANDS - 1)
    return [f"{edges[each]:g} to {edges[each + 1]:g}" for each in band]


def _fault(allowed: tuple[float, float] | None, value: str | float) -> Fault | None:
    if not is_number(value):
        return Fault("a score that is no number", f"has the score {shown(value)}, which is no number")
    if allowed is not None and not allowed[0] <= float(value) <= allowed[1]:
        low, high = allowed
        reason = f"has the score {shown(value)}, which is outside data.score_range=[{low:g}, {high:g}]"
        return Fault("a score outside data.score_range", reason)
    return None


TASK = replace(
    pair_classification.TASK,
    roles={"text": "text", "pair": "text", "label": "score"},
    inputs={"text": "text", "pair": "text"},
    text=("text", "pair"),
    kind="score",
    sample="similarities",
    read=read,
    metric_module=metric_module,
    leading=("pearson", "mse"),
    outputs=outputs,
    decode=decode,
    predictions=predictions,
    references=references,
    groups=groups,
)
