"""Whether a fine-tuned teacher answers better than a baseline that has not read the texts, task by task."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from distill.base.segmentation import spaced

Numbers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

_ENTITIES = 0.1
"""F1 of entities up to which words that are guessed by themselves make some by chance."""
_TRIED = 20
"""How many of the most frequent labels are tried as the constant answer of a baseline."""
_DEALT = 10
"""How often labels are shuffled for a baseline that guesses at random."""
_BY_CHANCE = 1.25
"""How much more than a random span of the same length has to be found of an answer."""
_OTHER_SCALE = 2.0
"""The ratio of mean squared errors, or of deviations, from which on scores are said to be on another scale."""
_NOTICEABLE = 0.1
"""By which share of the variance of scores the mean squared errors have to differ besides."""
_LIKELY = 3.0
"""Standard errors from which on a correlation is none by chance."""
_KNOWS = 0.5
"""Share of the way from guesses to what is right, each label counted alike, from which on a teacher knows its labels
though who always says the most frequent one is right more often: of 60 rows 54 may be of one label."""


@dataclass(frozen=True)
class Verdict:
    """What a teacher's answers are worth beside a baseline's.

    Attributes:
        said: both figures, as the middle of a sentence that begins with who answered.
        refused: whether they are no better than those of who has not read the rows.
        exchanged: for each label the number of the one that it seems to stand for, if that is clear.
        would: the share of right answers with these.
        hardly: whether chance may explain what they are better by.
    """

    said: str
    refused: bool
    exchanged: tuple[int, ...] = ()
    would: float = 0.0
    hardly: bool = False


def labels(
    found: Numbers, right: Numbers, names: Sequence[str], headline: str, score: float, constant: float, unit: str = ""
) -> Verdict:
    """Judge single labels, one for each row (or word), against always giving the most frequent one.

    Of more than two labels guesses are right less often than that one, so that they have to be clearly better.

    Args:
        found: ``[rows]``, numbers of labels.
        right: the same of the data.
        names: of the labels.
        headline: the task's first metric.
        score: its value for what was found.
        constant: its best value for who has not read the rows.
        unit: what a label is given to, where that is no row.
    """
    accuracy, (most, times) = float((found == right).mean()), Counter(right.tolist()).most_common(1)[0]
    majority = times / len(right)
    said = f"gets {accuracy:.1%} of {unit or 'them'} right, and who always says {names[most]!r} {majority:.1%}"
    if headline != "accuracy":
        said += f" ({headline} of {score:.1%}, and at best {constant:.1%})"
    error = float(np.sqrt(majority * (1 - majority) / len(right)))
    hardly = accuracy <= majority + 2 * error
    bad = (hardly if len(names) > 2 else accuracy <= majority) and score <= max(constant, _ENTITIES if unit else 0.0)
    bad = bad and (bool(unit) or not _knows(found, right))
    exchanged = _exchanged(found, right, len(names), max(majority, accuracy) + _LIKELY * error)
    bad = bad or bool(exchanged[0])
    return Verdict(said, bad, *exchanged, hardly=hardly and not unit)


def _knows(found: Numbers, right: Numbers) -> bool:
    """Whether each label is found so often, and given to others so rarely, that these are no guesses.

    The error is that of the agreement of two who know nothing of each other (Fleiss, Cohen and Everitt 1969).
    """
    there = np.unique(right)
    if len(there) < 2:
        return False
    recall = float(np.mean([(found[right == label] == label).mean() for label in there]))
    shares = np.array([((found == label).mean(), (right == label).mean()) for label in there])
    chance = shares.prod(axis=1)
    variance = chance.sum() + chance.sum() ** 2 - (chance * shares.sum(axis=1)).sum()
    error = np.sqrt(max(0.0, variance) / len(right))  # of a constant answer rounding leaves less than 0
    better = float((found == right).mean() - chance.sum())
    return (recall - 1 / len(there)) / (1 - 1 / len(there)) >= _KNOWS and better > _LIKELY * float(error)


def _exchanged(found: Numbers, right: Numbers, labels: int, enough: float) -> tuple[tuple[int, ...], float]:
    """What each label most often is, where each is another one and that is clearly better."""
    table = np.zeros((labels, labels))
    np.add.at(table, (found, right), 1)
    best = [int(row.argmax()) if row.any() else number for number, row in enumerate(table)]
    would = float(table[np.arange(labels), best].sum()) / len(right)
    if sorted(best) != list(range(labels)) or best == sorted(best) or would < enough:
        return (), 0.0
    return tuple(best), would


def decisions(found: Numbers, right: Numbers, metrics: ModuleType, names: Sequence[str]) -> Verdict:
    """Judge several labels of a row, flags ``[rows, labels]``, against always giving the same ones."""
    headline, share = metrics.HEADLINE.name, right.mean(axis=0)
    order = np.argsort(-share, kind="stable")
    sets = [np.isin(np.arange(len(names)), order[: many + 1]).astype(int).tolist() for many in range(len(names))]
    constant = max(metrics.score([each] * len(right), right, names, ()).metrics[headline] for each in sets)
    score = metrics.score(found, right, names, ()).metrics[headline]
    same, majority = float((found == right).mean()), float(np.maximum(share, 1 - share).mean())
    said = (
        f"has {headline} of {score:.1%}, and who always gives the same labels {constant:.1%} "
        f"({same:.1%} of all decisions right, and {majority:.1%})"
    )
    asked = [number for number, part in enumerate(share) if 0 < part < 1]
    known = [_knows(found[:, number], right[:, number]) for number in asked]
    bad = score <= constant and same <= majority and sum(known) <= _KNOWS * len(known)
    return Verdict(said, bool(bad), hardly=bool(score <= constant))


def scores(found: Floats, right: Floats) -> Verdict:
    """Judge scores against always giving the mean, and against the linear map of them that fits the data best."""
    spread, errors = float(right.var()), float(((found - right) ** 2).mean())
    if np.ptp(found) <= 1e-6 * max(1.0, float(np.abs(found).max())):
        return Verdict(f"gives each of them the score {found[0]:.3g}, where the data has {_range(right)}", refused=True)
    slope, start = np.polyfit(found, right, 1)
    pearson = float(np.corrcoef(found, right)[0, 1]) if spread else 0.0
    line = spread * (1 - pearson**2)
    raw = 1 - errors / spread if spread else 0.0
    said = f"has a correlation of {pearson:.2f} with the data's scores, and who always says the mean has none"
    deviation, ratio = np.sqrt(spread), float(found.std() / right.std()) if spread else 1.0
    moved = abs(float(found.mean() - right.mean())) > deviation / 2
    unlike = (
        moved or pearson < 0 or not 1 / _OTHER_SCALE < ratio < _OTHER_SCALE
    )  # else it is noise that a line takes away
    elsewhere = unlike and errors > _OTHER_SCALE * line and errors - line > _NOTICEABLE * spread
    if elsewhere and abs(pearson) * np.sqrt(len(right)) > _LIKELY:
        said = (
            f"scores on another scale, {_range(found)} where the data has {_range(right)}: "
            f"score ≈ {slope:.2f}·answer {'-' if start < 0 else '+'} {abs(start):.2f} would fit "
            f"(R² of {pearson**2:.2f}, as it is {raw:.2f})"
        )
        return Verdict(said, refused=True)
    worse = errors > _OTHER_SCALE * spread
    if worse:
        said += f" (mean squared errors of {errors:.3g} and {spread:.3g})"
    return Verdict(said, refused=worse or pearson <= 0)


def _range(numbers: Floats) -> str:
    return f"{numbers.min():.3g} to {numbers.max():.3g}"


def spans(
    found: Sequence[str], right: Sequence[Sequence[str]], contexts: Sequence[str], metrics: ModuleType, seed: int
) -> Verdict:
    """Judge answers in a context against spans of as many words that are drawn from it at random."""
    draw, headline = np.random.default_rng(seed), metrics.HEADLINE.name
    drawn = [[_span(context, answer, draw) for context, answer in zip(contexts, found, strict=True)] for _ in range(5)]
    groups = [""] * len(found)
    score = metrics.score(found, right, (), groups).metrics[headline]
    chance = float(np.mean([metrics.score(each, right, (), groups).metrics[headline] for each in drawn]))
    said = f"has {headline} of {score:.1%}, and words drawn from the context at random {chance:.1%}"
    return Verdict(said, score <= _BY_CHANCE * chance)


def _span(context: str, answer: str, draw: np.random.Generator) -> str:
    words, many = spaced(context), max(1, len(spaced(answer)))
    start = int(draw.integers(max(1, len(words) - many + 1)))
    return " ".join(words[start : start + many])


def tokens(cost: float, right: Iterable[int], known: Iterable[int], vocabulary: int) -> Verdict:
    """Judge written tokens by the cross-entropy of the true ones, against that of their frequencies.

    Args:
        cost: of a token on average, in nats.
        right: the true tokens.
        known: those of train, whose frequencies are known.
        vocabulary: how many there are.
    """
    seen: Mapping[int, int] = Counter(known)
    whole = sum(seen.values()) + vocabulary
    guessed = float(np.mean([-np.log((seen.get(each, 0) + 1) / whole) for each in right]))
    guessed = min(guessed, float(np.log(vocabulary)))
    said = f"pays {cost:.2f} nats for a true token, and who only knows how frequent each token is {guessed:.2f}"
    return Verdict(said, not cost < guessed)  # nan is not


def beside_guesses(
    metrics: ModuleType, found: Sequence[Any], right: Sequence[Any], names: Sequence[str], seed: int
) -> tuple[float, float]:
    """The first metric of what was ``found``, and its best value for who has not read the rows.

    That one gives every row, or word, one label, or deals out the same labels as were found at random.

    Args:
        metrics: module that scores.
        found: for each row the number of a label, or for each sentence the tags of its words.
        right: the same of the data.
        names: of the labels.
        seed: of chance.
    """
    draw = np.random.default_rng(seed)

    def score(said: Sequence[Any]) -> float:
        return float(metrics.score(said, right, names, [""] * len(right)).metrics[metrics.HEADLINE.name])

    if not isinstance(right[0], list):
        same = [[number] * len(right) for number, _ in Counter(right).most_common(_TRIED)]
        dealt = [draw.permutation(found).tolist() for _ in range(_DEALT)]
        return score(found), max(map(score, same + dealt))
    usual = Counter(chain(*right)).most_common(_TRIED)
    same = [[[name] * len(tags) for tags in right] for name, _ in usual]
    words = list(chain(*found))
    dealt = [_like(found, draw.permutation(words).tolist()) for _ in range(_DEALT)]
    return score(found), max(map(score, same + dealt))


def _like(sentences: Sequence[Sequence[Any]], words: Sequence[Any]) -> list[list[Any]]:
    """Cut a list of words into sentences of the same lengths as the given ones."""
    given = iter(words)
    return [list(islice(given, len(sentence))) for sentence in sentences]
