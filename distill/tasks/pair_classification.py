"""The task of giving one label to a pair of texts: paraphrase, entailment, relevance."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from distill.tasks import Columns, EncodingSpec, Features, classification
from distill.tasks.features import sentences

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def metric_module(labels: Sequence[str]) -> str:
    """Return the metrics of pairs, led by F1: of the second label of two, else the mean over labels."""
    return "pairs"


def encode(rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec) -> Features:
    """Encode both texts as one sequence; where it is too long, the longer text gives up tokens first."""
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
