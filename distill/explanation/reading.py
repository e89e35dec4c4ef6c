"""One example as a model reads it: its tokens, and the words that they are part of."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from distill.base.segmentation import pieces
from distill.inference.predictor import Predictor
from distill.tasks import Features

if TYPE_CHECKING:
    from tokenizers import Encoding
    from transformers import PreTrainedTokenizerBase

Floats = NDArray[np.float64]


class Word(NamedTuple):
    """A word, or a mark, of an input of the task; ``tokens`` are the places of its tokens, none where it is cut off."""

    input: str
    text: str
    tokens: tuple[int, ...]


class Reading(NamedTuple):
    """A feature of an example, and its words.

    Attributes:
        features: of one feature, a list of one for each name.
        tokens: their names.
        words: in the order of the text; the tokens themselves where the tokenizer does not say what they stand for.
    """

    features: Features
    tokens: Sequence[str]
    words: Sequence[Word]

    def by_word(self, values: Floats) -> list[float | None]:
        """Return the sum over the tokens of each word; none for a word that was cut off."""
        return [float(values[list(word.tokens)].sum()) if word.tokens else None for word in self.words]


def read(model: Predictor, row: Mapping[str, Any], place: int = 0) -> Reading:
    """Return an example as a model reads it: the feature that answers for one of its rows of logits.

    Args:
        model: with its tokenizer.
        row: the task's inputs.
        place: of the row of logits, such as the number of a word that gets a tag.
    """
    recorder = _Recorder(model.tokenizer)
    every = replace(model, tokenizer=cast("PreTrainedTokenizerBase", recorder)).encode([row])
    spans = enumerate(zip(every["first"], every["count"], strict=True))
    chosen = next(number for number, (first, count) in spans if first <= place < first + count)
    features = {name: [values[chosen]] for name, values in every.items()}
    ids = features["input_ids"][0]
    tokens = model.tokenizer.convert_ids_to_tokens(ids)
    found = next((call for call in reversed(recorder.calls) if call.encoding.ids == ids), None)
    if found is None:
        name = next(iter(model.task.inputs))
        return Reading(features, tokens, [Word(name, token, (at,)) for at, token in enumerate(tokens)])
    if "tokens" in model.task.inputs:
        return Reading(features, tokens, list(_of_words(found, row["tokens"], features)))
    return Reading(features, tokens, list(_of_texts(found, tuple(model.task.inputs), model.task.markers)))


class _Call(NamedTuple):
    """What a tokenizer made of a text, or of two."""

    texts: tuple[Any, ...]
    encoding: "Encoding"


class _Recorder:
    """A tokenizer that keeps what it was asked and what it made of it, for that says which token is which word's."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        self._tokenizer = tokenizer
        self.calls: list[_Call] = []

    def __call__(self, *texts: Sequence[Any], **settings: Any) -> Any:  # noqa: ANN401
        """Ask the tokenizer."""
        made = self._tokenizer(*texts, **settings)
        together = zip(*texts, strict=True)
        self.calls += map(_Call, together, getattr(made, "encodings", None) or [])
        return made

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Return whatever else the tokenizer has."""
        return getattr(self._tokenizer, name)


def _of_words(call: _Call, words: Sequence[str], features: Features) -> Iterator[Word]:
    """Yield the words of a sentence that was given as words, of which a window may have read some."""
    of_tokens = call.encoding.word_ids
    (first,), (positions,) = features["first"], features["positions"]
    start = first - of_tokens[positions[0]]
    places: dict[int, list[int]] = {}
    for token, word in enumerate(of_tokens):
        if word is not None:
            places.setdefault(start + word, []).append(token)
    return (Word("tokens", text, tuple(places.get(number, ()))) for number, text in enumerate(words))


def _of_texts(call: _Call, inputs: Sequence[str], markers: Sequence[str]) -> Iterator[Word]:
    """Yield the words of one text, or of two, each with the tokens that stand for most of it."""
    for number, (name, text) in enumerate(zip(inputs, call.texts, strict=True)):
        parts = _parts(text, markers)
        ends = np.fromiter(accumulate(map(len, parts)), dtype=np.int64, count=len(parts))
        places: dict[int, list[int]] = {}
        of_token = zip(call.encoding.sequence_ids, call.encoding.offsets, strict=True)
        for token, (sequence, (start, stop)) in enumerate(of_token):
            if sequence == number and stop > start:
                places.setdefault(_most_of(ends, text, start, stop), []).append(token)
        yield from (
            Word(name, part.strip(), tuple(places.get(at, ()))) for at, part in enumerate(parts) if part.strip()
        )


def _parts(text: str, markers: Sequence[str]) -> list[str]:
    """Return words and marks with the spaces around them: joined, they are the text.

    >>> _parts(" It is <e1>Ada</e1>.", ["<e1>", "</e1>"])
    [' ', 'It ', 'is', ' ', '<e1>', 'Ada', '</e1>', '.']
    """
    between = "|".join(map(re.escape, markers))
    parts = re.split(f"({between})", text) if markers else [text]
    found: list[str] = []
    for part in filter(None, parts):
        inside = [part] if part in markers else pieces(part)
        before = part[: len(part) - len(part.lstrip())] if part not in markers else ""
        after = part[len(before) + sum(map(len, inside)) :]
        found += [each for each in (before, *inside, after) if each]
    return found


def _most_of(ends: NDArray[np.int64], text: str, start: int, stop: int) -> int:
    """Return the part of a text in which most of a token stands, spaces around the token aside."""
    token = text[start:stop]
    if stripped := token.strip():
        start += len(token) - len(token.lstrip())
        stop = start + len(stripped)
    first, last = np.searchsorted(ends, [start, stop - 1], side="right").tolist()
    begins = np.concatenate([[0], ends])
    shared = [min(stop, ends[at]) - max(start, begins[at]) for at in range(first, last + 1)]
    return int(first + int(np.argmax(shared)))
