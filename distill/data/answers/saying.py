"""Turn what a labeller answered into numbers: a probability for each label, or a score."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from distill.base.terminal_text import shown
from distill.data.answers.reading import Answer, abstains, plain

Numbers = NDArray[np.float64]
OUTSIDE, UNPARSEABLE = "outside the set", "unparseable"
"""Why something that was answered is no answer."""
_SUM = 0.02
"""How far the sum of probabilities may be from 1, as rounding leaves it."""


class UnusableError(ValueError):
    """Raised where something was answered that is no answer.

    Attributes:
        kind: ``OUTSIDE`` or ``UNPARSEABLE``.
        label: the label outside the set, or nothing.
    """

    def __init__(self, kind: str, reason: str, label: str = "") -> None:
        """Keep the kind of fault; ``reason`` goes on after the line's name."""
        super().__init__(reason)
        self.kind, self.label = kind, label


class Said(NamedTuple):
    """The answer to one row in numbers.

    Attributes:
        rows: ``[n, labels]``: probabilities, or a score; n is 1 for a text and the number of its words for tags.
        single: whether it was a plain label, which says nothing of how sure the labeller is.
        agreement: the share of votes for what most said; none where there was one answer.
    """

    rows: Numbers
    single: bool = False
    agreement: float | None = None


@dataclass(frozen=True)
class Vocabulary:
    """The labels that answers may name, and under which other names.

    Attributes:
        labels: as the files of the data call them, in any order.
        names: label in the files to the name that the models give it.
        mapped: what the labeller says to the label that it means, or ``abstain``.
    """

    labels: Sequence[str]
    names: Mapping[str, str]
    mapped: Mapping[str, str]

    @property
    def called(self) -> str:
        """The labels by the names that the models give them, for messages."""
        return ", ".join(self.names.get(label, label) for label in self.labels)

    def label(self, value: object) -> str | None:
        """Return the label that an answer means, as the files call it; none where it abstains.

        Raises:
            UnusableError: there is no such label.
        """
        said = plain(value)
        if abstains(said := plain(self.mapped.get(said, said))):
            return None
        by_name = {name: label for label, name in self.names.items()}
        for candidate in (said, by_name.get(said), self.names.get(said)):
            if candidate in self.labels:
                return candidate
        raise UnusableError(OUTSIDE, f"answers {shown(said)}, which is no label of the data", said)

    def place(self, value: object) -> int | None:
        """Return the number of the label that an answer means; none where it abstains."""
        label = self.label(value)
        return None if label is None else list(self.labels).index(label)


Say = Callable[[Answer, Vocabulary], Said | None]
"""Returns what an answer says of each label; none where the labeller abstained."""


def label(answer: Answer, vocabulary: Vocabulary) -> Said | None:
    """Read a label, votes for labels, or a probability for each."""
    if isinstance(answer.content, Mapping):
        return _normalised(_probabilities(answer, vocabulary), answer.is_log)
    votes = answer.content if isinstance(answer.content, list) else [answer.content]
    places = [place for vote in votes if not abstains(vote) and (place := vocabulary.place(vote)) is not None]
    if not places:
        return None
    counts = np.bincount(places, minlength=len(vocabulary.labels))[np.newaxis] / len(places)
    single = len(places) == 1
    return Said(counts, single, None if single else float(counts.max()))


def labels(answer: Answer, vocabulary: Vocabulary) -> Said | None:
    """Read a set of labels, several such sets, or a probability for each label by itself."""
    if isinstance(answer.content, Mapping):
        found = _probabilities(answer, vocabulary)
        return Said(found[np.newaxis])
    content = answer.content if isinstance(answer.content, list) else [answer.content]
    sets = content if content and all(isinstance(each, list) for each in content) else [content]
    flags = np.zeros((len(sets), len(vocabulary.labels)))
    for number, names in enumerate(sets):
        for name in names:
            if (place := None if abstains(name) else vocabulary.place(name)) is not None:
                flags[number, place] = 1
    shares = flags.mean(axis=0, keepdims=True)
    single = len(sets) == 1
    return Said(shares, single, None if single else float(np.maximum(shares, 1 - shares).mean()))


def score(answer: Answer, vocabulary: Vocabulary) -> Said | None:
    """Read a score, or several, whose mean counts."""
    scores = [
        each
        for each in (answer.content if isinstance(answer.content, list) else [answer.content])
        if not abstains(each)
    ]
    try:
        numbers = [float(each) for each in scores]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise UnusableError(UNPARSEABLE, f"answers {shown(answer.content)}, which is no number")
    return Said(np.array([[np.mean(numbers)]]), len(numbers) == 1) if numbers else None


def tags(answer: Answer, vocabulary: Vocabulary) -> Said | None:
    """Read a tag for each word, or several such lists."""
    content: Any = answer.content
    if not isinstance(content, list) or not content:
        raise UnusableError(UNPARSEABLE, f"answers {shown(content)}, which is no list of tags")
    lists = content if all(isinstance(each, list) for each in content) else [content]
    if len(lengths := Counter(map(len, lists))) > 1:
        raise UnusableError(UNPARSEABLE, f"answers lists of {' and '.join(map(str, lengths))} tags to one row")
    shares = np.zeros((len(lists[0]), len(vocabulary.labels)))
    for each in lists:
        for word, tag in enumerate(each):
            if (place := vocabulary.place(tag)) is None:
                raise UnusableError(UNPARSEABLE, f"has no tag for word {word + 1}")
            shares[word, place] += 1 / len(lists)
    single = len(lists) == 1
    return Said(shares, single, None if single else float(shares.max(axis=-1).mean()))


SAYS: Mapping[str, Say] = {"label": label, "labels": labels, "score": score, "tags": tags}
"""The kind of a task's label to how an answer of it is read."""


def _probabilities(answer: Answer, vocabulary: Vocabulary) -> Numbers:
    """Return the probability of each label, as far as the answer names it, and else 0."""
    found = np.zeros(len(vocabulary.labels))
    content = answer.content if isinstance(answer.content, Mapping) else {}
    for name, value in content.items():
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
        probability = math.exp(min(number, 700)) if answer.is_log else float(number)
        if not 0 <= probability <= 1 + _SUM:
            what = "log-probability" if answer.is_log else "probability"
            raise UnusableError(UNPARSEABLE, f"gives {shown(name)} the {what} {shown(value)}, which is none")
        if probability and (place := vocabulary.place(name)) is not None:
            found[place] += probability
    return found


def _normalised(found: Numbers, is_log: bool) -> Said:
    """Return probabilities that sum to 1; those of tokens, given as logarithms, need not while others were possible."""
    total = float(found.sum())
    if not total or (not is_log and abs(total - 1) > _SUM):
        raise UnusableError(UNPARSEABLE, f"gives probabilities that sum to {total:.4g} and not to 1")
    return Said(found[np.newaxis] / total)
