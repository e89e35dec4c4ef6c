"""Test whether a model is worse than another on the same examples, by exchanging their answers, one test or many."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distill.metrics import LabelMarks, Mode
from distill.metrics.bootstrap import Array
from distill.metrics.counts import Floats
from distill.metrics.label_gain import f1_difference, recall_difference

_AT_ONCE = 256
"""Exchanges that are drawn together."""
_TIE = 1e-12
"""By how much two differences that are the same may differ by rounding."""
MEASURES = "f1", "recall"
"""What of a label is tested."""


class Exchanged(NamedTuple):
    """What exchanging the answers of two models has shown.

    Attributes:
        p: one-sided, of the model being no worse.
        least: what p is no less than, whoever is right: half for each example on which the two part.
        parting: variance of the difference if both are equally good, as that of one example; of accuracy and recall it
            is the share of examples that exactly one of the two has right.
        measure: of a label, that in which it is worse, ``f1`` or ``recall``.
    """

    p: float
    least: float
    parting: float
    measure: str = ""


def worse_than(
    metric: Callable[[Array], float], model: Array, reference: Array, *, mode: Mode, draws: int = 9999, seed: int = 0
) -> Exchanged:
    """Test one-sided whether a model is worse than a reference (approximate randomisation; Yeh 2000).

    If both are equally good, each example's answers may as well be the other's. So they are exchanged at random, and p
    is how often the difference of the metric is then as bad as it is, the true order counted as one draw.

    Args:
        metric: of statistics whose sum over examples holds all that it needs.
        model: statistics ``[examples, k]``.
        reference: statistics ``[examples, k]`` of the same examples in their order.
        mode: whether more or less of the metric is better.
        draws: how often answers are exchanged.
        seed: the same seed gives the same draws.

    Returns:
        p, no less than ``1 / (draws + 1)``, and what else is known of the test; p is 1 where the metric is undefined.

    Raises:
        ValueError: the statistics are not of the same examples.

    Example:
        >>> right = np.array([[1.0, 1.0]] * 10)
        >>> wrong = np.array([[0.0, 1.0]] * 10)
        >>> worse_than(lambda rows: rows[:, 0].sum() / rows[:, 1].sum(), wrong, right, mode="max").p < 0.005
        True
    """
    sign = 1.0 if mode == "max" else -1.0

    def differences(sums: Floats, others: Floats) -> Floats:
        pairs = zip(sums, others, strict=True)
        return sign * np.array([metric(one[None]) - metric(other[None]) for one, other in pairs])

    whole = differences(*(part.sum(axis=0, keepdims=True) for part in (model, reference)))
    least = 0.5 ** int(np.any(model != reference, axis=1).sum())
    if not np.isfinite(whole[0]):
        return Exchanged(1.0, least, 0.0)
    drawn = np.concatenate([differences(*sums) for sums in _exchanged(model, reference, draws, seed)])
    as_bad = int((drawn <= whole + _TIE).sum())
    known = drawn[np.isfinite(drawn)]
    return Exchanged((1 + as_bad) / (1 + draws), least, len(model) * float(np.mean(known**2)) if len(known) else 0.0)


def labels_worse_than(
    model: LabelMarks, reference: LabelMarks, *, draws: int = 9999, seed: int = 0
) -> dict[str, Exchanged]:
    """Test for each label that has examples whether a model is worse at it, in F1 or in recall; see ``worse_than``.

    A label may lose recall, which its F1 shows diluted, or precision, which recall does not show. Both differences are
    divided by their spread over the exchanges, and the lower one is what is compared with that of each exchange: one
    test, whichever it is. All labels share the draws.

    Raises:
        ValueError: they are not marks of the same examples and labels.
    """
    if model.names != reference.names:
        raise ValueError("labels are compared of the same examples and labels")
    labels = len(model.names)

    def differences(sums: Floats, others: Floats) -> Floats:
        both = np.hstack([sums, others])
        return np.stack([f1_difference(both, labels), recall_difference(both, labels)])

    totals = [part.sum(axis=0, keepdims=True) for part in (model.statistics, reference.statistics)]
    lost = model.statistics[:, :labels] - reference.statistics[:, :labels]
    gold = totals[0][0, 2 * labels :]
    chunks = (differences(*sums) for sums in _exchanged(model.statistics, reference.statistics, draws, seed))
    first = next(chunks)
    spread = np.sqrt(np.mean(first**2, axis=1, keepdims=True))  # any scale is fair that is the same for all exchanges
    whole, as_bad = differences(totals[0], totals[1]), np.zeros(labels)
    for drawn in chain([first], chunks):
        as_bad += (_worst(drawn, spread) <= _worst(whole, spread) + _TIE).sum(axis=0)
    parts = (model.statistics != reference.statistics).reshape(len(lost), 3, labels).any(axis=1).sum(axis=0)
    measures = np.argmin(_scaled(whole, spread)[:, 0], axis=0)
    return {
        model.names[label]: Exchanged(
            float((1 + as_bad[label]) / (1 + draws)),
            0.5 ** int(parts[label]),
            float((lost[:, label] ** 2).sum() / gold[label]),
            MEASURES[measures[label]],
        )
        for label in np.flatnonzero(gold)
    }


def _scaled(differences: Floats, spread: Floats) -> Floats:
    """Return differences ``[measures, draws, labels]`` in units of their spread; 0 where nothing is spread."""
    return np.divide(differences, spread, out=np.zeros_like(differences), where=spread > 0)


def _worst(differences: Floats, spread: Floats) -> Floats:
    lowest: Floats = _scaled(differences, spread).min(axis=0)
    return lowest


def _exchanged(model: Array, reference: Array, draws: int, seed: int) -> Iterator[tuple[Floats, Floats]]:
    """Yield the sums ``[some draws, k]`` of both, with the answers to some examples exchanged."""
    if model.shape != reference.shape or not len(model):
        raise ValueError(f"a pair needs examples in common, not {len(model)} and {len(reference)}")
    change = (reference - model).astype(np.float64)
    change = change[np.any(change != 0, axis=1)]  # where both say the same, nothing is exchanged
    generator = np.random.default_rng(seed)
    for start in range(0, draws, _AT_ONCE):
        size = (min(_AT_ONCE, draws - start), len(change))
        moved = generator.integers(2, size=size, dtype=np.int8).astype(np.float64) @ change
        yield model.sum(axis=0) + moved, reference.sum(axis=0) - moved


def holm(p_values: Sequence[float], least: Sequence[float] | None = None, level: float = 0.05) -> NDArray[np.float64]:
    """Return p-values adjusted for how many there are, so that few of 100 such families hold a false alarm (Holm 1979).

    Tests that could not come out whoever is right, since the models part on too few examples, do not make it harder for
    the others (Tarone 1990); how few these are says nothing about who is better.

    Args:
        p_values: of the tests of a family, in any order.
        least: what each p-value could have been at the least; without it, all tests count.
        level: of the family; read where ``least`` is given.

    Returns:
        The adjusted p-values; 1 for a test that could not come out.

    Example:
        >>> [round(float(p), 3) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
        >>> [round(float(p), 3) for p in holm([0.01, 0.5, 0.03], least=[0.001, 0.5, 0.001])]
        [0.02, 1.0, 0.03]
    """
    p = np.asarray(p_values, dtype=np.float64)
    adjusted = np.ones_like(p)
    places = np.flatnonzero(could_show(least, level)) if least is not None else np.arange(len(p))
    order = places[np.argsort(p[places], kind="stable")]
    stepped = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)) if len(order) else p[order]
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def could_show(least: Sequence[float], level: float) -> NDArray[np.bool_]:
    """Return which tests of a family could come out at all at this level, once they are adjusted (Tarone 1990).

    Args:
        least: what the p-value of each could be at the least.
        level: of the family.

    Example:
        >>> could_show([0.001, 0.04, 0.5], 0.05).tolist()
        [True, False, False]
    """
    lowest = np.asarray(least, dtype=np.float64)
    counts = range(1, len(lowest) + 1)
    return next((could for count in counts if (could := lowest * count <= level).sum() <= count), lowest <= level)
