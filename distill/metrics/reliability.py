"""Reliability: whether a model that is 80 % sure is right in 80 % of cases, and the temperature that makes it so.

Temperature scaling divides all logits by one number, which changes no decision (Guo et al. 2017, arXiv:1706.04599).
"""

import math
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from distill.types import FLOOR, IGNORE, Kind

Floats: TypeAlias = NDArray[np.float64]

BINS = 15
LEAST, MOST = 0.05, 20.0
"""The bounds of a temperature."""


class Bin(NamedTuple):
    """Cases of similar confidence: their number, how sure the model is on average, and how often it is right."""

    cases: int
    confidence: float
    frequency: float


class Reliability(NamedTuple):
    """How far confidence is from frequency.

    Attributes:
        error: the expected calibration error, from 0 to 1: the mean gap over the bins, weighted by their cases.
        nll: the mean negative log-likelihood of what is right, in nats.
        bins: those of ``BINS`` bins of equal width that have cases.
    """

    error: float
    nll: float
    bins: list[Bin]


def scaled(rows: Floats, temperature: float) -> Floats:
    """Return logits divided by a temperature; those of a class that cannot be stay what they are.

    >>> scaled(np.array([[2.0, -1e4]]), 2.0).tolist()
    [[1.0, -10000.0]]
    """
    return np.where(rows <= FLOOR, rows, rows / temperature)


def reliability(kind: Kind, rows: NDArray[Any], labels: NDArray[Any], temperature: float = 1.0) -> Reliability | None:
    """Return how reliable the probabilities of rows are; none where no row has a label.

    Args:
        kind: ``class``, whose cases are the likeliest class of each row, or ``labels``, whose cases are each label.
        rows: logits ``[rows, classes]``.
        labels: ``[rows]``, or ``[rows, classes]`` of 0 and 1; ``IGNORE`` is not counted.
        temperature: divides the logits.
    """
    logits, right = _labelled(kind, rows, labels)
    if not len(logits):
        return None
    logits = scaled(logits, temperature)
    if kind == "labels":
        sure, happened = np.exp(-np.logaddexp(0.0, -logits)), right
    else:
        sure = np.exp(logits.max(axis=1) - _logsumexp(logits))
        happened = (logits.argmax(axis=1) == right).astype(np.float64)
    bins = _binned(sure, happened)
    error = sum(each.cases * abs(each.confidence - each.frequency) for each in bins) / len(sure)
    return Reliability(error, _nll(kind, logits, right), bins)


def fitted_temperature(kind: Kind, rows: NDArray[Any], labels: NDArray[Any]) -> float | None:
    """Return the temperature with the least negative log-likelihood, between ``LEAST`` and ``MOST``.

    None where no row has a label, or where all are right: the likelihood then grows without end with confidence.

    Args:
        kind: ``class`` or ``labels``; scores have no temperature.
        rows: logits ``[rows, classes]``.
        labels: as in ``reliability``.
    """
    from scipy.optimize import minimize_scalar

    logits, right = _labelled(kind, rows, labels)
    if not len(logits) or _all_right(kind, logits, right):
        return None
    found = minimize_scalar(  # convex in 1/T, so that there is one minimum in its logarithm, too
        lambda log_factor: _nll(kind, scaled(logits, math.exp(-log_factor)), right),
        bounds=(-math.log(MOST), -math.log(LEAST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return math.exp(-cast(float, found.x))


def _labelled(kind: Kind, rows: NDArray[Any], labels: NDArray[Any]) -> tuple[Floats, NDArray[Any]]:
    """Return the logits that have a label, in double precision, with it; of ``labels`` each decision by itself."""
    counted = np.isfinite(labels) & (labels != IGNORE)
    if kind == "labels":
        return rows[counted].astype(np.float64), labels[counted].astype(np.float64)
    return rows[counted].astype(np.float64), labels[counted].astype(np.int64)


def _all_right(kind: Kind, logits: Floats, right: NDArray[Any]) -> bool:
    return bool(np.all((logits > 0) == (right > 0)) if kind == "labels" else np.all(logits.argmax(axis=1) == right))


def _nll(kind: Kind, logits: Floats, right: NDArray[Any]) -> float:
    if kind == "labels":
        return float((np.logaddexp(0.0, logits) - right * logits).mean())
    return float((_logsumexp(logits) - logits[np.arange(len(right)), right]).mean())


def _logsumexp(logits: Floats) -> Floats:
    highest: Floats = logits.max(axis=1)
    summed: Floats = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
    return summed


def _binned(sure: Floats, happened: Floats) -> list[Bin]:
    places = np.minimum((sure * BINS).astype(int), BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    sums = [np.bincount(places, weights=values, minlength=BINS) for values in (sure, happened)]
    return [
        Bin(int(count), float(confidence / count), float(frequency / count))
        for count, confidence, frequency in zip(counts, *sums, strict=True)
        if count
    ]
