"""New texts made of others by their words alone: a run of them, or the text without some of them."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from distill.base.segmentation import pieces

Text: TypeAlias = "str | list[str]"
"""A text, or the list of its words."""


def split(text: Text) -> list[str]:
    """Return the words of a text with the spaces after them, and marks alike; of a list its words."""
    return (pieces(text) or [text]) if isinstance(text, str) else list(text)


def join(words: Iterable[str], like: Text) -> Text:
    """Return words as a text, or as a list where ``like`` is one."""
    return "".join(words).strip() if isinstance(like, str) else list(words)


def run_of(words: Sequence[str], longest: int, draw: np.random.Generator) -> list[str]:
    """Return a run of 1 to ``longest`` words (n-gram sampling, Tang et al. 2019, https://arxiv.org/abs/1903.12136)."""
    length = int(draw.integers(1, min(longest, len(words)) + 1))
    start = int(draw.integers(0, len(words) - length + 1))
    return list(words[start : start + length])


def without_some(words: Sequence[str], share: float, draw: np.random.Generator) -> list[str]:
    """Return the words without those that chance drops, each with the probability ``share``; at least one is left."""
    kept = ~chosen(words, share, draw)
    if not kept.any():
        kept[draw.integers(len(words))] = True
    return [word for word, keeps in zip(words, kept, strict=True) if keeps]


def chosen(words: Sequence[str], share: float, draw: np.random.Generator) -> NDArray[np.bool_]:
    """Return whether chance picks each word, each with the probability ``share`` and one at least."""
    picked = draw.random(len(words)) < share
    if not picked.any():
        picked[draw.integers(len(words))] = True
    return picked
