"""Which students there are to try, of each kind: pure functions of the teacher's shape."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from distill.config.student import CHOSEN
from distill.student import student_kind

_DEPTHS_OF_THE_TEACHER = 12
_DEPTHS_FROM_SCRATCH = 6
_WIDTHS = ((3, 4), (2, 3), (1, 2), (1, 3), (1, 4), (1, 6))
"""Fractions of the teacher's heads, as numerator and denominator, for narrower models."""
_STATIC_WIDTHS = (64, 128, 256)
"""Widths of the embeddings of students without layers; more than that Model2Vec gains nothing by."""
INNER = 4.0
"""Width of a feed-forward layer inside, in widths of the model: the usual one."""
WHOLE, CORPUS = "all", "corpus"
"""The teacher's tokens that a student keeps, in the words of ``student.vocabulary``."""


@dataclass(frozen=True)
class StudentShape:
    """The shape of a stack of transformer layers, the student's or its teacher's; an encoder-decoder has two stacks.

    Attributes:
        layers: how many there are.
        width: of the states.
        heads: of attention.
        inner: width of a feed-forward layer inside, in widths of the model.
    """

    layers: int
    width: int
    heads: int
    inner: float = INNER


@dataclass(frozen=True)
class Candidate:
    """A student that might be tried.

    Attributes:
        init: its kind, in the words of ``student.init``.
        shape: of its layers.
        layer_map: which of the teacher's layers it begins with, in the words of ``student.layer_map``; of a model from
            scratch nobody asks.
        vocabulary: which of the teacher's tokens it keeps: ``WHOLE`` or ``CORPUS``.
    """

    init: str
    shape: StudentShape
    layer_map: str = "uniform"
    vocabulary: str = WHOLE

    @property
    def name(self) -> str:
        """The name of the student's card."""
        return KINDS[self.init].name(self.shape) + ("" if self.vocabulary == WHOLE else f"_{self.vocabulary}")

    @property
    def card(self) -> dict[str, object]:
        """The settings of the student, as its card has them."""
        settings = KINDS[self.init].card(self)
        if self.vocabulary != WHOLE:
            return {**settings, "vocabulary": self.vocabulary}
        return settings if student_kind(self.init).rank_share is None else {**settings, "embedding_rank": CHOSEN}

    @property
    def layers_alone(self) -> tuple[str, StudentShape]:
        """What decides on its time: whichever tokens it has embeddings of, it reads a text's as quickly."""
        return self.init, self.shape


@dataclass(frozen=True)
class Kind:
    """How students of one ``student.init`` are made.

    Attributes:
        shapes: returns the shapes worth a look, by the teacher's.
        name: returns the name of a student's card.
        card: returns the settings in it.
        kept: returns how many of the teacher's layers a student begins with.
        words: says what a student of a shape is, by its and the teacher's shape.
    """

    shapes: Callable[[StudentShape], Iterator[StudentShape]]
    name: Callable[[StudentShape], str]
    card: Callable[[Candidate], dict[str, object]]
    kept: Callable[[StudentShape], int]
    words: Callable[[StudentShape, StudentShape], str]


