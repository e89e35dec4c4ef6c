"""Name what is tracked: the curves of training and the numbers of ``report.json``, everywhere alike."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence

NAMES: Mapping[str, str] = {
    "step": "optimiser steps; beside each value of a curve",
    "examples": "examples seen by then, over all processes; beside each value of a curve",
    "train/lr": "the learning rate",
    "train/TERM": "the loss of a term before its weight, such as `train/soft`",
    "train/loss_share/TERM": "the part of the loss that a term has, with its weight",
    "train/share/TERM": "the part of the gradient that a term has, where weights are shares",
    "validation/METRIC": "a metric on validation after an epoch, such as `validation/accuracy`",
    "models/MODEL/metrics/SPLIT/METRIC": "of teacher, student, control, a baseline or an export",
    "models/MODEL/per_label/SPLIT/LABEL/SCORE": "precision, recall, F1 and support of a label",
    "models/MODEL/parameters": "and `bytes`: the size of a model",
    "models/MODEL/latency_ms/QUANTILE": "for one text, such as `p50`",
    "gain/difference": "student minus control; `gain/interval/0` and `gain/interval/1` are its ends",
    "seeds/gain/difference": "the mean over seeds, where a run has several; `gain` is that of the student it exports",
    "stages/STAGE/seconds": "how long a stage took",
    "exports/FORMAT/bytes": "how large an exported format is",
    "*": "every other number of `report.json` likewise, by its place there",
}
"""Patterns of names, with words in capitals for what differs, and what each means."""
CONFUSION = ("Actual", "Predicted", "nPredictions")
"""The columns of a confusion matrix, by the names that the picture of W&B has for them."""
CONFUSION_PICTURE = "wandb/confusion_matrix/v1"
"""What W&B calls its picture of a confusion matrix."""
_NAMED_BY = ("name", "format")


def numbers(report: object) -> dict[str, float]:
    """Return each number of a report by its name: the keys that lead to it, with ``/`` between them.

    An element of a list is named by its ``name`` or ``format``, or by the words that it begins with, or else by its
    place; so the numbers of a stage have the same names whichever stages a run has.

    >>> numbers({"stages": [{"name": "distill", "seconds": 2}], "gain": {"interval": [0.1, 0.2]}, "said": "yes"})
    {'stages/distill/seconds': 2, 'gain/interval/0': 0.1, 'gain/interval/1': 0.2}
    >>> numbers({"counts": [["cat", "dog", 3], ["dog", None, 1]], "done": True})
    {'counts/cat/dog': 3, 'counts/dog/None': 1}
    """
    return dict(_numbers(report, ()))


def pattern(name: str) -> str | None:
    """Return the pattern that a name follows, besides that for every other one; or none.

    >>> pattern("train/share/soft"), pattern("models/student/metrics/test/f1"), pattern("seed")
    ('train/share/TERM', 'models/MODEL/metrics/SPLIT/METRIC', None)
    """
    return next((each for each in NAMES if re.fullmatch(_expression(each), name)), None)


def markdown() -> str:
    """Return the patterns as a table for the docs."""
    rows = (f"| `{name}` | {meaning} |" if name != "*" else f"| | {meaning} |" for name, meaning in NAMES.items())
    return "\n".join(["| name | what |", "| --- | --- |", *rows])


def _expression(given: str) -> str:
    return "/".join("[^/]+" if part.isupper() else re.escape(part) for part in given.split("/"))


def _numbers(value: object, above: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        if math.isfinite(value):  # what is not stands in the report as null
            yield "/".join(above), value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _numbers(part, (*above, str(key)))
    elif isinstance(value, list | tuple):
        for key, part in _elements(value):
            yield from _numbers(part, (*above, key))


def _elements(values: Sequence[object]) -> Iterator[tuple[str, object]]:
    """Yield the elements of a list, each under a name that no other one has."""
    taken: set[str] = set()
    for place, value in enumerate(values):
        name, part = _named(value)
        if name is None or name in taken:
            name, part = str(place), value
        taken.add(name)
        yield name, part


def _named(value: object) -> tuple[str | None, object]:
    """Return what names an element, and what is left of it then."""
    if isinstance(value, Mapping):
        return next((str(value[key]) for key in _NAMED_BY if isinstance(value.get(key), str)), None), value
    if isinstance(value, list | tuple) and len(value) > 1 and isinstance(value[0], str):
        *words, last = value
        return "/".join(map(str, words)), last
    return None, value
