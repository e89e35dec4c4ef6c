"""Questions that their context does not answer, as in version 2 of SQuAD (Rajpurkar et al. 2018, arXiv:1806.03822)."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from distill.base.unusable_rows import Fault
from distill.tasks import Options
from distill.tasks.labels import Sifted, judged

if TYPE_CHECKING:
    from datasets import Dataset

_NONE = Fault("no answer", "has no answer")


class Answers(TypedDict):
    """The answers to a question as SQuAD has them; both lists are empty where there is none.

    Attributes:
        text: the words of each answer.
        answer_start: where each begins in the context, in characters.
    """

    text: list[str]
    answer_start: list[int]


class Choice(NamedTuple):
    """A candidate for the answer to a question, with its score.

    Attributes:
        score: the logit of its start plus that of its end.
        whole: the logarithm of the sum over all starts of its window, and that over all ends.
        answer: its text; empty for no answer.
    """

    score: float
    whole: float = math.inf
    answer: str = ""

    @property
    def probability(self) -> float:
        """Return the probability of the start times that of the end, in their window."""
        return math.exp(min(0.0, self.score - self.whole))


NO_WINDOW_YET, NO_SPAN_YET = Choice(math.inf), Choice(-math.inf)


def left_out(splits: Mapping[str, "Dataset"], options: Options) -> Sifted:
    """Leave out the rows of questions without an answer, where the options want none of them.

    Raises:
        DataError: a split has no other.
    """
    if options.answerable == "all":
        return Sifted(dict(splits), (), options)
    faults = {split: dict.fromkeys(_without(rows), _NONE) for split, rows in splits.items()}
    sifted_rows = judged(splits, faults, replace(options, drop_bad=True))
    return sifted_rows._replace(options=replace(sifted_rows.options, drop_bad=options.drop_bad))


def said(splits: Mapping[str, "Dataset"]) -> tuple[str, ...]:
    """Return a sentence on how many rows have no answer; nothing where all have one."""
    counts = {split: len(_without(rows)) for split, rows in splits.items()}
    parts = [f"{count:,} of {len(splits[split]):,} rows of {split}" for split, count in counts.items() if count]
    if not parts:
        return ()
    return (
        f"{' and '.join(parts)} have no answer: a model may answer nothing, and learns to; "
        "data.answerable=only leaves them out",
    )


def _without(rows: "Dataset") -> list[int]:
    return [place for place, answers in enumerate(rows["label"][:]) if has_none(answers)]


def has_none(answers: Answers) -> bool:
    """Return whether a question has no answer, which SQuAD says by empty lists."""
    return not answers["text"] and not answers["answer_start"]


def chosen(nothing: Choice, best: Choice) -> Choice:
    """Return the best span over the windows of a context, or no answer where that scores above it everywhere.

    Args:
        nothing: no answer, in the window where it scores least.
        best: of all spans.
    """
    return nothing if nothing.score > best.score else best
