"""What an answer is in each kind of task: how it is asked for, how it is read, and what several of them are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from distill.labelling.reading import ABSTAIN, UnreadableError, field_of, label_of, number_of

Json = dict[str, Any]


class AnswerForm(Protocol):
    """The protocol of what an answer is in a kind of task."""

    @property
    def instruction(self) -> str:
        """What is to be done, where the settings do not say it."""

    @property
    def wording(self) -> str:
        """How the answer is to be written."""

    def schema(self, inputs: Mapping[str, object]) -> Json:
        """Return the JSON schema of the answer to some inputs."""

    def read(self, content: str, inputs: Mapping[str, object]) -> object:
        """Return the answer that a text holds; none where it abstains.

        Raises:
            UnreadableError: it holds none.
        """

    def take(self, answer: object, inputs: Mapping[str, object]) -> object:
        """Return an answer that came as JSON already.

        Raises:
            UnreadableError: it is none of this kind.
        """


@dataclass(frozen=True)
class OneLabel:
    """One label of several."""

    labels: tuple[str, ...]
    abstains: bool = True

    @property
    def instruction(self) -> str:
        """What is to be done."""
        return "Give the text the one label that fits it best."

    @property
    def wording(self) -> str:
        """How the answer is to be written."""
        return f'Answer with JSON and nothing else: {{"label": "..."}}, by a name of the list{_unsure(self.abstains)}.'

    def schema(self, inputs: Mapping[str, object]) -> Json:
        """Return the schema of an object with one of the labels."""
        return _object("label", {"type": "string", "enum": _choices(self.labels, self.abstains)})

    def read(self, content: str, inputs: Mapping[str, object]) -> object:
        """Return the label of an object of JSON, or a label that stands alone."""
        return label_of(field_of(content, "label"), self.labels)

    def take(self, answer: object, inputs: Mapping[str, object]) -> object:
        """Return a label, a list of votes, or probabilities by label."""
        if isinstance(answer, list) and answer:
            return [label_of(vote, self.labels) for vote in answer]
        return _probabilities(answer) if isinstance(answer, Mapping) else label_of(answer, self.labels)


@dataclass(frozen=True)
class SeveralLabels:
    """Any number of labels."""

    labels: tuple[str, ...]
    abstains: bool = True

    @property
    def instruction(self) -> str:
        """What is to be done."""
        return "Give the text every label that fits it; there may be several, or none."

    @property
    def wording(self) -> str:
        """How the answer is to be written."""
        unsure = f'; where you cannot tell: {{"labels": ["{ABSTAIN}"]}}' if self.abstains else ""
        return f'Answer with JSON and nothing else: {{"labels": ["...", "..."]}}, by names of the list{unsure}.'

    def schema(self, inputs: Mapping[str, object]) -> Json:
        """Return the schema of an object with a list of labels."""
        item = {"type": "string", "enum": _choices(self.labels, self.abstains)}
        return _object("labels", {"type": "array", "items": item})

    def read(self, content: str, inputs: Mapping[str, object]) -> object:
        """Return the labels of an object of JSON."""
        return self.take(field_of(content, "labels"), inputs)

    def take(self, answer: object, inputs: Mapping[str, object]) -> object:
        """Return labels, several lists of them as votes, or probabilities by label."""
        if isinstance(answer, Mapping):
            return _probabilities(answer)
        if _several(answer):
            return [self.take(each, inputs) for each in cast(list[object], answer)]
        if answer is not None and not isinstance(answer, list):
            raise UnreadableError("no list of labels")
        named = [label_of(each, self.labels) for each in answer or ()]
        return None if answer is None or None in named else list(dict.fromkeys(named))


@dataclass(frozen=True)
class Score:
    """A number."""

    allowed: tuple[float, float] | None = None
    abstains: bool = True

    @property
    def instruction(self) -> str:
        """What is to be done."""
        return f"Give the text a score{self._range}."

    @property
    def wording(self) -> str:
        """How the answer is to be written."""
        unsure = ', or {"score": null} where you cannot tell' if self.abstains else ""
        return f'Answer with JSON and nothing else: {{"score": ...}}, a number{self._range}{unsure}.'

    @property
    def _range(self) -> str:
        return "" if self.allowed is None else f" from {self.allowed[0]:g} to {self.allowed[1]:g}"

    def schema(self, inputs: Mapping[str, object]) -> Json:
        """Return the schema of an object with a number."""
        limits = {} if self.allowed is None else {"minimum": self.allowed[0], "maximum": self.allowed[1]}
        return _object("score", {"type": ["number", "null"] if self.abstains else "number", **limits})

    def read(self, content: str, inputs: Mapping[str, object]) -> object:
        """Return the number of an object of JSON, or a number that stands alone."""
        return number_of(field_of(content, "score"), self.allowed)

    def take(self, answer: object, inputs: Mapping[str, object]) -> object:
        """Return a number, or several as votes."""
        if isinstance(answer, list) and answer:
            return [number_of(each, self.allowed) for each in answer]
        return number_of(answer, self.allowed)


@dataclass(frozen=True)
class Tags:
    """A tag for each word."""

    labels: tuple[str, ...]
    abstains: bool = True

    @property
    def instruction(self) -> str:
        """What is to be done."""
        return "Give each of the numbered words the one tag that fits it best in its sentence."

    @property
    def wording(self) -> str:
        """How the answer is to be written."""
        unsure = ', or {"tags": []} where you cannot tell' if self.abstains else ""
        return f'Answer with JSON and nothing else: {{"tags": ["...", "..."]}}, a tag for each word in order{unsure}.'

    def schema(self, inputs: Mapping[str, object]) -> Json:
        """Return the schema of an object with as many tags as there are words."""
        count = len(_words(inputs))
        return _object(
            "tags",
            {
                "type": "array",
                "items": {"type": "string", "enum": list(self.labels)},
                "minItems": 0 if self.abstains else count,
                "maxItems": count,
            },
        )

    def read(self, content: str, inputs: Mapping[str, object]) -> object:
        """Return the tags of an object of JSON."""
        return self.take(field_of(content, "tags"), inputs)

    def take(self, answer: object, inputs: Mapping[str, object]) -> object:
        """Return as many tags as there are words, or several such lists as votes."""
        if _several(answer):
            return [self.take(each, inputs) for each in cast(list[object], answer)]
        if answer is None or (answer == [] and self.abstains):
            return None
        count = len(_words(inputs))
        if not isinstance(answer, list) or len(answer) != count:
            said = f"{len(answer)} tags" if isinstance(answer, list) else "no list of tags"
            raise UnreadableError(f"{said} for {count} words")
        tags = [label_of(each, self.labels) for each in answer]
        if None in tags:
            raise UnreadableError("a word without a tag")
        return tags


def answer_form(
    kind: str, labels: Sequence[str], allowed: tuple[float, float] | None = None, *, abstains: bool = True
) -> AnswerForm:
    """Return what an answer is where the column of labels has content of this kind: label, labels, score or tags.

    Args:
        kind: of the content.
        labels: their names.
        allowed: the lowest and the highest score.
        abstains: whether a labeller may say that it cannot tell.
    """
    if kind == "score":
        return Score(allowed, abstains)
    forms: dict[str, Callable[[tuple[str, ...], bool], AnswerForm]]
    forms = {"label": OneLabel, "labels": SeveralLabels, "tags": Tags}
    return forms[kind](tuple(labels), abstains)


def _object(name: str, content: Json) -> Json:
    """Return the strict schema of an object with one field."""
    return {"type": "object", "properties": {name: content}, "required": [name], "additionalProperties": False}


def _choices(labels: Sequence[str], abstains: bool) -> list[str]:
    return [*labels, *([ABSTAIN] if abstains else [])]


def _unsure(abstains: bool) -> str:
    return f', or "{ABSTAIN}" where you cannot tell' if abstains else ""


def _several(answer: object) -> bool:
    """Tell whether an answer is a list of lists, which are votes."""
    return isinstance(answer, list) and bool(answer) and all(isinstance(each, list) for each in answer)


def _words(inputs: Mapping[str, object]) -> Sequence[object]:
    """Return the words that are to be tagged: the only input that is a list."""
    return next(value for value in inputs.values() if isinstance(value, list))


def _probabilities(answer: Mapping[object, object]) -> dict[str, float]:
    """Return an object of probabilities by label, as it is."""
    if not answer or not all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in answer.values()
    ):
        raise UnreadableError("no probabilities by label")
    return {str(label): float(value) for label, value in answer.items()}  # type: ignore[arg-type]
