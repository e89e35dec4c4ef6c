"""One label for a text."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distill.tasks import Columns, EncodingSpec, Options, Read, Task
from distill.tasks.features import sentences
from distill.tasks.labels import numbered
from distill.types import Batch

if TYPE_CHECKING:
    from datasets import Dataset
    from torch import Tensor


def read(splits: Mapping[str, "Dataset"], options: Options) -> Read:
    """Number the labels.

    Raises:
        DataError: they are scores, or only one, or train lacks one of another split.
    """
    return numbered(splits, options)


def metric_module(labels: Sequence[str]) -> str:
    """Accuracy first."""
    return "classification"


def outputs(labels: Sequence[str]) -> list[str]:
    """One for each label."""
    return list(labels)


def encode(rows: Columns, tokenizer: Any, form: EncodingSpec) -> dict[str, list[Any]]:  # noqa: ANN401
    """Token ids of the texts, cut to ``max_length`` tokens."""
    return sentences(tokenizer(list(rows["text"]), truncation=True, max_length=form.max_length), rows)


def align(logits: "Tensor", batch: Batch, form: EncodingSpec) -> tuple["Tensor", "Tensor"]:
    """A text is a row: ``logits [batch, classes]`` and ``labels [batch]`` as they are."""
    return logits, batch["labels"]


def decode(answers: Sequence["Tensor"], rows: Columns, tokenizer: Any, form: EncodingSpec) -> list[dict[str, Any]]:  # noqa: ANN401
    """The likeliest label, and its probability."""
    import torch

    probabilities = torch.cat(list(answers)).float().softmax(dim=-1)
    highest, chosen = probabilities.max(dim=-1)
    return [
        {"label": form.labels[label], "probability": probability}
        for label, probability in zip(chosen.tolist(), highest.tolist(), strict=True)
    ]


def predictions(records: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> list[Any]:
    """The numbers of the labels."""
    number = {name: index for index, name in enumerate(labels)}
    return [number[record["label"]] for record in records]


def references(rows: Columns, labels: Sequence[str]) -> list[Any]:
    """The numbers of the labels."""
    return list(rows["label"])


def groups(rows: Columns) -> list[str]:
    """Labels group already."""
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
    decode=decode,
    predictions=predictions,
    references=references,
    groups=groups,
)
