"""What a labeller is asked, and what it replies: one asking of one row."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from distill.errors import DistillError


class LabellerError(DistillError):
    """The labeller gives no more answers; what it has given is kept."""


@dataclass(frozen=True)
class Row:
    """A row to be labelled.

    Attributes:
        inputs: input of the task to its value, such as ``{"text": "..."}``.
        id: what the data calls the row; none where it has no ids.
    """

    inputs: Mapping[str, object]
    id: object = None

    @cached_property
    def key(self) -> str:
        """Return a digest of the inputs: rows of the same text have the same answer."""
        content = json.dumps(self.inputs, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Question:
    """One asking of one text.

    Attributes:
        key: the digest of the inputs.
        inputs: input of the task to its value.
        asking: the number of the asking from 0 up, where a text is asked several times.
    """

    key: str
    inputs: Mapping[str, object] = field(compare=False)
    asking: int = 0


@dataclass(frozen=True)
class Reply:
    """What a labeller says to a question.

    Attributes:
        question: that it was asked.
        answer: a label, or what else the task has for an answer; none where it abstains, or where nothing was said.
        raw: what it said, where no answer can be read of that.
        error: why there is no answer, where there is none.
        tokens: how many it has read and written, where it says so.
        lasting: whether it would say the same again, so that it need not be asked again.
    """

    question: Question
    answer: object = None
    raw: str | None = None
    error: str | None = None
    tokens: tuple[int, int] = (0, 0)
    lasting: bool = True


class Labeller(Protocol):
    """The protocol of whoever gives labels."""

    def identity(self) -> Mapping[str, object]:
        """Return whatever its answers depend on, without the text: answers of the same identity are asked once."""

    def replies(self, questions: Iterator[Question]) -> Iterator[Reply]:
        """Yield a reply to each question, in whatever order they come.

        Args:
            questions: taken one by one, as the labeller can work on them; they end where the budget does.

        Raises:
            LabellerError: it gives no more answers.
        """
