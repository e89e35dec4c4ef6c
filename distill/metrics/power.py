"""How large a difference between two models a number of examples can tell: the power of a paired test."""

import math
from statistics import NormalDist

_CONFIDENT, _POWERFUL = 1.959963984540054, 0.8416212335729143
"""Standard deviations of the normal distribution within which 95 % lie, and below which 80 % lie."""


def rows_for_difference(difference: float, parting: float) -> int:
    """Return how many examples show a difference of accuracy between two models that answer the same ones.

    In four of five draws of so many examples the 95 % interval of the paired difference does not hold zero (Connor
    1987): what counts is how often exactly one of the two is right, by which its variance is bounded.

    Args:
        difference: of the two accuracies, as a fraction.
        parting: fraction of the examples on which exactly one of the two is right, no less than ``difference``.

    >>> rows_for_difference(0.01, 0.1)
    7847
    """
    spread = math.sqrt(parting - difference**2)
    return math.ceil(((_CONFIDENT * math.sqrt(parting) + _POWERFUL * spread) / difference) ** 2)


def difference_shown(rows: int, parting: float) -> float:
    """Return the smallest difference of accuracy, as a fraction, that so many examples show; see the other function.

    >>> round(difference_shown(7847, 0.1), 4)
    0.01
    """
    low, high = 0.0, parting
    if rows_for_difference(high, parting) > rows:
        return high
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if rows_for_difference(middle, parting) <= rows else (middle, high)
    return high


def rows_for_drop(drop: float, parting: float, level: float, power: float = 0.9) -> int:
    """Return how many examples show that a model has become worse by a drop of accuracy or recall, tested one-sided.

    The drop itself adds to how often exactly one of the two is right (Connor 1987).

    Args:
        drop: by which it is lower, as a fraction.
        parting: fraction of the examples on which exactly one of two equally good models is right.
        level: of the test, with its share of what several tests have together.
        power: share of draws in which the drop is shown.

    >>> rows_for_drop(0.1, 0.1, 0.05), rows_for_drop(0.1, 0.1, 0.05 / 20)
    (168, 330)
    """
    confident, powerful = NormalDist().inv_cdf(1 - level), NormalDist().inv_cdf(power)
    apart = parting + drop
    return math.ceil(((confident * math.sqrt(apart) + powerful * math.sqrt(apart - drop**2)) / drop) ** 2)
