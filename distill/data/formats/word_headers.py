"""Headers of files of words: a first line that names the columns, and is no word with its tag."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_TOKENS = frozenset(("token", "tokens", "word", "words", "form", "forms", "wordform", "text", "surface"))
_TAGS = frozenset((
    "tag", "tags", "label", "labels", "gold", "goldlabel", "class", "category",
    "pos", "postag", "postags", "upos", "upostag", "xpos", "xpostag", "chunk", "chunks", "chunktag",
    "ner", "nertag", "nertags", "nerlabel", "nerlabels", "entity", "entities", "entitytag",
    "iob", "iob2", "iobtag", "bio", "biotag", "bioes",
))  # fmt: skip
"""Usual names of the columns of words and of tags, in small letters and without signs."""
_SIGNS = re.compile(r"[\W_]+")


class Header(NamedTuple):
    """A line that names the columns of a file of words.

    Attributes:
        fields: the line, by its columns.
        token: the place of the column of words, from 0.
        label: that of the tags: the last, or the last that is named for tags.
    """

    fields: Sequence[str]
    token: int
    label: int


def header(rows: Sequence[Sequence[str]], width: int) -> Header | None:
    """Return the first line of words where it names the columns, and none where it is a word with its tag.

    The name of the tags stands nowhere else among the tags.

    >>> header([["Token", "Tag"], ["the", "DET"]], 2)
    Header(fields=['Token', 'Tag'], token=0, label=1)
    >>> header([["word", "NN"], ["the", "DET"]], 2)

    Args:
        rows: the first lines of the file, by their columns.
        width: the number of columns of a word.
    """
    of_words = [fields for fields in rows if len(fields) == width]
    if not of_words:
        return None
    first, *others = of_words
    names = [_SIGNS.sub("", name.lower()) for name in first]
    tokens = [place for place, name in enumerate(names) if name in _TOKENS]
    tags = [place for place, name in enumerate(names) if name in _TAGS]
    if not tokens or not tags or any(fields[tags[-1]] == first[tags[-1]] for fields in others if fields != first):
        return None
    return Header(first, tokens[0], tags[-1])
