"""Which layer of the teacher teaches, or becomes, which layer of the student."""

from distill.errors import ModelError


def layer_map(name: str, *, student: int, teacher: int) -> list[int]:
    """The teacher's layer, from 0, for each layer of the student.

    Args:
        name: uniform (evenly spread, the last one always in), first, last, skip (every second one from the first up,
            and one after the other from where only as many are left as are needed), or numbers such as ``1,3,5``.
        student: its layers.
        teacher: its layers.

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
        raise ModelError(
            f"layer map {name}: allowed are {student} numbers, one a student layer, from 0 to {teacher - 1}"
        )
    return chosen
