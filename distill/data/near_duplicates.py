"""Near-duplicates: texts that share nearly all runs of three words with another, found by MinHash (Broder 1997).

Runs of words make short texts safe: to replace a word in the middle of a text changes three of its runs, so that only
texts of about 30 words and more bear it. Shorter ones are near-duplicates where they differ in case, punctuation and
spaces, or at an end.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from distill.base.segmentation import words

if TYPE_CHECKING:
    from datasets import Dataset

Text: TypeAlias = "str | Sequence[str]"
"""A text, or a list of them, such as words or turns."""
Shingles: TypeAlias = frozenset[str]
"""The runs of words of a text; of a text with fewer words, all of them as one."""

SIMILAR = 0.8
"""The Jaccard similarity of two near-duplicates: the runs that both have, of those that either has."""
_WORDS = 3
_CANDIDATE = 0.6
"""The similarity from which MinHash proposes pairs, low enough that it hardly misses one; then they are compared."""
_PERMUTATIONS = 128


def shingles(text: Text) -> Shingles:
    """Return the runs of three words of a text, in lower case and without punctuation.

    >>> sorted(shingles("A good, honest film!"))
    ['a good honest', 'good honest film']
    """
    joined = text if isinstance(text, str) else " ".join(text)
    found = words(joined) or [joined.strip()]  # of symbols alone
    return frozenset(" ".join(found[start : start + _WORDS]) for start in range(max(1, len(found) - _WORDS + 1)))


def similarity(first: Shingles, second: Shingles) -> float:
    """Return the Jaccard similarity of two texts.

    >>> similarity(frozenset("abc"), frozenset("abcd"))
    0.75
    """
    return len(first & second) / len(first | second)


def near_duplicates(
    rows: "Dataset", others: Iterable["Dataset"], roles: Sequence[str], same: str | None = None
) -> NDArray[np.bool_]:
    """Return whether each row is a near-duplicate of a row of others: of one in all its texts, equal ones too.

    Args:
        rows: are looked at.
        others: are compared with.
        roles: the columns of texts, each of which has to be similar: a question as well as its long context.
        same: a column in which the two have to be equal, such as that of labels; none: texts alone decide.
    """
    references = list(dict.fromkeys(each for other in others for each in _rows(other, roles, same)))
    known = [set().union(*(row.texts[role] for row in references)) for role in range(len(roles))]
    candidates = {number: row for number, row in enumerate(_rows(rows, roles, same)) if _mostly(row.texts, known)}
    near = np.zeros(len(rows), dtype=bool)
    near[list(candidates)] = _found(list(candidates.values()), references)
    return near


class _Row(NamedTuple):
    texts: tuple[Shingles, ...]
    same: Hashable


def _rows(rows: "Dataset", roles: Sequence[str], same: str | None) -> Iterator[_Row]:
    equal = [None] * len(rows) if same is None else rows[same][:]
    for texts, value in zip(zip(*(rows[role][:] for role in roles), strict=True), equal, strict=True):
        yield _Row(tuple(map(shingles, texts)), value)


def _mostly(texts: Sequence[Shingles], known: Sequence[set[str]]) -> bool:
    """Return whether so much of a row stands in any reference that it may be similar to one."""
    return all(len(text & runs) >= SIMILAR * len(text) for text, runs in zip(texts, known, strict=True))


def _found(candidates: Sequence[_Row], references: Sequence[_Row]) -> list[bool]:
    """Return whether each candidate is similar to a reference, of those that MinHash proposes for it."""
    if not candidates:
        return []
    from datasketch import MinHash, MinHashLSH

    def hashed(rows: Iterable[_Row]) -> Iterator["MinHash"]:
        values = ([f"{role} {run}".encode() for role, text in enumerate(row.texts) for run in text] for row in rows)
        yield from MinHash.generator(values, num_perm=_PERMUTATIONS, seed=1)

    index = MinHashLSH(threshold=_CANDIDATE, num_perm=_PERMUTATIONS)
    for number, signature in enumerate(hashed(candidates)):
        index.insert(number, signature)
    near = [False] * len(candidates)
    for reference, signature in zip(references, hashed(references), strict=True):
        for number in index.query(signature):
            near[number] = near[number] or _similar(candidates[number], reference)
    return near


def _similar(first: _Row, second: _Row) -> bool:
    pairs = zip(first.texts, second.texts, strict=True)
    return first.same == second.same and all(similarity(*pair) >= SIMILAR for pair in pairs)
