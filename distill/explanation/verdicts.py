"""Say in words what became of a teacher's difference between two groups."""

import numpy as np

from distill.metrics.crossed import Interval

_SHOWN = 3
"""Decimals to which differences are shown: of a score, and of a probability as points with one."""


def clear(interval: Interval) -> bool:
    """Return whether a difference is clear, and does not round to nothing where it is shown.

    >>> clear(Interval(0.2, 0.1, 0.3)), clear(Interval(0.2, -0.1, 0.3)), clear(Interval(2e-6, 1e-6, 3e-6))
    (True, False, False)
    """
    return interval.is_clear and round(interval.mean, _SHOWN) != 0


def verdict(teacher: Interval, student: Interval, change: Interval) -> str:
    """Say in words what a student has of its teacher's difference between two groups.

    Args:
        teacher: its difference.
        student: its difference.
        change: the student's minus the teacher's.

    Example:
        >>> verdict(Interval(0.2, 0.1, 0.3), Interval(0.1, 0.05, 0.2), Interval(-0.1, -0.2, -0.05))
        'handed on, less of it'
    """
    if np.isnan(change.low):
        return "a single pair: nothing can be said"
    if clear(teacher) and clear(student):
        if teacher.mean * student.mean < 0:
            return "turned round"
        if not clear(change):
            return "handed on"
        return f"handed on, {'more' if abs(student.mean) > abs(teacher.mean) else 'less'} of it"
    if clear(student):
        return "added" if clear(change) else "the student's alone is clear"
    if clear(teacher):
        return "not handed on" if clear(change) else "the teacher's alone is clear"
    return "the two differ, neither is clear" if clear(change) else "none is clear"
