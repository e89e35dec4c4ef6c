"""Which students to export and time, where each takes seconds to export: pure functions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from scipy.optimize import nnls

from distill.designer.candidates import StudentShape
from distill.designer.ranking import Sized, choose

MEGABYTE = 1e6
_MOST = 9
"""Students that are exported at most."""


@dataclass(frozen=True)
class Limits:
    """What a student may cost; none: any."""

    latency_ms: float | None = None
    bytes: float | None = None
    parameters: int | None = None

    def excess(self, *, latency_ms: float = 0.0, size: float = 0.0, parameters: int = 0) -> float:
        """Return how many times the limit it is that is exceeded most; up to 1 all are kept.

        >>> Limits(latency_ms=5.0, bytes=10e6).excess(latency_ms=4.0, size=12e6)
        1.2
        """
        pairs = ((latency_ms, self.latency_ms), (size, self.bytes), (parameters, self.parameters))
        return max((value / limit for value, limit in pairs if limit is not None), default=0.0)


@dataclass(frozen=True)
class Cost:
    """What a student in the form that is shipped takes.

    Attributes:
        latency_ms: milliseconds of one text.
        bytes: of its file.
    """

    latency_ms: float
    bytes: float


Look: TypeAlias = Callable[[Sized], Cost]
"""Exports a student and tells what it takes."""


@dataclass(frozen=True)
class Costs:
    """What students take: of those that were looked at as it was measured, of others as it is estimated.

    Attributes:
        limits: what they may take.
        seen: what was measured, by name.
        shapes: milliseconds by what decides on them, the kind of student and its shape.
    """

    limits: Limits
    seen: dict[str, Cost] = field(default_factory=dict)
    shapes: dict[tuple[str, StudentShape], float] = field(default_factory=dict)

    def add(self, student: Sized, cost: Cost) -> None:
        """Keep what was measured."""
        self.seen[student.name] = cost
        self.shapes[student.candidate.layers_alone] = cost.latency_ms

    def estimate(self) -> Callable[[Sized], Cost]:
        """Return what tells of each student what it takes, by all that is known now."""
        guess = latency_estimate({shape: taken for (_, shape), taken in self.shapes.items()})

        def cost(student: Sized) -> Cost:
            candidate = student.candidate
            known = self.shapes.get(candidate.layers_alone)
            return self.seen.get(student.name) or Cost(
                guess(candidate.shape) if known is None else known, student.bytes
            )

        return cost

    def excess(self, cost: Cost) -> float:
        """Return how many times the limit it is that a student exceeds most; see ``Limits``."""
        return self.limits.excess(latency_ms=cost.latency_ms, size=cost.bytes)


def search(students: Sequence[Sized], look: Look, limits: Limits, most: int = _MOST) -> Costs:
    """Look at students until those that would be proposed were all looked at, or ``most`` were.

    Each look tells more of what the others take: those that seem to fit are chosen from anew, and what of the choice
    was not looked at yet is next. Where none seems to fit, the next is the one that comes nearest.

    Args:
        students: those that there are.
        look: exports one.
        limits: what they may take.
        most: how many are exported at most.
    """
    costs = Costs(limits)
    while len(costs.seen) < most:
        cost = costs.estimate()
        excess = {student.name: costs.excess(cost(student)) for student in students}
        fitting = choose([student for student in students if excess[student.name] <= 1])
        nearest = sorted(students, key=lambda student: excess[student.name])[:1]
        unseen = [student for student in fitting or nearest if student.name not in costs.seen]
        if not unseen:
            break
        for student in unseen[: most - len(costs.seen)]:
            costs.add(student, look(student))
    return costs


def latency_estimate(measured: Mapping[StudentShape, float]) -> Callable[[StudentShape], float]:
    """Return what tells the milliseconds of a shape: a constant, and parts for each layer and each multiplication.

    The three parts, none below 0, have the least sum of squares of the errors relative to what was measured. Without
    a measurement everything takes no time.
    """
    if not measured:
        return lambda shape: 0.0
    rows = np.array([_parts(shape) for shape in measured])
    taken = np.array(list(measured.values()))
    scale = rows.max(axis=0).clip(min=1.0)
    weights, _ = nnls(rows / scale / taken[:, None], np.ones(len(taken)))
    return lambda shape: float(np.array(_parts(shape)) / scale @ weights)


def _parts(shape: StudentShape) -> tuple[float, float, float]:
    """Return 1, the layers, and the multiplications of a token in all of them."""
    return 1.0, shape.layers, shape.layers * shape.width**2 * (4 + 2 * shape.inner)
