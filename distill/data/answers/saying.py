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
    """Read a label, votes for labels, or a probability for each, of one asking or of several."""
    if answer.is_log or isinstance(answer.content, Mapping):
        shares_of_one = _normalised(_by_label(answer), vocabulary, is_log=answer.is_log)
        return None if shares_of_one is None else Said(shares_of_one)
    votes = answer.content if isinstance(answer.content, list) else [answer.content]
    try:
        shares = [share for vote in votes if (share := _vote(vote, vocabulary)) is not None]
    except UnusableError as error:
        if len(votes) > 1 and all(isinstance(vote, float) for vote in votes):
            reason = f"answers {shown(answer.content)}: probabilities are an object with the name of each label"
            raise UnusableError(UNPARSEABLE, reason) from error
        raise
    if not shares:
        return None
    mean = np.mean(shares, axis=0)
    single = len(shares) == 1 and not any(isinstance(vote, Mapping) for vote in votes)
    return Said(mean, single, None if len(shares) == 1 else float(mean.max()))


def _vote(vote: object, vocabulary: Vocabulary) -> Numbers | None:
    """Return what one vote says of each label ``[1, labels]``; none where it abstains."""
    if isinstance(vote, Mapping):
        return _normalised(vote, vocabulary, is_log=False)
    place = None if abstains(vote) else vocabulary.place(vote)
    return None if place is None else np.eye(len(vocabulary.labels))[[place]]


def labels(answer: Answer, vocabulary: Vocabulary) -> Said | None:
    """Read a set of labels, several such sets, or a probability for each label by itself."""
    if answer.is_log or isinstance(answer.content, Mapping):
        by_label, abstention = _probabilities(_by_label(answer), vocabulary, is_log=answer.is_log)
        return Said(by_label[np.newaxis]) if by_label.any() or not abstention else None
    askings = _askings(answer.content)
    found = [flags for asking in askings if (flags := _set(asking, vocabulary)) is not None]
    if not found:
        return None
    shares = np.mean(found, axis=0)
    single = len(found) == 1 and not any(isinstance(asking, Mapping) for asking in askings)
    return Said(shares, single, None if len(found) == 1 else float(np.maximum(shares, 1 - shares).mean()))


def _set(asking: object, vocabulary: Vocabulary) -> Numbers | None:
    """Return which labels a set has ``[1, labels]``; none where all that it says is that nobody can tell."""
    if isinstance(asking, Mapping):
        by_label, abstention = _probabilities(asking, vocabulary, is_log=False)
        return by_label[np.newaxis] if by_label.any() or not abstention else None
    names = asking if isinstance(asking, list) else [asking]
    places = [None if abstains(name) else vocabulary.place(name) for name in names]
    if places and all(place is None for place in places):
        return None
    flags = np.zeros((1, len(vocabulary.labels)))
    flags[0, [place for place in places if place is not None]] = 1
    return flags


def _askings(content: object) -> list[Any]:
    """Return what each asking gave where an answer is a list by itself, without the askings that gave nothing.

    >>> _askings(["a", "b"]), _askings([["a"], None, []]), _askings([None, None])
    ([['a', 'b']], [['a'], []], [])
    """
    if not isinstance(content, list):
        return [content]
    if content and all(isinstance(each, list | Mapping) or abstains(each) for each in content):
        return [each for each in content if not abstains(each)]
    return [content]


def score(answer: Answer, vocabulary: Vocabulary) -> Said | None:
    """Read a score, or several, whose mean counts."""
    _refuse_logarithms(answer)
    scores = [
        each
        for each in (answer.content if isinstance(answer.content, list) else [answer.content])
        if not abstains(each)
    ]
    try:
        numbers = [math.nan if isinstance(each, bool) else float(each) for each in scores]  # type: ignore[arg-type]
    except (TypeError, ValueError):
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise UnusableError(UNPARSEABLE, f"answers {shown(answer.content)}, which is no number")
    return Said(np.array([[np.mean(numbers)]]), len(numbers) == 1) if numbers else None


def tags(answer: Answer, vocabulary: Vocabulary) -> Said | None:
    """Read a tag for each word, or several such lists."""
    _refuse_logarithms(answer)
    if not (lists := _askings(answer.content)):
        return None
    if not all(isinstance(each, list) and each for each in lists):
        raise UnusableError(UNPARSEABLE, f"answers {shown(answer.content)}, which is no list of tags")
    if len(lengths := Counter(map(len, lists))) > 1:
        raise UnusableError(UNPARSEABLE, f"answers lists of {' and '.join(map(str, lengths))} tags to one row")
    shares = np.zeros((len(lists[0]), len(vocabulary.labels)))
    for each in lists:
        for word, tag in enumerate(each):
            if (place := None if abstains(tag) else vocabulary.place(tag)) is None:
                raise UnusableError(UNPARSEABLE, f"has no tag for word {word + 1}")
            shares[word, place] += 1 / len(lists)
    single = len(lists) == 1
    return Said(shares, single, None if single else float(shares.max(axis=-1).mean()))


def _refuse_logarithms(answer: Answer) -> None:
    """Refuse logarithms of probabilities where an answer is no label of a text."""
    if answer.is_log:
        raise UnusableError(UNPARSEABLE, f"has the logprobs {shown(answer.content)}, which labels alone have")


SAYS: Mapping[str, Say] = {"label": label, "labels": labels, "score": score, "tags": tags}
"""The kind of a task's label to how an answer of it is read."""


def _by_label(answer: Answer) -> Mapping[Any, object]:
    """Return the numbers of an answer by label, or refuse what is no such object."""
    if isinstance(answer.content, Mapping):
        return answer.content
    reason = "which is no object of labels and their logarithms"
    raise UnusableError(UNPARSEABLE, f"has the logprobs {shown(answer.content)}, {reason}")


def _probabilities(given: Mapping[Any, object], vocabulary: Vocabulary, *, is_log: bool) -> tuple[Numbers, float]:
    """Return the probability of each label ``[labels]``, 0 where the answer does not name it, and of abstaining."""
    found, abstention = np.zeros(len(vocabulary.labels)), 0.0
    for name, value in given.items():
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
        probability = math.exp(min(number, 700)) if is_log else float(number)
        if not 0 <= probability <= 1 + _SUM:
            what = "log-probability" if is_log else "probability"
            raise UnusableError(UNPARSEABLE, f"gives {shown(name)} the {what} {shown(value)}, which is none")
        if not probability:
            continue
        if (place := vocabulary.place(name)) is None:
            abstention += probability
        else:
            found[place] += probability
    return found, abstention


def _normalised(given: Mapping[Any, object], vocabulary: Vocabulary, *, is_log: bool) -> Numbers | None:
    """Return probabilities ``[1, labels]`` that sum to 1, or none where the answer is sure to be none.

    Those of tokens, given as logarithms, need not sum to 1, while others were possible. As votes that abstain, a
    probability of abstaining says nothing about the labels: theirs are scaled to 1 without it.
    """
    found, abstention = _probabilities(given, vocabulary, is_log=is_log)
    total = float(found.sum())
    if not total + abstention or (not is_log and abs(total + abstention - 1) > _SUM):
        raise UnusableError(UNPARSEABLE, f"gives probabilities that sum to {total + abstention:.4g} and not to 1")
    return found[np.newaxis] / total if total else None
