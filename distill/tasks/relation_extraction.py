"""How two marked entities of a text are related.

The marks become tokens, and the two that open the entities answer (the entity-start pooling of Baldini Soares et al.
2019, https://arxiv.org/abs/1906.03158): a linear layer over both states is the sum of one layer on each, so that a
token-classification head with two outputs for each relation is all it takes, whatever the architecture.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from torch import Tensor

from distill.errors import DataError
from distill.tasks import Columns, Form, Options, Read, classification
from distill.tasks.features import sentences
from distill.tasks.labels import numbered
from distill.types import Batch

if TYPE_CHECKING:
    from datasets import Dataset


MARKERS = ("<e1>", "</e1>", "<e2>", "</e2>")
_GAPS = re.compile(r"(?<=\s)|(?<=[\u3040-\u30ff\u3400-\u9fff])")
"""Where a text may be cut: after a space, or a character of a script without spaces."""


def read(splits: Mapping[str, "Dataset"], options: Options) -> Read:
    """Check the marks and number the relations.

    Raises:
        DataError: a mark is missing, stands twice or closes nothing; or train lacks a relation of another split.
    """
    for name, rows in splits.items():
        for number, text in enumerate(rows["text"][:], 1):
            if said := problem(text):
                raise DataError(f"row {number} of {name} {said}: {text[:80]}")
    ready, labels = numbered(splits, options.labels)
    return Read(ready, labels)


def measured_by(labels: Sequence[str]) -> str:
    """The macro F1 over directed relations of SemEval-2010 task 8 first."""
    return "relations"


def outputs(labels: Sequence[str]) -> list[str]:
    """Two for each relation: what its first and what its second entity says."""
    return [f"{label} {mark}" for mark in ("<e1>", "<e2>") for label in labels]


def encode(rows: Columns, tokenizer: Any, form: Form) -> dict[str, list[Any]]:  # noqa: ANN401
    """Token ids, cut around the entities where the text is too long, and where the entities begin."""
    marks = tokenizer.convert_tokens_to_ids(list(MARKERS))
    texts = [_around(text, tokenizer, form.max_length) for text in rows["text"]]
    features = sentences(tokenizer(texts, truncation=True, max_length=form.max_length), rows)
    places = []
    for ids, text in zip(features["input_ids"], texts, strict=True):
        if not set(marks) <= set(ids):
            raise DataError(f"data.max_length={form.max_length} has no room for both entities of: {text[:80]}")
        places.append([[ids.index(mark) for mark in marks[::2]]])
    return {**features, "positions": places}


def align(logits: Tensor, batch: Batch, form: Form) -> tuple[Tensor, Tensor]:
    """``logits [batch, tokens, 2 relations]`` at the two entity starts, summed: ``[batch, relations]``."""
    one, other = batch["position"].unbind(dim=-1)
    first, second = logits.chunk(2, dim=-1)
    return first[batch["example"], one] + second[batch["example"], other], batch["labels"]


def problem(text: str) -> str | None:
    """What is wrong with the marks of a text, as the end of a sentence about it; none where nothing is."""
    counts = {mark: text.count(mark) for mark in MARKERS}
    if missing := [mark for mark, count in counts.items() if count != 1]:
        return f"has {missing[0]} {counts[missing[0]]} times, not once"
    spans = [text.find(mark) for mark in MARKERS]
    if spans[0] > spans[1] or spans[2] > spans[3]:
        return "closes an entity before it opens it"
    return None


def _around(text: str, tokenizer: Any, max_length: int) -> str:  # noqa: ANN401
    """The text, without words at its ends that leave no room for the entities."""
    words = _GAPS.split(text)
    places = [index for index, word in enumerate(words) if any(mark in word for mark in MARKERS)]
    first, last = places[0], places[-1] + 1
    if _length(text, tokenizer) <= max_length:
        return text
    start, stop = first, last
    while True:
        longer = [(max(0, start - 1), stop), (start, min(len(words), stop + 1))]
        grown = [
            each for each in longer if each != (start, stop) and _length(_joined(words, each), tokenizer) <= max_length
        ]
        if not grown:
            return _joined(words, (start, stop))
        start, stop = min(grown, key=lambda each: abs((first - each[0]) - (each[1] - last)))


def _joined(words: Sequence[str], span: tuple[int, int]) -> str:
    return "".join(words[span[0] : span[1]])


def _length(text: str, tokenizer: Any) -> int:  # noqa: ANN401
    return len(tokenizer(text)["input_ids"])


TASK = replace(
    classification.TASK,
    roles={"text": "marked", "label": "label"},
    inputs={"text": "marked"},
    head="AutoModelForTokenClassification",
    sample="relations",
    pipeline=None,
    markers=MARKERS,
    read=read,
    measured_by=measured_by,
    outputs=outputs,
    encode=encode,
    align=align,
)
