"""Columns that play one role together, ``one+other``: prompt and reply of a dialogue, or an answer and its place."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from distill.base.terminal_text import names, shown
from distill.data.cell_values import empty
from distill.data.guessing import SAMPLE, fits, plain
from distill.data.literals import written_list
from distill.data.question_answers import answers
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

_TURNS, _ANSWERS = "turns", "answers"
"""The kinds of content that may stand in several columns, beside labels, which are several by themselves."""
_LABEL = "label"
"""The role of answers."""
_WAYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    _TURNS: (
        ("instruction", "input", "output"), ("instruction", "context", "response"),
        ("instruction", "input", "response"), ("instruction", "output"), ("instruction", "response"),
        ("history", "reply"), ("prompt", "response"), ("prompt", "completion"), ("prompt", "output"),
        ("question", "answer"), ("question", "response"), ("query", "response"), ("query", "answer"),
        ("input", "output"), ("inputs", "targets"), ("context", "response"), ("user", "assistant"),
        ("human", "assistant"),
    ),
    _ANSWERS: (
        ("answertext", "answerstart"), ("answer", "answerstart"), ("answers", "answerstart"),
        ("answertexts", "answerstarts"), ("answers", "answerstarts"),
    ),
}  # fmt: skip
"""Names that such columns usually have together, in small letters and without signs; of turns the reply is the last."""
_WHOLE = ("turns", "messages", "conversations", "conversation", "dialog", "dialogue", "utterances")
"""Such names of a column that holds a dialogue by itself."""
_MORE = frozenset({"history", "context", "input", "passage", "document"})
"""Such names of what a reply answers, too, so that a dialogue without it lacks something."""
Cell = Callable[[Sequence[object]], object]
"""Makes one cell of those of several columns in a row; it raises a ``ValueError`` where they are none together."""


class Joined(NamedTuple):
    """Splits with columns that were joined.

    Attributes:
        splits: those, with the new columns.
        named: role to the name of its column, of new ones, too.
        notes: a sentence for each that nobody had named.
    """

    splits: dict[str, "Dataset"]
    named: dict[str, str]
    notes: list[str]


def joined(
    splits: Mapping[str, "Dataset"],
    roles: Mapping[str, str],
    named: Mapping[str, str],
    source: str,
    exact: Collection[str] = (),
) -> Joined:
    """Add the column ``one+other`` where a role's content stands in several, by name or as only these can be meant.

    Of a dialogue the last is the reply. Texts before it are the lines of one turn, and lists are turns themselves.
    An answer stands before the place of its first character in the context.

    Args:
        splits: as they were read, that of train first.
        roles: role to the kind of its content.
        named: role to the name of its column, or to ``one+other``.
        source: where the data came from, for messages.
        exact: roles whose column has to have the name that is given.

    Raises:
        DataError: cells that are to be joined hold something else.
    """
    result = Joined(dict(splits), dict(named), [])
    train = next(iter(splits.values()))
    for role, kind in roles.items():
        wanted = named.get(role, role)
        there = wanted in train.column_names and (kind == _TURNS or role in exact or fits(train, wanted, kind))
        if role not in (_TURNS, _LABEL) or kind not in _WAYS or there:
            continue
        parts = wanted.split("+")
        if len(parts) == 1 and role not in exact:
            parts = _usual(train, kind)
            last = ", the last as the reply" if kind == _TURNS else ""
            taken = f"no column of {source} is the {role}; {names(parts)} together are taken as it{last}"
            result.notes.extend([taken] if parts else [])
        if len(parts) > 1 and set(parts) <= set(train.column_names):
            result.named[role] = "+".join(parts)
            for split, rows in splits.items():
                if set(parts) <= set(rows.column_names):
                    result.splits[split] = _with(rows, parts, kind, f"{split} in {source}")
    return result


def _usual(train: "Dataset", kind: str) -> list[str]:
    """The columns that have usual names together; none where others may be meant, or where these hold anything else."""
    by_plain_name = {plain(column): column for column in train.column_names}
    every = [way for way in _WAYS[kind] if set(way) <= by_plain_name.keys()]
    ways = [way for way in every if not any(set(way) < set(other) for other in every)]
    if len(ways) != 1 or (kind == _TURNS and not by_plain_name.keys().isdisjoint(_WHOLE)):
        return []
    parts = [by_plain_name[each] for each in ways[0]]
    others = [column for column in train.column_names if column not in parts]
    rows = train[:SAMPLE]
    if kind == _ANSWERS:
        return [] if any(isinstance(value, Mapping) for value in rows[parts[0]]) else parts
    left_out = (column for column in others if plain(column) in _MORE and not all(map(empty, rows[column])))
    if any(left_out) or any(fits(train, column, kind) for column in others):
        return []
    return parts if all(isinstance(value, str | list | None) for part in parts for value in rows[part]) else []


def _with(rows: "Dataset", parts: Sequence[str], kind: str, where: str) -> "Dataset":
    """The rows with a column of what stands in several."""
    from datasets import List, Value

    read: Cell = _dialogue if kind == _TURNS else _answer
    columns = [_listed(rows[part][:], kind) for part in parts]
    cells = []
    for number, values in enumerate(zip(*columns, strict=True), 1):
        try:
            cells.append(read(values))
        except ValueError as error:
            raise DataError(f"row {number} of {where}: {names(parts)} cannot be one: {error}") from error
    of_answers = {"text": List(Value("string")), "answer_start": List(Value("int64"))}
    return rows.add_column("+".join(parts), cells, feature=Value("string") if kind == _TURNS else of_answers)


def _answer(values: Sequence[object]) -> object:
    """An answer and its place as SQuAD has them; nothing where one of them is missing.

    >>> _answer(["Rome", "19"]), _answer([["Rome"], [19]])
    ({'text': ['Rome'], 'answer_start': [19]}, {'text': ['Rome'], 'answer_start': [19]})
    >>> _answer(["", None]), _answer([None, None])
    ({'text': [], 'answer_start': []}, None)
    """
    text, start = values
    if text == "":
        return {"text": [], "answer_start": []}
    if text is None or (empty(start) and not isinstance(start, list)):
        return None
    try:
        return answers({"text": text, "answer_start": start})
    except ValueError:
        raise ValueError(f"{shown(start)} is no place of an answer, a whole number") from None


def _listed(values: Sequence[object], kind: str) -> Sequence[object]:
    """The values of a column, as lists where all that are there are lists that are written in cells.

    A turn that is a list of numbers, such as an input to be sorted, is a text.
    """
    filled = [value for value in values if not empty(value)]
    lists = [written_list(value) if isinstance(value, str) else None for value in filled]
    if not lists or any(
        entries is None or (kind == _TURNS and not all(isinstance(each, str | list | Mapping) for each in entries))
        for entries in lists
    ):
        return values
    return [written_list(value) if isinstance(value, str) else value for value in values]


def _dialogue(values: Sequence[object]) -> str:
    r"""What is answered, and the reply, as a list of turns in JSON.

    >>> print(_dialogue(["Translate:", "Rome", "Rom"]), _dialogue([["Hello.", "Hi."], "Who?", "Me."]))
    ["Translate:\nRome", "Rom"] ["Hello.", "Hi.", "Who?", "Me."]
    """
    *asked, reply = values
    turns: list[object] = []
    lines: list[str] = []
    for part in asked:
        if isinstance(part, str) and part.strip():
            lines.append(part)
        elif isinstance(part, list):
            turns += [*_lines(lines), *_flat(part)]
            lines = []
        elif not empty(part):
            raise ValueError(f"{shown(part)} is neither a text nor a list of turns")
    turns += _lines(lines)
    if isinstance(reply, list):
        turns += reply
    else:
        chat = any(isinstance(turn, Mapping) for turn in turns)
        turns.append({"role": "assistant", "content": reply} if chat else reply)
    return json.dumps(turns, ensure_ascii=False)


def _lines(lines: Sequence[str]) -> list[str]:
    return ["\n".join(lines)] if lines else []


def _flat(turns: Iterable[object]) -> list[object]:
    """Turns of a history, which some have as pairs of what was said and answered."""
    return [each for turn in turns for each in (turn if isinstance(turn, list) else [turn])]
