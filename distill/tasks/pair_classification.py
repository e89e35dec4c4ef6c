"""One label for a pair of texts: paraphrase, entailment, relevance."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from distill.tasks import Columns, EncodingSpec, classification
from distill.tasks.features import sentences


def metric_module(labels: Sequence[str]) -> str:
    """F1 first: of the second label where there are two, else the mean over labels."""
    return "pairs"


def encode(rows: Columns, tokenizer: Any, form: EncodingSpec) -> dict[str, list[Any]]:  # noqa: ANN401
    """Both texts as one sequence; where it is too long, the longer text gives up tokens until both are as long."""
    pairs = tokenizer(list(rows["text"]), list(rows["pair"]), truncation="longest_first", max_length=form.max_length)
    return sentences(pairs, rows)


TASK = replace(
    classification.TASK,
    roles={"text": "text", "pair": "text", "label": "label"},
    inputs={"text": "text", "pair": "text"},
    text=("text", "pair"),
    sample="paraphrases",
    metric_module=metric_module,
    leading=("f1", "accuracy"),
    encode=encode,
)
