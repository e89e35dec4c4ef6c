"""Words and their tokens: which sub-words a word has, and in which windows a sentence that is too long is read."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from distill.tasks import EncodingSpec

if TYPE_CHECKING:
    from tokenizers import Encoding
    from transformers import PreTrainedTokenizerBase


def tokenised(
    sentences: Sequence[Sequence[str]], tokenizer: "PreTrainedTokenizerBase"
) -> tuple[list[list[str]], list["Encoding"]]:
    """Return the sentences and their tokens; a word of which the tokenizer makes nothing stands there as unknown."""
    before = word_prefix(tokenizer)
    words = [[before + word for word in sentence] for sentence in sentences]
    tokens = list(tokenizer(words, is_split_into_words=True).encodings)
    for number, sentence in enumerate(words):
        lost = set(range(len(sentence))) - set(tokens[number].word_ids)
        if lost or _unknown_token(tokenizer) in sentence:
            words[number] = _unknown(sentence, lost, tokenizer)
            tokens[number] = _read(words[number], tokenizer)
    return words, tokens


def _unknown(sentence: Sequence[str], lost: set[int], tokenizer: "PreTrainedTokenizerBase") -> list[str]:
    """A sentence in which the words ``lost`` are the unknown token, and so are those that spell a control token."""
    unknown, marks = _unknown_token(tokenizer), tokenizer.all_special_tokens
    spelled = {place for place, word in enumerate(sentence) if any(mark in word for mark in marks)}
    return [unknown if place in lost | spelled else word for place, word in enumerate(sentence)]


def _unknown_token(tokenizer: "PreTrainedTokenizerBase") -> str:
    """What stands for a word that is unknown; not every tokenizer has a token for it."""
    return str(tokenizer.unk_token or tokenizer.mask_token or tokenizer.pad_token)


def _read(words: Sequence[str], tokenizer: "PreTrainedTokenizerBase", max_length: int | None = None) -> "Encoding":
    """The tokens of one sentence, or part of it; the unknown token in it is that, and not the text of its name."""
    text = _unknown_token(tokenizer) not in words and tokenizer.split_special_tokens
    encoding: Encoding = tokenizer(
        [list(words)],
        is_split_into_words=True,
        split_special_tokens=text,
        truncation=max_length is not None,
        max_length=max_length,
    )[0]
    return encoding


def word_prefix(tokenizer: "PreTrainedTokenizerBase") -> str:
    """Return what stands before a word: a space for byte-level tokenizers, which would read words alone as one."""
    alone, spaced = tokenizer([["a"], [" a"]], is_split_into_words=True)["input_ids"]
    return "" if alone == spaced else " "


def piece_counts(word_ids: Sequence[int | None], words: int) -> list[int]:
    """Return how many sub-words each word has, at least one."""
    pieces = [0] * words
    for word in word_ids:
        if word is not None:
            pieces[word] += 1
    return [max(1, count) for count in pieces]


def windows(
    pieces: Sequence[int], tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec
) -> Iterator[tuple[int, int, int, int]]:
    """Yield the windows of a sentence as words (start, stop), and the words (first, last) that each answers for."""
    budget = form.max_length - tokenizer.num_special_tokens_to_add()
    start = first = 0
    while True:
        stop, room = start, budget
        while stop < len(pieces) and (pieces[stop] <= room or stop == start):
            room -= pieces[stop]
            stop += 1
        if stop == len(pieces):
            yield start, stop, first, stop
            return
        following, shared = stop, min(form.stride, budget - pieces[stop])  # the next word must fit as well
        while following > start + 1 and pieces[following - 1] <= shared:
            following -= 1
            shared -= pieces[following]
        last = max(first + 1, (following + stop + 1) // 2)  # the middle of what both windows read
        yield start, stop, first, last
        start, first = following, last


def encode_window(words: Sequence[str], tokenizer: "PreTrainedTokenizerBase", form: EncodingSpec) -> "Encoding":
    """Return the tokens of one window; only a word that is too long by itself is cut, and keeps its first ones."""
    return _read(words, tokenizer, form.max_length)


def first_pieces(word_ids: Sequence[int | None]) -> dict[int, int]:
    """Return the position of each word's first sub-word."""
    places: dict[int, int] = {}
    for position, word in enumerate(word_ids):
        if word is not None:
            places.setdefault(word, position)
    return places
