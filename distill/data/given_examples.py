"""Examples that are given in Python, one or a list of them, as the inputs of a task."""

from collections.abc import Iterable, Mapping
from typing import cast

from distill.base.terminal_text import names
from distill.data.formats import Row
from distill.data.inputs import Inputs, Problem
from distill.errors import DataError

_ONE_TEXT = frozenset({"text", "marked"})
"""Kinds of content that are a text each, so that a list may stand for several examples."""
_TO_ROWS: Mapping[str, str] = {"to_pylist": "to_pylist()", "to_dicts": "to_dicts()", "to_dict": 'to_dict("records")'}
"""The method of a table in memory that gives its rows, of Arrow, Polars and pandas."""


def given_examples(examples: object, kinds: Mapping[str, str], problem: Problem | None) -> list[dict[str, object]]:
    """Return the inputs of each of some examples that are given in Python, read as in training.

    Args:
        examples: each a mapping of the inputs, a tuple of them in their order, or the only one alone.
        kinds: input to the kind of its content.
        problem: what is wrong with an input that is ``marked``, as the end of a sentence, or none.

    Raises:
        DataError: they are no list, such as a table or one text; or an input is missing, or is none.
    """
    wanted = "predict takes a list of examples"
    if isinstance(examples, str | bytes):
        raise DataError(f"{wanted}: for one, call the predictor itself")
    if isinstance(examples, Mapping):
        raise DataError(f"{wanted}, and this is a mapping: give one for each example, in a list")
    if hasattr(examples, "columns"):  # it would be walked through by columns, not by rows
        rows = next((call for method, call in _TO_ROWS.items() if hasattr(examples, method)), "its rows")
        raise DataError(f"{wanted}, and this is a table: give its rows, {rows}, or the column of texts")
    if isinstance(examples, set | frozenset) or not (
        isinstance(examples, Iterable) or hasattr(examples, "__getitem__")
    ):
        raise DataError(f"{wanted}, in the order of its answers: {type(examples).__name__} is none")
    known = list(cast(Iterable[object], examples))
    read = [given_example(example, kinds, problem, f"example {number}") for number, example in enumerate(known, 1)]
    _inputs(kinds, problem).say_joined(example for example in known if isinstance(example, Mapping))
    return read


def given_example(example: object, kinds: Mapping[str, str], problem: Problem | None, where: str) -> dict[str, object]:
    """Return the inputs of an example that is given in Python, read as in training.

    Args:
        example: a mapping of the inputs, a tuple of them in their order, or the only one alone.
        kinds: input to the kind of its content.
        problem: what is wrong with an input that is ``marked``, as the end of a sentence, or none.
        where: the example in words, for messages.

    Raises:
        DataError: an input is missing, or is none.
    """
    if isinstance(example, Mapping):
        if absent := [role for role in kinds if role not in example]:
            raise DataError(f"{where} has no {absent[0]}; it has {names(list(map(str, example)))}")
        row = dict(example)
    else:
        values = example if isinstance(example, tuple) else (example,)
        if len(values) != len(kinds):
            raise DataError(f"{where}: give {' and '.join(kinds)}, which the model reads, and nothing else")
        row = dict(zip(kinds, values, strict=True))
        _refuse_lists(row, kinds, where)
    return _inputs(kinds, problem).example(row, where)


def _inputs(kinds: Mapping[str, str], problem: Problem | None) -> Inputs:
    """The inputs of examples in Python, whose names are the task's own."""
    return Inputs(kinds, named={role: role for role in kinds}, problem=problem, written=True)


def _refuse_lists(row: Row, kinds: Mapping[str, str], where: str) -> None:
    """Refuse a list in the place of a text: it may hold several examples, or the sentences of one."""
    if role := next(
        (role for role, kind in kinds.items() if kind in _ONE_TEXT and isinstance(row.get(role), list)), ""
    ):
        raise DataError(
            f"{where} has a list for {role}, which is one text: give several examples to predict, as a list of them, "
            "and the sentences of one text joined by spaces"
        )
