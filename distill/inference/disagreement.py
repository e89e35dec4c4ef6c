"""Find the examples on which a teacher and its student part, and in which way."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distill.metrics import Leading, Scored
from distill.tasks import Record
from distill.tasks.setup import TaskSetup

TEACHER_RIGHT = "teacher right, student wrong"
STUDENT_RIGHT = "student right, teacher wrong"
BOTH_WRONG = "both wrong, differently"
TEACHER_CLOSER = "teacher closer"
STUDENT_CLOSER = "student closer"

Floats = NDArray[np.float64]


class Answered(NamedTuple):
    """What a model said of the examples of a split.

    Attributes:
        records: of each example, as a user is told.
        fit: ``[examples]``, how close each is to what is right; 1 is right where answers are right or wrong.
        by_label: what the metrics read of labels or tags; of other tasks nothing.
    """

    records: Sequence[Record]
    fit: Floats
    by_label: Sequence[Any] = ()


class Parting(NamedTuple):
    """An example on which teacher and student part.

    Attributes:
        number: of the example in its split.
        kind: one of the kinds of this module.
        strength: the larger, the further they part; comparable within a task alone.
    """

    number: int
    kind: str
    strength: float


def has_labels(setup: TaskSetup) -> bool:
    """Return whether an answer is a label, several, or a tag for each word: right or wrong, whatever leads."""
    return setup.task.roles.get("label") in ("label", "labels", "tags")


def is_right_or_wrong(setup: TaskSetup) -> bool:
    """Return whether an answer is right or wrong; scores and texts that are written are but closer or further."""
    return has_labels(setup) or setup.task.roles.get("label") == "answers"


def answered(
    setup: TaskSetup,
    leading: Leading,
    records: Sequence[Record],
    references: Sequence[Any],
    scored: Callable[[], Scored],
) -> Answered:
    """Return what a model said, and how close it came.

    Args:
        setup: the task with its labels.
        leading: the metric that leads the run, of which a single example has a value where there are no labels.
        records: of each example.
        references: what is right, as metrics read it.
        scored: scores the records; called only where labels do not tell.
    """
    if has_labels(setup):
        predictions = setup.predictions(records)
        pairs = zip(predictions, references, strict=True)
        return Answered(records, np.array([float(said == right) for said, right in pairs]), predictions)
    if setup.task.kind == "score":
        pairs = zip(setup.predictions(records), references, strict=True)
        return Answered(records, np.array([-abs(float(said) - float(right)) for said, right in pairs]))
    statistics = scored().statistics[leading.headline.name]
    sign = 1.0 if leading.headline.mode == "max" else -1.0
    values = [leading.compute(statistics[row : row + 1]) for row in range(len(statistics))]
    return Answered(records, sign * np.nan_to_num(np.array(values, dtype=np.float64), nan=0.0))


def partings(setup: TaskSetup, teacher: Answered, student: Answered) -> list[Parting]:
    """Return every example on which teacher and student part, in the order of the split.

    Labels and tags part where they differ, answers in a context where not both are right and they differ, scores and
    written texts where one is closer to what is right.
    """
    numbers = range(len(teacher.records))
    return [
        Parting(number, kind, _strength(setup, number, teacher, student))
        for number in numbers
        if (kind := _kind(setup, number, teacher, student))
    ]


def spread(found: Sequence[Parting], count: int) -> list[Parting]:
    """Return at most ``count`` of them, kind after kind: of each kind as many, the strongest first.

    >>> some = [Parting(0, "a", 0.1), Parting(1, "a", 0.9), Parting(2, "a", 0.5), Parting(3, "b", 0.2)]
    >>> [each.number for each in spread(some, 3)]
    [1, 3, 2]
    """
    kinds = list(dict.fromkeys(each.kind for each in sorted(found, key=_order)))
    by_kind = {kind: [each for each in found if each.kind == kind] for kind in kinds}
    rank = {
        each.number: place
        for some in by_kind.values()
        for place, each in enumerate(sorted(some, key=lambda one: (-one.strength, one.number)))
    }
    chosen = sorted(found, key=lambda each: (rank[each.number], _order(each)))[:count]
    return sorted(chosen, key=lambda each: (_order(each), rank[each.number]))


def kinds(found: Sequence[Parting]) -> dict[str, int]:
    """Return how many examples part in each way."""
    counts = Counter(each.kind for each in sorted(found, key=_order))
    return dict(counts)


_ORDER = (TEACHER_RIGHT, STUDENT_RIGHT, BOTH_WRONG, TEACHER_CLOSER, STUDENT_CLOSER)


def _order(parting: Parting) -> int:
    return _ORDER.index(parting.kind) if parting.kind in _ORDER else len(_ORDER)


def _kind(setup: TaskSetup, number: int, teacher: Answered, student: Answered) -> str:
    better, worse = float(teacher.fit[number]), float(student.fit[number])
    if not is_right_or_wrong(setup):
        return TEACHER_CLOSER if better > worse else STUDENT_CLOSER if worse > better else ""
    if better == 1.0 or worse == 1.0:
        return "" if better == worse else TEACHER_RIGHT if better == 1.0 else STUDENT_RIGHT
    return BOTH_WRONG if _said(setup, teacher, number) != _said(setup, student, number) else ""


def _said(setup: TaskSetup, model: Answered, number: int) -> object:
    return model.by_label[number] if has_labels(setup) else model.records[number]["answer"]


def _strength(setup: TaskSetup, number: int, teacher: Answered, student: Answered) -> float:
    one, other = teacher.records[number], student.records[number]
    if "tags" in one:
        return float(sum(first != second for first, second in zip(one["tags"], other["tags"], strict=True)))
    if "probabilities" in one:
        return float(sum(abs(value - other["probabilities"][name]) for name, value in one["probabilities"].items()))
    sure = (one.get("probability", 0.0) + other.get("probability", 0.0)) / 2
    return float(abs(teacher.fit[number] - student.fit[number]) + sure)