def depths(layers: int, steps: int) -> list[int]:
    """Return numbers of layers up to ``layers``, evenly spread, at most ``steps`` of them and 1.

    >>> depths(6, 12), depths(24, 6)
    ([1, 2, 3, 4, 5, 6], [1, 4, 8, 12, 16, 20, 24])
    """
    return sorted({1, *(-(-layers * step // steps) for step in range(1, steps + 1))})


def from_the_first(student: int, teacher: int) -> str:
    """Return a map of layers that keeps the first and, of two or more, the last, and spreads the others evenly.

    >>> from_the_first(3, 22), from_the_first(1, 6)
    ('0,10,21', '0')
    """
    return ",".join(str(layer * (teacher - 1) // max(student - 1, 1)) for layer in range(student))


def _layers_of(teacher: StudentShape) -> Iterator[StudentShape]:
    """Yield the shapes of students that are some of the teacher's layers."""
    for layers in depths(teacher.layers, _DEPTHS_OF_THE_TEACHER):
        if layers < teacher.layers:
            yield StudentShape(layers, teacher.width, teacher.heads)


def _narrower_than(teacher: StudentShape) -> Iterator[StudentShape]:
    """Yield the shapes of narrower students: fewer heads, as wide as the teacher's, and layers as wide inside."""
    heads = {-(-teacher.heads * part // whole) for part, whole in _WIDTHS}
    for count in sorted(number for number in heads if number < teacher.heads):
        for layers in depths(teacher.layers, _DEPTHS_FROM_SCRATCH):
            yield StudentShape(layers, count * (teacher.width // teacher.heads), count, teacher.inner)


def _static_of(teacher: StudentShape) -> Iterator[StudentShape]:
    """Yield the shapes of students without layers: embeddings up to the teacher's width."""
    yield from (StudentShape(0, width, 0) for width in _STATIC_WIDTHS if width <= teacher.width)


def architecture(shape: StudentShape) -> dict[str, int]:
    """Return a shape in the words of ``student.architecture``.

    >>> architecture(StudentShape(layers=2, width=64, heads=1))
    {'layers': 2, 'hidden_size': 64, 'heads': 1, 'intermediate_size': 256}
    """
    return {
        "layers": shape.layers,
        "hidden_size": shape.width,
        "heads": shape.heads,
        "intermediate_size": int(shape.inner * shape.width),
    }


def _counted(layers: int) -> str:
    return "1 layer" if layers == 1 else f"{layers} layers"


KINDS: Mapping[str, Kind] = {
    "teacher": Kind(
        shapes=_layers_of,
        name=lambda shape: f"layers_{shape.layers}",
        card=lambda student: {"init": "teacher", "layers": student.shape.layers, "layer_map": student.layer_map},
        kept=lambda shape: shape.layers,
        words=lambda shape, teacher: (
            f"{shape.layers} of the teacher's {_counted(teacher.layers)}, with its embeddings and its head"
        ),
    ),
    "narrow": Kind(
        shapes=_narrower_than,
        name=lambda shape: f"narrow_{shape.layers}x{shape.width}",
        card=lambda student: {
            "init": "narrow",
            "architecture": architecture(student.shape),
            "layer_map": student.layer_map,
        },
        kept=lambda shape: 0,
        words=lambda shape, teacher: (
            f"{_counted(shape.layers)} of width {shape.width}, cut out of the teacher's weights: begins near its "
            "states, and must be trained before use"
        ),
    ),
    "random": Kind(
        shapes=_narrower_than,
        name=lambda shape: f"scratch_{shape.layers}x{shape.width}",
        card=lambda student: {"init": "random", "architecture": architecture(student.shape)},
        kept=lambda shape: 0,
        words=lambda shape, teacher: (
            f"{_counted(shape.layers)} of width {shape.width} from random weights: begins "
            "with nothing of the teacher, so it needs more data or epochs"
        ),
    ),
    "static": Kind(
        shapes=_static_of,
        name=lambda shape: f"static_{shape.width}",
        card=lambda student: {"init": "static", "static": {"size": student.shape.width}},
        kept=lambda shape: 0,
        words=lambda shape, teacher: (
            f"the mean of the teacher's token embeddings, reduced to {shape.width} numbers, and a small head: without "
            "layers, for texts whose words alone tell the answer"
        ),
    ),
}
"""Every kind of student, by its ``student.init``. A further one is an entry here, and one in ``sizes.CONFIGURATIONS``
for its parameters and its time."""


def candidates(teacher: StudentShape, kinds: Sequence[str]) -> list[Candidate]:
    """Return all students worth a look.

    >>> [each.name for each in candidates(StudentShape(3, 128, 2), ["teacher", "random"])]
    ['layers_1', 'layers_2', 'scratch_1x64', 'scratch_2x64', 'scratch_3x64']
    """
    return [Candidate(kind, shape) for kind in kinds for shape in KINDS[kind].shapes(teacher)]


def of_fewer_tokens(students: Sequence[Candidate]) -> list[Candidate]:
    """Return the same students with the tokens alone that their texts use.

    >>> [each.name for each in of_fewer_tokens([Candidate("teacher", StudentShape(3, 128, 2))])]
    ['layers_3_corpus']
    """
    return [replace(student, vocabulary=CORPUS) for student in students]
