"""Name the students that a run distils: its own, those of earlier rounds, and one without text that has no labels."""

from dataclasses import dataclass

STAGE = "distill"
WITHOUT_UNLABELLED = "without_unlabelled"
"""The name, and the role in the report, of the student that learnt from train alone."""


@dataclass(frozen=True)
class Learner:
    """One of the students that a run distils.

    Attributes:
        title: the run's name of the stage that makes it, such as ``distill:round1``.
        follows: the stage whose student teaches it the texts without labels; none where the teacher does.
        unlabelled: whether it learns from texts without labels.
    """

    title: str = STAGE
    follows: str | None = None
    unlabelled: bool = True

    @property
    def name(self) -> str:
        """The name within its stage, by which the title is made; empty for the run's own student."""
        return self.title.partition(":")[2]


def learners(rounds: int, *, compared: bool) -> tuple[Learner, ...]:
    """Return the students of a run in the order of their stages.

    Args:
        rounds: of self-training; the student of the last is the run's own.
        compared: whether one learns without the texts that have no labels, too.

    >>> [learner.title for learner in learners(2, compared=True)]
    ['distill:round1', 'distill', 'distill:without_unlabelled']
    """
    titles = [*(f"{STAGE}:round{number}" for number in range(1, rounds)), STAGE]
    of_rounds = [Learner(title, before) for title, before in zip(titles, [None, *titles], strict=False)]
    without = [Learner(f"{STAGE}:{WITHOUT_UNLABELLED}", unlabelled=False)] if compared else []
    return (*of_rounds, *without)
