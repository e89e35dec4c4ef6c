"""Ask a labeller about rows: what is known is not asked, what comes is kept at once, and the budget ends it."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from distill.base import signals
from distill.base.progress import Progress
from distill.labelling.budget import Spending
from distill.labelling.cache import Cache
from distill.labelling.questions import Labeller, Question, Row


@dataclass
class Asked:
    """What came of asking.

    Attributes:
        stopped: the limit at which it ended; none where all was asked.
        known: texts that were answered before.
    """

    stopped: str | None = None
    known: int = 0


def ask(rows: Sequence[Row], votes: int, labeller: Labeller, cache: Cache, spending: Spending) -> Asked:
    """Ask a labeller whatever the cache does not hold, each text once, or as often as votes are wanted.

    Args:
        rows: to be labelled.
        votes: how often each text is asked.
        labeller: gives the answers.
        cache: has those from before, and gets the new ones as they come.
        spending: says whether another one may be asked.

    Raises:
        LabellerError: the labeller gives no more answers.
    """
    texts = {row.key: row for row in rows}
    open_questions = [
        Question(key, row.inputs, asking)
        for key, row in texts.items()
        for asking in range(votes)
        if cache.get(key, asking) is None
    ]
    outcome = Asked(known=len(texts) - len({question.key for question in open_questions}))
    if not open_questions:
        return outcome
    with closing(labeller.replies(_within(open_questions, spending, outcome))) as replies, Progress("answers") as line:  # type: ignore[type-var]
        for count, reply in enumerate(replies, start=1):
            cache.add(reply)
            spending.add(reply)
            line.at(count)
            signals.check()
    return outcome


def _within(questions: Sequence[Question], spending: Spending, outcome: Asked) -> Iterator[Question]:
    """Yield questions until one would exceed the budget."""
    for question in questions:
        if (limit := spending.refusal(question)) is not None:
            outcome.stopped = limit
            return
        spending.ask(question)
        yield question
