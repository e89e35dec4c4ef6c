"""Turn texts, or pairs of texts, into weighted counts of their words and of the characters in them."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from distill.base.segmentation import words
from distill.baselines import Texts

Matrix: TypeAlias = Any
"""A sparse matrix ``[examples, features]`` of SciPy, in float32, whose types SciPy does not tell."""

_WORDS, _CHARACTERS = (1, 2), (3, 5)
"""Lengths of the n-grams: from, and up to."""
_MANY = 1000
"""Training texts from which on a term that only one of them has is left out."""


class TfidfFeatures:
    """Terms of the training texts and their inverse document frequencies, by which texts become rows of a matrix.

    A text is two blocks, each of length 1: its words and pairs of words, and its groups of three to five characters
    within words. A count c weighs (1 + ln c) (1 + ln((1 + n) / (1 + d))), where d of n training texts have the term.
    Of two texts a and b the row holds a·b, the part of a beyond b and that of b beyond a, term by term, and for each
    block the cosine of both: what is alike and what differs, in either direction.
    """

    def __init__(self, blocks: Sequence[TfidfVectorizer]) -> None:
        """Keep blocks that have counted the terms of the training texts; see ``count_terms``."""
        self._blocks = blocks

    @property
    def idf(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The inverse document frequency of each term."""
        return np.concatenate([np.zeros(0, np.float32), *(block.idf_ for block in self._blocks)])

    @property
    def characters(self) -> int:
        """The bytes of all terms in UTF-8."""
        return sum(len(term.encode()) for block in self._blocks for term in block.vocabulary_)

    def __call__(self, texts: Texts) -> Matrix:
        """Return the rows of some examples ``[examples, features]``."""
        sides = list(zip(*texts, strict=True))
        return _rows(len(texts), [[block.transform(side) for block in self._blocks] for side in sides])


def count_terms(texts: Texts) -> tuple[TfidfFeatures, Matrix]:
    """Count the terms of the training texts; of pairs, of all texts alike.

    Returns:
        The features, and the training texts' own rows: splitting texts into terms takes long, and is done once.
    """
    every, parts = [text for example in texts for text in example], len(texts[0])
    fewest = 2 if len(every) >= _MANY else 1
    shared = {"sublinear_tf": True, "min_df": fewest, "dtype": np.float32}
    blocks = (
        TfidfVectorizer(tokenizer=words, token_pattern=None, lowercase=False, ngram_range=_WORDS, **shared),
        TfidfVectorizer(analyzer="char_wb", ngram_range=_CHARACTERS, **shared),
    )
    counted = [(block, rows) for block in blocks if (rows := _counted(block, every)) is not None]
    sides = [[rows[part::parts] for _, rows in counted] for part in range(parts)]
    return TfidfFeatures([block for block, _ in counted]), _rows(len(texts), sides)


def _rows(count: int, sides: Sequence[Sequence[Matrix]]) -> Matrix:
    """Return the rows of examples from the blocks of their texts, of one or of two."""
    first, *second = sides
    parts = [part for other in second for part in _compared(first, other)] if second else first
    nothing = [sparse.csr_matrix((count, 1), dtype=np.float32)]  # where train has no term at all
    return sparse.hstack(parts or nothing, format="csr", dtype=np.float32)


def _compared(one: Sequence[Matrix], other: Sequence[Matrix]) -> list[Matrix]:
    """Return what two texts of each row share and where they differ, block by block."""
    parts = []
    for a, b in zip(one, other, strict=True):
        both, difference = a.multiply(b).tocsr(), (a - b).tocsr()
        parts += [both, difference.maximum(0), (-difference).maximum(0), sparse.csr_matrix(both.sum(axis=1))]
    return parts


def _counted(block: TfidfVectorizer, texts: Sequence[str]) -> Matrix | None:
    """Fit a block to the training texts and return their rows; none where they have none of its terms."""
    try:
        return block.fit_transform(texts)
    except ValueError as error:  # scikit-learn's words for texts of punctuation alone
        if "vocabulary" not in str(error) and "no terms remain" not in str(error):
            raise
        return None
