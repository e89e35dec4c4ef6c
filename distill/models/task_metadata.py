"""Read what an exported folder says its model was made for, and check it before anything of it is believed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from distill.errors import ModelError
from distill.models.json_objects import read_object

FORM = "distill"
"""Where ``config.json`` keeps what the model was made for."""


def read_form(folder: Path) -> dict[str, Any]:
    """Return the task, labels, columns and limits of length of a folder; empty where it does not say.

    Raises:
        ModelError: it says something that no run writes.
    """
    path = folder / "config.json"
    known = read_object(path).get(FORM, {})
    if not isinstance(known, dict):
        raise ModelError(f"{path}: {FORM} is {known!r}, not an object; give the folder as it was exported")
    for key, value in known.items():
        kind, right = _KINDS.get(key, ("", _anything))
        if not right(value):
            raise ModelError(f"{path}: {FORM}.{key} is {value!r}, not {kind}; give the folder as it was exported")
    return known


def _anything(value: object) -> bool:
    return True


def _name(value: object) -> bool:
    return isinstance(value, str)


def _names(value: object) -> bool:
    return isinstance(value, list) and all(map(_name, value))


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _columns(value: object) -> bool:
    return isinstance(value, dict) and all(map(_name, value.values()))


def _settings(value: object) -> bool:
    return isinstance(value, dict) and all(map(_count, value.values()))


_FROM_ONE = ("a whole number from 1 up", _count)
_KINDS: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "task": ("the name of a task", _name),
    "labels": ("a list of names", _names),
    "columns": ("names of columns", _columns),
    "generation": ("settings of writing, whole numbers from 1 up", _settings),
    **dict.fromkeys(("max_length", "max_target_length", "max_answer_length"), _FROM_ONE),
    "stride": ("a whole number", lambda value: value == 0 or _count(value)),
    "unanswerable": ("true or false", lambda value: isinstance(value, bool)),
    "threshold": ("a probability", lambda value: isinstance(value, float) and 0 <= value <= 1),
    "markers": ("a list of names", _names),
    "word_prefix": ("a text", _name),
}
"""What each part of it must be, in words and as a question."""
