"""Settings of the student: what it begins as, and how large it is."""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from distill.base.setting_rules import LAYERS, Rule, allowed, at_least, one_of, setting
from distill.config.architecture import ArchitectureConfig, architecture_problems
from distill.config.task_traits import task_or_first
from distill.objective.settings import active, reads
from distill.objective.specs import TERM_SPECS
from distill.student import STUDENTS, StudentKind, student_kind

if TYPE_CHECKING:
    from distill.config.schema import Config


CHOSEN = "auto"
"""A rank of the embeddings that is chosen by teacher and task."""
_RANK: Rule = (
    lambda value: value in (None, CHOSEN) or (type(value) is int and value > 0),
    f"null, {CHOSEN}, or a whole number from 1 up",
)
_SMOOTHING: Rule = (lambda value: value > 0 and math.isfinite(value)), "a number above 0"


@dataclass
class LstmConfig:
    """A student of bidirectional LSTM layers, which reads the teacher's tokens (Tang et al. 2019)."""

    layers: int = field(default=1, metadata=allowed(at_least(1)))
    """Bidirectional layers."""
    hidden_size: int = field(default=150, metadata=allowed(at_least(1)))
    """Width of the hidden states of each direction; both together are twice as wide."""
    embedding_size: int = field(default=128, metadata=allowed(at_least(1)))
    """Width of the token embeddings, at most the teacher's, of which they are the truncated SVD."""


@dataclass
class StaticConfig:
    """A student that is the mean of token embeddings, with a small head (after Model2Vec)."""

    size: int = field(default=256, metadata=allowed(at_least(1)))
    """Width of the embeddings, the first principal components of the teacher's, and of the head; of a teacher whose own
    are narrower as wide as those."""
    smoothing: float = field(default=0.1, metadata=allowed(_SMOOTHING))
    """a of the smooth inverse frequency a / (a + p) that weights a token of which train's tokens have the share p. With
    less, words that stand everywhere count less: 0.001 suits similarities, but questions lose what they ask for."""


@dataclass
class StudentConfig:
    """Who learns."""

    init: str = field(default="random", metadata=allowed(one_of(*STUDENTS)))
    """random: `architecture` with the teacher's tokenizer. teacher: `layers` of the teacher. narrow: a copy of the
    teacher of the size `architecture`, cut out of its weights. bilstm: `lstm`. static: `static`. checkpoint:
    `model`."""
    model: str | None = None
    """Hub id or folder of a checkpoint, for init=checkpoint."""
    revision: str | None = None
    """Branch, tag or commit of a hub checkpoint; none takes main."""
    labels: list[str] = field(default_factory=list)
    """Names of the labels that `model` has learnt, in their order, where its config.json does not name them; outputs
    for labels of the data keep their weights."""
    architecture: ArchitectureConfig = field(default_factory=ArchitectureConfig)
    """Size, for init=random and, at most that of the teacher, for init=narrow."""
    layers: int | None = field(default=2, metadata=allowed(at_least(1)))
    """Layers taken from the teacher, for init=teacher; none takes half of them."""
    layer_map: str = field(default="uniform", metadata=allowed(LAYERS))
    """Which of the teacher's layers, for init=teacher and init=narrow: uniform | first | last | skip, or numbers from 0
    as in '1,3'."""
    lstm: LstmConfig = field(default_factory=LstmConfig)
    """Size, for init=bilstm."""
    static: StaticConfig = field(default_factory=StaticConfig)
    """Size, for init=static."""
    vocabulary: str = field(default="all", metadata=allowed(one_of("all", "corpus")))
    """The teacher's tokens that it keeps. corpus: those that texts of train and `data.unlabelled` use, single
    characters and special tokens; what else is met falls into these."""
    vocabulary_min_count: int = field(default=1, metadata=allowed(at_least(1)))
    """How often the texts must use a token, for vocabulary=corpus; from 2 on texts of train may change theirs."""
    vocabulary_size: int | None = field(default=None, metadata=allowed(at_least(1)))
    """Tokens up to which vocabulary=corpus is filled up with those that the tokenizer ranks most frequent; none adds
    none."""
    embedding_rank: int | str | None = setting(
        None, _RANK,
        "Rank of its embeddings, two factors by truncated SVD of the teacher's, for init=teacher and init=narrow; none "
        "leaves them whole. auto: 11/24 of the width, 7/12 of a narrow copy's, where a checkpoint teaches and they can "
        "be factors.",
    )  # fmt: skip


