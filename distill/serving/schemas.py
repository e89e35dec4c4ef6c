"""What a request has to look like, made from the inputs of the task, and what is wrong with one that does not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, WrapValidator, create_model
from pydantic_core import from_json

from distill.base.terminal_text import shown
from distill.data.cells import characters
from distill.data.inputs import Inputs
from distill.errors import DistillError
from distill.serving.limits import Limits
from distill.serving.query import Example
from distill.serving.refusal import Refused
from distill.tasks import Task
from distill.tasks.ranking import ranks, refuse_unranked

MANY = "examples"
"""The field of a request that has several examples."""
TOP_K = "top_k"
_STRICT = ConfigDict(extra="forbid", strict=True)
_WORDS = Annotated[
    list[str],
    WrapValidator(lambda value, read: value if isinstance(value, str) else read(value)),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}),
]
"""A list of words, or the text that they are split from; an error speaks of the list alone."""
_LISTS: Mapping[str, Any] = {"texts": _WORDS, "turns": list[str | dict[str, str]]}
"""Kinds of content that are more than a text."""
_MALFORMED, _UNUSABLE = 400, 422
_UNKNOWN, _MISSING = "extra_forbidden", "missing"
"""Errors in the words of pydantic."""
_Schema: TypeAlias = type[BaseModel]


@dataclass(frozen=True)
class Asked:
    """What a request asks.

    Attributes:
        examples: each with the task's inputs.
        top_k: labels to add to each answer.
        many: whether a list of answers is expected, however many there are.
    """

    examples: Sequence[Example]
    top_k: int | str | None
    many: bool


class Reader:
    """Reads requests of one task.

    Attributes:
        one: the schema of a request of one example.
        several: that of several.
    """

    def __init__(self, task: Task, limits: Limits) -> None:
        """Make the schemas of a task's requests."""
        self._task, self._limits = task, limits
        named = {role: role for role in task.inputs}
        self._inputs = Inputs(task.inputs, named=named, problem=task.problem, written=True)
        inputs: dict[str, Any] = {role: (_LISTS.get(kind, str), ...) for role, kind in task.inputs.items()}
        rank: dict[str, Any] = {TOP_K: (int | str | None, None)} if ranks(task) else {}
        each: Any = create_model("Example", __config__=_STRICT, **inputs)
        examples = Annotated[list[each], Field(min_length=1, max_length=limits.max_texts)]
        self.one: _Schema = create_model("OneExample", __config__=_STRICT, **inputs, **rank)
        self.several: _Schema = create_model("SeveralExamples", __config__=_STRICT, examples=(examples, ...), **rank)

    def read(self, body: bytes) -> Asked:
        """Return what a request asks.

        Raises:
            Refused: it is no JSON (400), or not what the task takes (422).
        """
        content = _parsed(body)
        many = MANY in content
        try:
            asked = (self.several if many else self.one).model_validate(content)
        except ValidationError as error:
            raise Refused(_UNUSABLE, _sentence(error)) from None
        values = asked.model_dump(warnings=False)  # words may be a text
        top_k = values.pop(TOP_K, None)
        rows = {f"{MANY}.{place}": row for place, row in enumerate(values[MANY])} if many else {"the example": values}
        try:
            refuse_unranked(self._task, top_k)
            return Asked([self._example(row, where) for where, row in rows.items()], top_k, many)
        except DistillError as error:
            raise Refused(_UNUSABLE, str(error)) from None

    def _example(self, row: Mapping[str, object], where: str) -> Example:
        example = self._inputs.example(row, where)
        count = sum(characters(value) for value in example.values() if isinstance(value, str | list))
        if count > (limit := self._limits.max_characters):
            raise Refused(_UNUSABLE, f"{where} has {count} characters; allowed is max_characters={limit}")
        return example


def _parsed(body: bytes) -> dict[str, object]:
    try:
        content = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refused(_MALFORMED, f"the request is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise Refused(_UNUSABLE, f"the request is {shown(content)}; an object is expected")
    return content


def _sentence(error: ValidationError) -> str:
    """Say what is wrong first, a field that is not known before all else, and how much else is."""
    first, *others = sorted(error.errors(include_url=False), key=lambda each: each["type"] != _UNKNOWN)
    where = ".".join(map(str, first["loc"]))
    given = "" if first["type"] in (_UNKNOWN, _MISSING) else f", not {shown(first['input'])}"
    return f"{where}: {first['msg']}{given}" + (f" (and {len(others)} more)" if others else "")
