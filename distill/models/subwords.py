"""Follow how WordPiece and byte-pair encoding make tokens of words: what they match, and what they join."""

import json
import string
from collections.abc import Container, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BEGINS = ("\u0120", "\u2581")
"""Marks of tokens that begin a word, as byte-pair encoding of bytes (a space moved to a visible letter) and
SentencePiece have them."""


def core(token: str, inside: str = "", end: str = "") -> str:
    """Return a token without the marks of pieces that do not begin a word, and of those that end it.

    >>> core("##s", "##"), core("s</w>", "", "</w>")
    ('s', 's')
    """
    return token.removeprefix(inside).removesuffix(end)


def join(left: str, right: str, inside: str = "") -> str:
    """Return the token that two neighbours become.

    >>> join("film", "##s", "##")
    'films'
    """
    return left + right.removeprefix(inside)


def joined(token: str, ranks: Mapping[tuple[str, str], int], inside: str = "", end: str = "") -> set[str]:
    """Return all tokens that arise while byte-pair encoding (Sennrich et al. 2016) joins the characters of a token.

    It joins the same inside longer words, whose other characters are joined with each other.

    Args:
        token: one of a vocabulary.
        ranks: the pairs that are joined, the lowest number first.
        inside: marks tokens that do not begin a word.
        end: marks tokens that end one.

    >>> sorted(joined("low", {("l", "o"): 1, ("o", "w"): 0, ("l", "ow"): 2}))
    ['l', 'low', 'o', 'ow', 'w']
    """
    begins, ends = not (inside and token.startswith(inside)), bool(end) and token.endswith(end)
    characters = core(token, "" if begins else inside, end if ends else "")
    symbols = [character if begins and not at else inside + character for at, character in enumerate(characters)]
    if ends and symbols:
        symbols[-1] += end
    arisen = set(symbols)
    while known := [pair for pair in pairwise(symbols) if pair in ranks]:
        left, right = min(known, key=ranks.__getitem__)
        at = next(at for at, pair in enumerate(pairwise(symbols)) if pair == (left, right))
        symbols[at : at + 2] = [join(left, right, inside)]
        arisen.add(symbols[at])
    return arisen


def words(tokens: Sequence[str], inside: str) -> list[str]:
    """Return the words that pieces of words make.

    >>> words(["a", "film", "##s"], "##")
    ['a', 'films']
    """
    found: list[str] = []
    for token in tokens:
        if found and token.startswith(inside):
            found[-1] = join(found[-1], token, inside)
        else:
            found.append(token)
    return found


def longest_matches(word: str, vocabulary: Container[str], inside: str) -> list[str]:
    """Return the pieces that WordPiece (Devlin et al. 2019) matches from a word's beginning on, until none matches.

    >>> longest_matches("filmsy", {"fi", "film", "##s"}, "##")
    ['film', '##s']
    """
    found: list[str] = []
    start = 0
    while start < len(word):
        pieces = ((end, (inside if start else "") + word[start:end]) for end in range(len(word), start, -1))
        match = next(((end, piece) for end, piece in pieces if piece in vocabulary), None)
        if match is None:
            break
        start = match[0]
        found.append(match[1])
    return found


def inner_tokens(tokens: Sequence[str], inside: str = "") -> list[bool]:
    """Return of each token of a vocabulary whether it goes on with the word of the token before it.

    Punctuation is a word of its own. Where neither kind of mark is in the vocabulary, no token goes on.

    Args:
        tokens: of the vocabulary.
        inside: marks tokens that do not begin a word; empty where those are marked that do.

    >>> inner_tokens(["film", "##s", "."], "##"), inner_tokens(["\u0120film", "s", "."])
    ([False, True, False], [False, True, False])
    """
    if inside:
        return [token.startswith(inside) for token in tokens]
    begins = next((mark for mark in _BEGINS if any(token.startswith(mark) for token in tokens)), None)
    if begins is None:
        return [False] * len(tokens)
    return [not token.startswith(begins) and token[:1] not in string.punctuation for token in tokens]


def inner_of_vocabulary(tokenizer: "PreTrainedTokenizerBase") -> list[bool]:
    """Return of each token id whether it goes on with the word of the token before it."""
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    names = {number: token for token, number in tokenizer.get_vocab().items()}
    tokens = [names.get(number, "") for number in range(max(names) + 1)]
    return inner_tokens(tokens, model.get("continuing_subword_prefix") or "")
