"""A labeller of the embedded samples that errs at a known rate, so that a run on its answers needs no file."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from random import Random

from distill.data.answers.reading import Answer

GOLD = 150
"""Rows of train, from the first, of which the true label is known."""
_SEED = 11
_WRONG, _ABSTAINS = 0.25, 0.03


def answers(rows: Mapping[str, Sequence[object]], inputs: Sequence[str]) -> list[Answer]:
    """Return an answer to each row of a sample's train, of which one in four is wrong, and one in thirty is none.

    Args:
        rows: role to the values of train, with its label.
        inputs: the roles that are no label.
    """
    random = Random(_SEED)  # noqa: S311 (a sample, not a secret)
    labels = sorted({str(label) for label in rows["label"]})
    found = []
    for number, (values, truth) in enumerate(_rows(rows, inputs), 1):
        said: str | None = truth
        if random.random() < _WRONG:
            said = random.choice([label for label in labels if label != truth])
        if random.random() < _ABSTAINS:
            said = None
        found.append(Answer(f"embedded line {number}", None, values, said))
    return found


def gold(rows: Mapping[str, Sequence[object]], inputs: Sequence[str]) -> list[Answer]:
    """Return the true labels of the first rows of a sample's train."""
    return [
        Answer(f"embedded line {number}", None, values, truth)
        for number, (values, truth) in enumerate(islice(_rows(rows, inputs), GOLD), 1)
    ]


def _rows(rows: Mapping[str, Sequence[object]], inputs: Sequence[str]) -> Iterator[tuple[dict[str, object], str]]:
    for number, label in enumerate(rows["label"]):
        yield {role: rows[role][number] for role in inputs}, str(label)
