"""A score for a pair of texts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from distill.base.terminal_text import shown
from distill.base.unusable_rows import Fault
from distill.errors import DataError
from distill.tasks import Columns, EncodingSpec, Options, Read, pair_classification
from distill.tasks.labels import is_number, replaced, sifted

if TYPE_CHECKING:
    from datasets import Dataset
    from torch import Tensor


_BANDS = 5
"""Parts into which the report's table cuts the range of the scores."""


def read(splits: Mapping[str, "Dataset"], options: Options) -> Read:
    """Turn the scores into numbers.

    Raises:
        DataError: one is no number, not finite, or outside the range of the settings, and not to be left out; or all of
            train are equal.
    """
    kept = sifted(splits, ["label"], partial(_fault, options.score_range), options)
    ready = {name: replaced(rows, "label", list(map(float, rows["label"][:]))) for name, rows in kept.splits.items()}
    if len(set(ready["train"]["label"][:])) < 2:
        raise DataError("every score in train is the same: nothing can be learned from it")
    return Read(ready, notes=kept.notes)


def metric_module(labels: Sequence[str]) -> str:
    """Pearson's correlation first."""
    return "regression"


def outputs(labels: Sequence[str]) -> list[str]:
    """One: the score."""
    return ["score"]


def decode(answers: Sequence["Tensor"], rows: Columns, tokenizer: Any, form: EncodingSpec) -> list[dict[str, Any]]:  # noqa: ANN401
    """The score."""
    return [{"score": float(answer[0, 0])} for answer in answers]


def predictions(records: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> list[Any]:
    """The scores."""
    return [record["score"] for record in records]


def references(rows: Columns, labels: Sequence[str]) -> list[Any]:
    """The scores."""
    return list(rows["label"])


def groups(rows: Columns) -> list[str]:
    """Bands of the true score, of equal width."""
    import numpy as np

    scores = np.asarray(rows["label"])
    edges = np.linspace(scores.min(), scores.max(), _BANDS + 1)
    band = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, _BANDS - 1)
    return [f"{edges[each]:g} to {edges[each + 1]:g}" for each in band]


def _fault(allowed: tuple[float, float] | None, value: Any) -> Fault | None:  # noqa: ANN401
    if not is_number(value):
        return Fault("a score that is no number", f"has the score {shown(value)}, which is no number")
    if allowed is not None and not allowed[0] <= float(value) <= allowed[1]:
        low, high = allowed
        said = f"has the score {shown(value)}, which is outside data.score_range=[{low:g}, {high:g}]"
        return Fault("a score outside data.score_range", said)
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
