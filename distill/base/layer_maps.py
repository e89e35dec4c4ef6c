"""Map layers of the teacher to layers of the student, for terms that compare them and students made of them."""

import math
from collections.abc import Sequence

from distill.errors import ModelError


def layer_map(name: str, *, student: int, teacher: int) -> list[int]:
    """Return the teacher's layer, from 0, for each layer of the student.

    Args:
        name: uniform (evenly spread, the last one always in), first, last, skip (every second one from the first up,
            and one after the other from where only as many are left as are needed), or numbers such as ``1,3,5``.
        student: how many layers it has.
        teacher: how many layers it has.

    Raises:
        ModelError: the teacher has too few layers, or the numbers do not fit.

    >>> layer_map("uniform", student=3, teacher=6)
    [1, 3, 5]
    >>> layer_map("last", student=2, teacher=6)
    [4, 5]
    >>> layer_map("skip", student=3, teacher=6), layer_map("skip", student=4, teacher=5)
    ([0, 2, 4], [0, 2, 3, 4])
    """
    if student > teacher:
        raise ModelError(f"the student has {student} layers, but the teacher has only {teacher} to give")
    named = {
        "uniform": [-(-(layer + 1) * teacher // student) - 1 for layer in range(student)],
        "first": list(range(student)),
        "last": list(range(teacher - student, teacher)),
        "skip": [min(2 * layer, teacher - student + layer) for layer in range(student)],
    }
    if name in named:
        return named[name]
    chosen = [int(part) for part in name.split(",")]
    if len(chosen) != student or max(chosen) >= teacher:
        numbers = f"{student} numbers, one a student layer," if student > 1 else "a number for the student's layer,"
        raise ModelError(
            f"layer map {name}: allowed {'are' if student > 1 else 'is'} {numbers} from 0 to {teacher - 1}"
        )
    return chosen


def layer_pairs(name: str, *, student: int, teacher: int) -> list[tuple[int, int]]:
    """Return the layers that a term compares, as (student's layer, teacher's layer), each from 0.

    Args:
        name: as for ``layer_map``, or pairs such as ``0:1,2:5``, which need not name every layer of the student.
        student: how many layers it has.
        teacher: how many layers it has.

    Raises:
        ModelError: there are no such layers, or the student's are not in their order.

    >>> layer_pairs("uniform", student=2, teacher=6)
    [(0, 2), (1, 5)]
    >>> layer_pairs("0:1,2:5", student=3, teacher=6)
    [(0, 1), (2, 5)]
    """
    if ":" not in name:
        return list(enumerate(layer_map(name, student=student, teacher=teacher)))
    pairs = [(int(first), int(second)) for first, second in (part.split(":") for part in name.split(","))]
    student_layers, teacher_layers = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    in_their_order = student_layers == sorted(set(student_layers))
    if not in_their_order or student_layers[-1] >= student or max(teacher_layers) >= teacher:
        raise ModelError(
            f"layer map {name}: allowed are student layers from 0 to {student - 1} in their order, each once, "
            f"with teacher layers from 0 to {teacher - 1}"
        )
    return pairs


def in_order(similarity_matrix: Sequence[Sequence[float]]) -> list[int]:
    """Return the most similar teacher layer for each student layer, both in ascending order.

    Of all ways to go up the teacher with the student, each layer once at most, the one with the largest sum of
    similarity; of two that are equal, the lower layers. It is found layer by layer (dynamic programming).

    Args:
        similarity_matrix: ``[student layers, teacher layers]``, such as their centred kernel alignment.

    Raises:
        ModelError: the teacher has too few layers.

    >>> in_order([[0.9, 0.2, 0.1], [0.8, 0.7, 0.1]])
    [0, 1]
    """
    student, teacher = len(similarity_matrix), len(similarity_matrix[0])
    if student > teacher:
        raise ModelError(f"the student has {student} layers, but the teacher has only {teacher} to give")
    # best[n]: the largest sum so far with the teacher's first n layers alone, and the layers that give it
    best: list[tuple[float, list[int]]] = [(0.0, [])] * (teacher + 1)
    for row in similarity_matrix:
        longer: list[tuple[float, list[int]]] = [(-math.inf, [])]
        for layer, similarity in enumerate(row):
            total, layers = best[layer]
            candidate = (total + similarity, [*layers, layer])
            longer.append(candidate if candidate[0] > longer[-1][0] else longer[-1])
        best = longer
    return best[-1][1]
