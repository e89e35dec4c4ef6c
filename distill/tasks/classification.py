"""The task of giving one label to a text."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.tasks import Columns, EncodingSpec, Features, Options, Read, Record, Task
from distill.tasks.features import sentences
from distill.tasks.labels import numbered
from distill.types import Batch

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset
    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


def read(splits: Mapping[str, "Dataset"], options: Options) -> Read:
    """Number the labels of all splits.

    Raises:
        DataError: they are scores, or only one, or train lacks one of another split.
    """
    return numbered(splits, options)


def metric_module(labels: Sequence[str]) -> str:
    """Return the metrics of a single label, of which accuracy leads."""
    return "classification"


def outputs(labels: Sequence[str]) -> list[str]:
    """Return the names of the head's outputs: one for each label."""
    return list(labels)


def encode(rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec) -> Features:
    """Encode the texts as features, cut to ``max_length`` tokens."""
    return sentences(tokenizer(list(rows["text"]), truncation=True, max_length=form.max_length), rows)


def align(logits: "Tensor", batch: Batch, form: EncodingSpec) -> tuple["Tensor", "Tensor"]:
    """Return the logits ``[batch, classes]`` and ``labels [batch]`` as they are: a text is a row."""
    return logits, batch["labels"]


def rows(
    logits: "NDArray[np.float32]", batch: Mapping[str, "NDArray[Any]"], form: EncodingSpec
) -> "NDArray[np.float32]":
    """Return the logits ``[batch, classes]`` as they are: a text is a row."""
    return logits


def decode(
    answers: Sequence["NDArray[Any]"], rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec
) -> list[Record]:
    """Return the likeliest label of each text, and its probability."""
    from distill.tasks import arrays

    probabilities = arrays.softmax(arrays.in_float32(answers))
    chosen, highest = probabilities.argmax(axis=-1), probabilities.max(axis=-1)
    return [
        {"label": form.labels[label], "probability": probability}
        for label, probability in zip(chosen.tolist(), highest.tolist(), strict=True)
    ]


def predictions(records: Sequence[Record], labels: Sequence[str]) -> list[object]:
    """Return the number of the predicted label of each text."""
    number = {name: index for index, name in enumerate(labels)}
    return [number[record["label"]] for record in records]


def references(rows: Columns, labels: Sequence[str]) -> list[object]:
    """Return the number of the true label of each text."""
    return list(rows["label"])


def groups(rows: Columns) -> list[str]:
    """Return no groups, since the report groups examples by their labels."""
    return []


TASK = Task(
    roles={"text": "text", "label": "label"},
    inputs={"text": "text"},
    text=("text",),
    head="AutoModelForSequenceClassification",
    kind="class",
    sample="sentiment",
    pipeline="text-classification",
    read=read,
    metric_module=metric_module,
    leading=("accuracy", "f1", "matthews"),
    outputs=outputs,
    encode=encode,
    align=align,
    rows=rows,
    decode=decode,
    predictions=predictions,
    references=references,
    groups=groups,
)
