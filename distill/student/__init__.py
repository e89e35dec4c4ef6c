"""What a student may be made of: one file a kind, and one line in the table.

Settings are checked against the table and what its kinds say of themselves, so that importing a kind must not take the
seconds that torch and its friends do: a kind's file imports these where it uses them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from distill.student.build import StudentSource, StudentSpec
    from distill.tasks import Task
    from distill.tasks.setup import TaskSetup
    from distill.types import ModelShape

STUDENTS: Mapping[str, str] = {
    "random": "distill.student.from_scratch",
    "teacher": "distill.student.fewer_layers",
    "narrow": "distill.student.narrow_copy",
    "bilstm": "distill.student.lstm",
    "static": "distill.student.static",
    "checkpoint": "distill.student.from_checkpoint",
}
"""Each ``student.init``, and the module whose ``STUDENT`` says how it is made."""
VOCABULARY = ("vocabulary", "vocabulary_min_count", "vocabulary_size")
"""Settings of the tokens that a student keeps, which every kind reads."""
SIZE_OF_EMBEDDINGS = (*VOCABULARY, "embedding_rank")
"""Settings of how large the embeddings are; what is made without them has the fingerprints of before they came."""


@dataclass(frozen=True)
class Expected:
    """What is known of a run's models before any of them is made.

    Attributes:
        setup: the task with its labels and limits of length.
        teacher: the shape that the teacher has, or will have.
        teacher_config: of the teacher's checkpoint; none where the teacher begins from scratch.
        student_config: of the student's checkpoint, where there is one.
        tokenizer: the teacher's, or one that stands in for it until it is trained.
    """

    setup: "TaskSetup"
    teacher: "ModelShape"
    teacher_config: "PretrainedConfig | None"
    student_config: "PretrainedConfig | None"
    tokenizer: "Callable[[], PreTrainedTokenizerBase]"


Build: TypeAlias = "Callable[[StudentSpec, StudentSource, TaskSetup, torch.dtype], PreTrainedModel]"
"""Makes the student, with an output for each of the task's."""
Refuse: TypeAlias = "Callable[[StudentSpec, Expected], None]"
"""Raises ``ModelError`` where the student cannot be made of what is expected, without taking memory for it."""
Shape: TypeAlias = "Callable[[StudentSpec, Expected], ModelShape]"
"""Tells the shape of the student before it is made."""


def _any_task(task: "Task") -> bool:
    return True


@dataclass(frozen=True)
class StudentKind:
    """What the module of a kind of student offers as ``STUDENT``.

    Attributes:
        build: see there.
        refuse: see there.
        shape: see there.
        settings: of the section ``student``, those that decide on it; a run whose kind does not read one refuses it.
        begins_with: what it is made of: the teacher | its tokenizer alone | the checkpoint ``student.model``.
        learning_rate: with which it learns unless the settings give one.
        takes_head: whether it keeps the teacher's head, whose outputs are matched with the labels by their names.
        is_limited: whether it reads ``data.max_length`` tokens and no more.
        has_head: tells the tasks that it can do.
        lacks: what terms cannot read of it (scores | qkv | states | first_token), and why, as the end of a sentence.
        architecture: the ``model_type`` of its models, where no other kind has it and transformers does not know it.
        learnt: what of it comes from a trained model: its layers and all else | the embeddings | nothing.
        rank_share: of the embeddings' width, the rank that ``student.embedding_rank=auto`` takes, at which its
            ONNX file was a third smaller at little or no loss; none for kinds without a rank.
        recipe: raised when the same settings begin to give another student.
    """

    build: Build
    refuse: Refuse
    shape: Shape
    settings: tuple[str, ...] = ()
    begins_with: Literal["teacher", "tokenizer", "checkpoint"] = "teacher"
    learning_rate: float = 2e-4
    takes_head: bool = False
    is_limited: bool = False
    has_head: "Callable[[Task], bool]" = _any_task
    lacks: Mapping[str, str] = field(default_factory=dict)
    architecture: str | None = None
    learnt: Literal["layers", "embeddings", "nothing"] = "layers"
    rank_share: float | None = None
    recipe: int = 1


def student_kind(name: str) -> StudentKind:
    """A kind of student by its ``student.init``."""
    return cast(StudentKind, import_module(STUDENTS[name]).STUDENT)
