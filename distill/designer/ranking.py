"""Which students to try first, without having trained any: pure functions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from distill.designer.candidates import KINDS, WHOLE, Candidate

RULE = (
    "Ranked by the teacher's layers that a student begins with, more before fewer; then two layers or more before "
    "fewer; then by parameters outside the embeddings, more before fewer; then all tokens before those of the texts "
    "alone. Accuracy is not measured here: that takes the runs."
)
_APART = 1.4
"""Students of one kind differ where their parameters outside the embeddings do by this factor."""


@dataclass(frozen=True)
class Sized:
    """A candidate whose weights are counted.

    Attributes:
        candidate: the student.
        parameters: all, tied ones once.
        body: those outside the embeddings.
        bytes: of the file in the form that is shipped, as they follow from the weights.
    """

    candidate: Candidate
    parameters: int
    body: int
    bytes: int

    @property
    def name(self) -> str:
        """The name of the student's card."""
        return self.candidate.name


def ranked(students: Sequence[Sized]) -> list[Sized]:
    """Sort students, the most promising first.

    Weights that begin as the teacher's are worth more than their number (Sanh et al. 2019 lose most by beginning at
    random); of models from scratch, the loss follows the parameters outside the embeddings, and their shape matters
    little as long as they have two layers (Kaplan et al. 2020, of language models).
    """
    return sorted(students, key=_sort_key)


def _sort_key(student: Sized) -> tuple[int, int, int, bool, int]:
    candidate, shape = student.candidate, student.candidate.shape
    fewer_tokens = candidate.vocabulary != WHOLE
    return -KINDS[candidate.init].kept(shape), -min(2, shape.layers), -student.body, fewer_tokens, student.parameters


def differ(one: Sized, other: Sized) -> bool:
    """Tell whether trying both says more than trying one."""
    if one.candidate.init != other.candidate.init:
        return True
    less, more = sorted((one.body, other.body))
    return more >= _APART * less


def choose(students: Sequence[Sized], count: int = 3) -> list[Sized]:
    """Choose up to ``count`` students that differ, the most promising first.

    Not all of one kind, where there are others; neighbours only where there is nothing else.
    """
    order = ranked(students)
    chosen: list[Sized] = []

    def of_two_kinds(student: Sized) -> bool:
        same = [each for each in chosen if each.candidate.init == student.candidate.init]
        return apart(student) and len(same) < count - 1

    def apart(student: Sized) -> bool:
        return all(differ(student, each) for each in chosen)

    passes: tuple[Callable[[Sized], bool], ...] = (of_two_kinds, apart, lambda _: True)
    for fits in passes:
        for student in order:
            if len(chosen) < count and student not in chosen and fits(student):
                chosen.append(student)
    return ranked(chosen)