def student_problems(config: "Config") -> Iterator[str]:
    """Name each problem of the student, alone, beside its teacher, and for task and objective."""
    student, task = config.student, task_or_first(config.task)
    kind = kind_or_first(student.init)
    yield from architecture_problems("student.architecture", student.architecture)
    yield from _source_problems(student)
    teacher_layers = config.teacher.architecture.layers
    if config.teacher.model is None and student.init == "teacher" and (student.layers or 0) > teacher_layers:
        yield f"student.layers={student.layers}: the teacher has {teacher_layers} layers to give"
    if not kind.has_head(task):
        allowed = " or ".join(", ".join(kinds_with(lambda other: other.has_head(task))).rsplit(", ", 1))
        yield f"student.init={student.init}: has no head for {config.task}; allowed is {allowed}"
    if student.init in ("teacher", "narrow") and task.family == "encoder-decoder":
        yield from _encoder_decoder_problems(config)
    if student.init == "narrow":
        yield from _narrow_problems(config)
    yield from _embedding_problems(config)
    yield from lacking_problems(config, kind)


def _source_problems(student: StudentConfig) -> Iterator[str]:
    """Name what is wrong with the weights that the student begins with."""
    if student.revision is not None and student.model is None:
        yield f"student.revision={student.revision}: belongs to a hub checkpoint; give it as student.model=ID"
    if student.labels and student.model is None:
        yield f"student.labels={student.labels}: names the outputs of a checkpoint; give it as student.model=FOLDER"
    if (student.init == "checkpoint") != (student.model is not None):
        yield f"student.init={student.init}: student.model=PATH goes with student.init=checkpoint, and only with it"
    if student.layer_map == "auto":
        yield (
            "student.layer_map=auto: compares what student and teacher make of texts, but there is no student yet; "
            f"allowed is {LAYERS[1]}"
        )


def _encoder_decoder_problems(config: "Config") -> Iterator[str]:
    """Name sizes of a decoder that a student made of the teacher's layers cannot have."""
    decoder_layers, teacher_size = config.student.architecture.decoder_layers, config.teacher.architecture
    if config.student.init == "narrow" and decoder_layers is not None:
        yield (
            f"student.architecture.decoder_layers={decoder_layers}: a narrow copy takes the same layers of encoder and "
            "decoder, student.architecture.layers of each; leave it out"
        )
    if config.teacher.model is None and teacher_size.decoder_layers not in (None, teacher_size.layers):
        yield (
            f"teacher.architecture.decoder_layers={teacher_size.decoder_layers}: student.init={config.student.init} "
            f"takes the same layers of encoder and decoder; allowed is {teacher_size.layers}"
        )


def _narrow_problems(config: "Config") -> Iterator[str]:
    """Name each measure in which a narrow copy would be larger than its teacher."""
    student_size, teacher_size = asdict(config.student.architecture), asdict(config.teacher.architecture)
    for name in ("layers", "hidden_size", "heads", "intermediate_size"):
        if config.teacher.model is None and student_size[name] > teacher_size[name]:
            yield f"student.architecture.{name}={student_size[name]}: the teacher to be copied has {teacher_size[name]}"


def _embedding_problems(config: "Config") -> Iterator[str]:
    """Name what embeddings cannot be cut to: those of a head that writes, or a rank beyond their width."""
    student, task = config.student, task_or_first(config.task)
    rank = None if student.embedding_rank == CHOSEN else student.embedding_rank
    if student.vocabulary == "corpus" and task.writes:
        yield (
            f"student.vocabulary=corpus: models of {config.task} write tokens, and teacher and student compare the "
            "probabilities of all of them; allowed is all"
        )
    if rank is not None and task.writes:
        yield f"student.embedding_rank={rank}: models of {config.task} share them with their heads; allowed is null"
    size = {"narrow": student.architecture, "teacher": config.teacher.architecture}.get(student.init)
    known = student.init == "narrow" or config.teacher.model is None
    if isinstance(rank, int) and size is not None and known and rank > size.hidden_size:
        yield (
            f"student.embedding_rank={rank}: the student's embeddings are {size.hidden_size} wide; allowed is 1 to "
            f"{size.hidden_size}"
        )


def lacking_problems(config: "Config", kind: StudentKind) -> Iterator[str]:
    """Name each term of the objective that reads what a kind of student does not have."""
    for name, term in active(config.distill).items():
        read = reads(config.distill, name)
        first = read == "states" and not TERM_SPECS[name].same_tokens
        if (reason := kind.lacks.get("first_token" if first else read)) is not None:
            yield f"distill.{name}.weight={term.weight}: {reason}; allowed is 0"


def kind_or_first(init: str) -> StudentKind:
    """Return the kind of student of this name, or the first of all where the name, which is refused, is unknown."""
    return student_kind(init if init in STUDENTS else next(iter(STUDENTS)))


def kinds_with(trait: Callable[[StudentKind], bool]) -> list[str]:
    """Return the names of the kinds of students that have a trait, in the order of their table.

    >>> kinds_with(lambda kind: "architecture" in kind.settings)
    ['random', 'narrow']
    """
    return [name for name in STUDENTS if trait(student_kind(name))]
