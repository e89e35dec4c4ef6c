"""The task of giving any number of labels to a text, each decided on its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from distill.tasks import Columns, EncodingSpec, Options, Read, Record, classification
from distill.tasks.labels import label_names, refuse_unknown, replaced

if TYPE_CHECKING:
    from datasets import Dataset
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase


def read(splits: Mapping[str, "Dataset"], options: Options) -> Read:
    """Number the labels, and turn those of each row into a 0 or 1 for every label.

    Raises:
        DataError: there are fewer than two labels, or train lacks one of another split.
    """
    sets = {name: [_labels(value) for value in rows["label"][:]] for name, rows in splits.items()}
    known = label_names([label for labels in sets["train"] for label in labels], options)
    ready = {}
    for name, rows in splits.items():
        refuse_unknown(sets[name], known, name, options)
        ready[name] = replaced(rows, "label", [[float(each in labels) for each in known] for labels in sets[name]])
    return Read(ready, tuple(known.values()))


def metric_module(labels: Sequence[str]) -> str:
    """Return the metrics of several labels, of which F1 over all decisions leads."""
    return "multilabel"


def decode(
    answers: Sequence["NDArray[Any]"], rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec
) -> list[Record]:
    """Return the labels that are likelier than the threshold, and the probability of every label."""
    from distill.tasks import arrays

    probabilities = arrays.sigmoid(arrays.in_float32(answers)).tolist()
    named = [dict(zip(form.labels, row, strict=True)) for row in probabilities]
    return [
        {"labels": [name for name, likely in row.items() if likely > form.threshold], "probabilities": row}
        for row in named
    ]


def predictions(records: Sequence[Record], labels: Sequence[str]) -> list[object]:
    """Return a 0 or 1 for each label, as predicted."""
    return [[int(name in record["labels"]) for name in labels] for record in records]


def references(rows: Columns, labels: Sequence[str]) -> list[object]:
    """Return a 0 or 1 for each label, as it should be."""
    return [[int(each) for each in labels] for labels in rows["label"]]


def _labels(value: object) -> set[str]:
    """The labels of a row: a list, a single one, or nothing."""
    parts = value if isinstance(value, list) else [value]
    return {str(part).strip() for part in parts if part is not None and str(part).strip()}


TASK = replace(
    classification.TASK,
    roles={"text": "text", "label": "labels"},
    kind="labels",
    sample="topics",
    read=read,
    metric_module=metric_module,
    leading=("f1_micro", "f1_macro", "exact_match"),
    decode=decode,
    predictions=predictions,
    references=references,
)
