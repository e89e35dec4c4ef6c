"""The tasks, one file each: how examples are read, encoded, aligned into rows of logits, and decoded.

An *example* is a line of the data. It is encoded into one *feature* or more (windows of a long text), each of which
owns some of the example's *rows*: one for a sentence, one for each word, two for each window of an answer's context,
one for each token of a target. Rows are what losses compare and what the teacher store keeps.

The settings are checked against what tasks say of themselves, so importing a task must not take the seconds that torch
and its friends do: a task's file imports these where it uses them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from distill.base.terminal_text import name
from distill.types import Batch, Kind

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset
    from numpy.typing import NDArray
    from torch import Tensor
    from transformers import PreTrainedTokenizerBase

TASKS: Mapping[str, str] = {
    "classification": "distill.tasks.classification",
    "pair_classification": "distill.tasks.pair_classification",
    "multilabel_classification": "distill.tasks.multilabel_classification",
    "regression": "distill.tasks.regression",
    "token_classification": "distill.tasks.token_classification",
    "relation_extraction": "distill.tasks.relation_extraction",
    "question_answering": "distill.tasks.question_answering",
    "translation": "distill.tasks.translation",
    "summarization": "distill.tasks.summarization",
    "dialogue": "distill.tasks.dialogue",
}


@dataclass(frozen=True)
class Options:
    """What the settings and the files say of how a task has to read its data.

    Attributes:
        labels: label in the files to the name it shall have, in the order that the labels shall have.
        drop_bad: leave rows out that cannot be used, instead of refusing them.
        score_range: the lowest and the highest score there may be, or none.
        order: labels in the files in their order, where the data says one.
        numbers: of the rows in their file, in each split of which some were left out.
        ids: of all rows of the files that have a column of that name, for messages.
        answerable: all | only: what is done about questions without an answer.
        label_column: of the files, for messages.
    """

    labels: Mapping[str, str]
    drop_bad: bool = False
    score_range: tuple[float, float] | None = None
    order: Sequence[str] = ()
    numbers: Mapping[str, Sequence[int]] = field(default_factory=dict)
    ids: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    answerable: str = "all"
    label_column: str = "label"

    def row(self, split: str, place: int) -> int:
        """Return the number of a row in its file, from 1 up, for messages."""
        return self.numbers[split][place] if split in self.numbers else place + 1

    def in_column(self) -> str:
        """Return where labels stand in the files that have them in a column of another name, for messages."""
        return "" if self.label_column == "label" else f" in the column {name(self.label_column)}"


@dataclass(frozen=True)
class Read:
    """The data as a task has read it: checked, and with its labels numbered.

    Attributes:
        splits: with the roles of the task, checked, and the numbered ``label`` where there is one.
        labels: their names, by number; empty for a task without labels.
        notes: what was decided on the way, each a sentence.
        unanswerable: whether there are questions without an answer.
    """

    splits: dict[str, "Dataset"]
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unanswerable: bool = False


@dataclass(frozen=True)
class EncodingSpec:
    """The labels and limits of length by which examples become features, and rows become predictions.

    Attributes:
        labels: their names, by number.
        max_length: tokens of a feature.
        max_target_length: tokens of a target that is written.
        stride: tokens that two windows of a long text share.
        max_answer_length: tokens of an answer to a question.
        unanswerable: whether a question may be answered by nothing.
        threshold: the probability above which a label is given, where a text may have several.
    """

    labels: tuple[str, ...] = ()
    max_length: int = 128
    max_target_length: int = 64
    stride: int = 32
    max_answer_length: int = 30
    unanswerable: bool = False
    threshold: float = 0.5


Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""Some examples: role to the values."""
Features: TypeAlias = dict[str, list[Any]]
"""The features of some examples, a list for each name; see ``distill.tasks.features``."""
Record: TypeAlias = Mapping[str, Any]
"""The prediction for one example as a user sees it: each field, such as ``label`` or ``probability``, to its value."""


@dataclass(frozen=True)
class Task:
    """The definition of a task, which each file of this package offers as ``TASK``.

    Attributes:
        roles: column roles, and the kind of content each has: text, texts, turns, marked, target, label, labels, score,
            tags, answers.
        inputs: the roles that a prediction needs, and their kinds.
        text: the roles that decide on what a model says: together they are the example's key.
        head: transformers' class.
        kind: what a row means.
        sample: the embedded sample that stands in where there is no data.
        read: checks the rows of the data and numbers their labels.
        metric_module: the module of ``distill.metrics`` that scores predictions, by the labels.
        leading: names of its metrics that can lead a run, of any labels; the first does unless settings name another.
        outputs: names of the head's outputs, by the labels; empty where the head brings its own.
        encode: features of some examples, without targets where the examples have none.
        align: a head's logits as rows, and their labels.
        rows: the same rows in NumPy, for prediction, of a batch that ``distill.tasks.arrays`` makes.
        decode: what a user is told for each example, from its rows ``[n, classes]`` or the tokens it was answered, as
            arrays of NumPy.
        predictions: what the metrics read of the records that ``decode`` gives.
        references: what the metrics compare with.
        groups: for tasks without labels, the group of each example in the report's table.
        family: what a model from scratch is: encoder | encoder-decoder | decoder.
        pipeline: the pipeline of transformers that runs its models, if there is one.
        markers: tokens of its own that a tokenizer must know.
        windows: whether a text that is too long is read in several windows; others are cut.
        over: what the classes of a row are: labels (or a score) | tokens of the window | vocabulary.
        prompt: for tasks that write: features from which a target is written, the inputs alone.
        expand: where a row of the data is several examples: these, of rows that were read.
        problem: for inputs that are ``marked``: what is wrong with one, as the end of a sentence, or none.
    """

    roles: Mapping[str, str]
    inputs: Mapping[str, str]
    text: tuple[str, ...]
    head: str
    kind: Kind
    sample: str
    read: Callable[[Mapping[str, "Dataset"], Options], Read]
    metric_module: Callable[[Sequence[str]], str]
    leading: tuple[str, ...]
    outputs: Callable[[Sequence[str]], list[str]]
    encode: Callable[[Columns, "PreTrainedTokenizerBase", EncodingSpec], Features]
    align: Callable[["Tensor", Batch, EncodingSpec], tuple["Tensor", "Tensor"]]
    rows: Callable[["NDArray[np.float32]", Mapping[str, "NDArray[Any]"], EncodingSpec], "NDArray[np.float32]"]
    decode: Callable[[Sequence["NDArray[Any]"], Columns, "PreTrainedTokenizerBase", EncodingSpec], list[Record]]
    predictions: Callable[[Sequence[Record], Sequence[str]], list[object]]
    references: Callable[[Columns, Sequence[str]], list[object]]
    groups: Callable[[Columns], list[str]]
    family: str = "encoder"
    pipeline: str | None = None
    markers: tuple[str, ...] = ()
    windows: bool = False
    class_axis: str = "labels"
    prompt: Callable[[Columns, "PreTrainedTokenizerBase", EncodingSpec], Features] | None = None
    expand: Callable[["Dataset"], "Dataset"] | None = None
    problem: Callable[[str], str | None] | None = None

    @property
    def of_texts(self) -> bool:
        """Return whether a row of logits belongs to a whole text, however it is tokenised."""
        return self.class_axis == "labels" and not self.windows and not self.markers

    @property
    def writes(self) -> bool:
        """Return whether a model writes its predictions token by token."""
        return self.prompt is not None


def task(name: str) -> Task:
    """Return the task of a name."""
    return cast(Task, import_module(TASKS[name]).TASK)
