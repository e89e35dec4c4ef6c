"""The offline samples: rows that grammars make, the same on every call and machine, where no data can be had."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from distill.data.embedded import (
    abstracts,
    dialogues,
    entities,
    paraphrases,
    passages,
    questions,
    relations,
    sentiment,
    similarities,
    topics,
    translations,
)

if TYPE_CHECKING:
    from datasets import Dataset

_SAMPLES: Mapping[str, Callable[[], dict[str, "Dataset"]]] = {
    "sentiment": sentiment.sample,
    "questions": questions.sample,
    "paraphrases": paraphrases.sample,
    "topics": topics.sample,
    "similarities": similarities.sample,
    "entities": entities.sample,
    "relations": relations.sample,
    "passages": passages.sample,
    "translations": translations.sample,
    "abstracts": abstracts.sample,
    "dialogues": dialogues.sample,
}
SAMPLES = {name: cache(sample) for name, sample in _SAMPLES.items()}
"""Each sample by its name, made once a process; no text stands twice in one, and the labels of validation and test are
true."""
