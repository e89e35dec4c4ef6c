"""What a request has to look like, made from the inputs of the task, and what is wrong with one that does not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema, WrapValidator, create_model
from pydantic_core import from_json

from distill.base.terminal_text import name, shown
from distill.data.cells import characters
from distill.data.formats.parsing import Doubled, parse
from distill.data.inputs import TEXT, Inputs
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
"""A list of words, or words with spaces between them as in a file; an error speaks of the list alone."""
_OF_WORDS = "texts"
"""The kind of content that may be given as a text instead, whose words the task splits."""
_LISTS: Mapping[str, Any] = {_OF_WORDS: _WORDS, "turns": list[str | dict[str, str]]}
"""Kinds of content that are more than a text."""
_RANKED = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]})]
"""How many labels are asked for: that is checked by whoever ranks them."""
_TOO_LONG = "number out of range"
"""What the parser says of a number of thousands of digits."""
_MALFORMED, _UNUSABLE = 400, 422
_UNKNOWN = "extra_forbidden"
"""An error in the words of pydantic."""
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
        self._inputs = Inputs(task.inputs, problem=task.problem)
        self._words = [role for role, kind in task.inputs.items() if kind == _OF_WORDS]
        self._fields = inputs = dict(_fields(task))
        rank: dict[str, Any] = {TOP_K: (_RANKED, None)} if ranks(task) else {}
        each: Any = create_model("Example", __config__=_STRICT, **inputs)
        self._most = min(limits.max_texts, limits.max_waiting)  # more that come together could never wait
        examples = Annotated[list[each], Field(min_length=1, max_length=self._most)]
        self.one: _Schema = create_model("OneExample", __config__=_STRICT, **inputs, **rank)
        self.several: _Schema = create_model("SeveralExamples", __config__=_STRICT, examples=(examples, ...), **rank)

    def read(self, body: bytes) -> Asked:
        """Return what a request asks.

        Raises:
            Refused: it is no JSON (400), or not what the task takes (422).
        """
        content = _parsed(body)
        many = MANY in content
        schema = self.several if many else self.one
        try:
            asked = schema.model_validate(content)
        except ValidationError as error:
            raise Refused(_UNUSABLE, self._sentence(error, schema)) from None
        values = asked.model_dump(warnings=False, exclude_unset=True)  # words may be a text
        top_k = values.pop(TOP_K, None)
        rows = {f"{MANY}.{place}": row for place, row in enumerate(values[MANY])} if many else {"the example": values}
        try:
            refuse_unranked(self._task, top_k)
            return Asked([self._example(row, where) for where, row in rows.items()], top_k, many)
        except DistillError as error:
            raise Refused(_UNUSABLE, str(error)) from None

    def _example(self, row: Mapping[str, object], where: str) -> Example:
        for role in self._words:
            if (role in row) == (TEXT in row):
                given = f"has {role} and {TEXT}" if role in row else f"has no {role}"
                raise Refused(_UNUSABLE, f"{where} {given}; give {role} (words), or else {TEXT} (as it was written)")
        example = self._inputs.example(row, where)
        count = sum(characters(value) for value in example.values() if isinstance(value, str | list))
        if count > (limit := self._limits.max_characters):
            raise Refused(_UNUSABLE, f"{where} has {count} characters; allowed is max_characters={limit}")
        return example

    def _sentence(self, error: ValidationError, schema: _Schema) -> str:
        """Say what is wrong first, a field that is not known before all else, and how much else is."""
        first, *others = sorted(error.errors(include_url=False), key=lambda each: each["type"] != _UNKNOWN)
        where, given = ".".join(map(str, first["loc"])), shown(first["input"])
        known = ", ".join(self._fields if MANY in first["loc"] else schema.model_fields)
        count = first.get("ctx", {}).get("actual_length")
        limit = "max_texts" if self._most == self._limits.max_texts else "max_waiting"
        reasons = {
            _UNKNOWN: f"{where}: no such field; allowed is {known}",
            "missing": f"{where}: Field required",
            "model_type": f"{where} is {given}; an object is expected",
            "too_short": f"{where}: none is given; at least one is needed",
            "too_long": f"{where}: {count} are given; allowed is {limit}={self._most}",
        }
        reason = reasons.get(first["type"], f"{where}: {first['msg']}, not {given}")
        return reason + (f" (and {len(others)} more)" if others else "")


def _fields(task: Task) -> Iterator[tuple[str, Any]]:
    """The inputs of a task with their types; in the place of words a text may be given."""
    for role, kind in task.inputs.items():
        if kind == _OF_WORDS:
            yield role, (_WORDS, Field(default_factory=list))
            yield TEXT, (str, Field(default_factory=str))
        else:
            yield role, (_LISTS.get(kind, str), ...)


def _parsed(body: bytes) -> dict[str, object]:
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError as error:
        reason = f"the request has a {error}" if _TOO_LONG in str(error) else f"the request is no JSON: {error}"
        raise Refused(_MALFORMED, reason) from None
    content = parse(body.decode())  # which says, too, where a key stands twice
    if not isinstance(content, dict):
        raise Refused(_UNUSABLE, f"the request is {shown(content)}; an object is expected")
    if (doubled := next(_doubled(content), None)) is not None:
        raise Refused(_UNUSABLE, f"{doubled} stands there twice")
    return content


def _doubled(value: object, path: str = "") -> Iterator[str]:
    """The keys that an object, or one within it, has twice."""
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        if isinstance(each, Doubled):
            yield f"{path}{name(str(key))}"
        elif isinstance(each, Mapping | list):
            yield from _doubled(each, f"{path}{name(str(key))}.")
