"""The task of telling how two marked entities of a text are related.

The marks become tokens, and the two that open the entities answer (the entity-start pooling of Baldini Soares et al.
2019, https://arxiv.org/abs/1906.03158): a linear layer over both states is the sum of one layer on each, so that a
token-classification head with two outputs for each relation is all it takes, whatever the architecture.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from distill.base.terminal_text import shown
from distill.base.unusable_rows import Fault
from distill.errors import DataError
from distill.tasks import Columns, EncodingSpec, Features, Options, Read, classification
from distill.tasks.features import sentences
from distill.tasks.labels import numbered, sifted
from distill.types import Batch

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset
    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase


MARKERS = ("<e1>", "</e1>", "<e2>", "</e2>")
_MARK = re.compile("|".join(MARKERS))
_WAY = "; marks are written as <e1>…</e1> around one entity and <e2>…</e2> around the other"
"""What is said where a text has none, or others."""
_GAPS = re.compile(r"(?<=\s)|(?<=[\u3040-\u30ff\u3400-\u9fff])")
"""Where a text may be cut: after a space, or a character of a script without spaces."""


def read(splits: Mapping[str, "Dataset"], options: Options) -> Read:
    """Check the marks of the entities, and number the relations.

    Raises:
        DataError: a mark is missing, stands twice or closes nothing; or train lacks a relation of another split.
    """
    sifted_rows = sifted(splits, ["text"], _fault, options)
    read_ = numbered(sifted_rows.splits, sifted_rows.options)
    return replace(read_, notes=(*sifted_rows.notes, *read_.notes))


def metric_module(labels: Sequence[str]) -> str:
    """Return the metrics of relations, of which the macro F1 of SemEval-2010 task 8 leads."""
    return "relations"


def outputs(labels: Sequence[str]) -> list[str]:
    """Return the names of the head's outputs: two for each relation, one for each entity."""
    return [f"{label} {mark}" for mark in ("<e1>", "<e2>") for label in labels]


def encode(rows: Columns, tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec) -> Features:
    """Encode the texts, without the words furthest from the entities where there are too many.

    The positions of a feature are the tokens that open its two entities.

    Raises:
        DataError: there is no room for the entities themselves.
    """
    marks = cast(list[int], tokenizer.convert_tokens_to_ids(list(MARKERS)))
    whole = tokenizer(list(rows["text"]))["input_ids"]
    texts = [
        text if len(ids) <= form.max_length else _around(text, tokenizer, form.max_length)
        for text, ids in zip(rows["text"], whole, strict=True)
    ]
    features = sentences(tokenizer(texts, truncation=True, max_length=form.max_length), rows)
    places = []
    for ids, text in zip(features["input_ids"], rows["text"], strict=True):
        if not set(marks) <= set(ids):
            raise DataError(f"data.max_length={form.max_length} has no room for both entities of: {shown(text)}")
        places.append([[ids.index(mark) for mark in marks[::2]]])
    return {**features, "positions": places, "cut": [len(ids) > form.max_length for ids in whole]}


def align(logits: "Tensor", batch: Batch, form: EncodingSpec) -> tuple["Tensor", "Tensor"]:
    """Sum the logits ``[batch, tokens, 2 relations]`` at the two entity starts into rows ``[batch, relations]``."""
    one, other = batch["position"].unbind(dim=-1)
    first, second = logits.chunk(2, dim=-1)
    return first[batch["example"], one] + second[batch["example"], other], batch["labels"]


def rows(
    logits: "NDArray[np.float32]", batch: Mapping[str, "NDArray[Any]"], form: EncodingSpec
) -> "NDArray[np.float32]":
    """Return the sums ``[batch, relations]`` of the logits at the two entity starts."""
    one, other = batch["position"].T
    relations = logits.shape[-1] // 2
    return logits[batch["example"], one, :relations] + logits[batch["example"], other, relations:]


def _fault(text: str) -> Fault | None:
    reason = problem(text)
    if reason is None:
        return None
    way = "" if any(mark in text for mark in MARKERS) else _WAY
    return Fault("entities that are not marked as they should be", f"{reason}: {shown(text)}", way)


def problem(text: str) -> str | None:
    """Return what is wrong with the marks of a text, as the end of a sentence; none where nothing is."""
    counts = {mark: text.count(mark) for mark in MARKERS}
    if missing := [mark for mark, count in counts.items() if count != 1]:
        return f"has {missing[0]} {counts[missing[0]]} times, not once"
    spans = [text.find(mark) for mark in MARKERS]
    if spans[0] > spans[1] or spans[2] > spans[3]:
        return "closes an entity before it opens it"
    if any(not text[start + len(MARKERS[0]) : end].strip() for start, end in (spans[:2], spans[2:])):
        return "has an entity without words"
    return None


def _around(text: str, tokenizer: "PreTrainedTokenizerBase", max_length: int) -> str:
    """The entities, and as many of the words beside them, the nearest first, as there is room for.

    Where there is no room for all that stands between the entities, the middle of it is left out.
    """
    words = _GAPS.split(text)
    entities = _entities(words)
    through = range(entities[0].start, entities[-1].stop)

    def size(part: str) -> int:
        return len(tokenizer([part])["input_ids"][0])

    def length(places: Collection[int]) -> int:
        return size(_joined(words, places))

    needed = _joined(words, through)
    needed = needed[: [*_MARK.finditer(needed)][-1].end()]  # what stands after the last mark may be cut off
    spans = [through] if size(needed) <= max_length else entities
    inside = [place for span in spans for place in span]
    beside = sorted(set(range(len(words))) - set(inside), key=lambda place: (_distance(place, spans), place))
    fit = bisect_right(range(len(beside) + 1), max_length, key=lambda many: length([*inside, *beside[:many]]))
    count = max(0, fit - 1)
    chosen_places = {*inside, *beside[:count]}
    for place in beside[count:]:  # where one side's next word is too long, another's may fit
        if {place - 1, place + 1} & chosen_places and length(chosen_places | {place}) <= max_length:
            chosen_places.add(place)
    return _joined(words, chosen_places)


def _entities(words: Sequence[str]) -> list[range]:
    """The words of each entity, in the order of the text; one range where they share words."""
    marked_words = [(mark, place) for place, word in enumerate(words) for mark in _MARK.findall(word)]
    marks, (first, second, third, last) = zip(*marked_words, strict=True)
    if marks[1] in MARKERS[1::2] and second < third:
        return [range(first, second + 1), range(third, last + 1)]
    return [range(first, last + 1)]


def _distance(place: int, spans: Sequence[range]) -> int:
    """How far a word is from the nearest of the spans."""
    return min(span.start - place if place < span.start else place - span.stop + 1 for span in spans)


def _joined(words: Sequence[str], places: Collection[int]) -> str:
    return "".join(words[place] for place in sorted(places))


TASK = replace(
    classification.TASK,
    roles={"text": "marked", "label": "label"},
    inputs={"text": "marked"},
    head="AutoModelForTokenClassification",
    sample="relations",
    pipeline=None,
    markers=MARKERS,
    problem=problem,
    read=read,
    metric_module=metric_module,
    leading=("f1", "accuracy"),
    outputs=outputs,
    encode=encode,
    align=align,
    rows=rows,
)
