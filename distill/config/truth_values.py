"""Numbers in place of true and false: OmegaConf takes any but 0 for true, also the -1 of who means none."""

from dataclasses import is_dataclass
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints


def allowed_truth(schema: type, key: str, value: object) -> str | None:
    """Say what a setting may be that is true or false, where a number other than 1 and 0 is given; None elsewhere.

    Args:
        schema: the settings, a dataclass.
        key: dotted, of the setting.
        value: as a command line or a card gives it.

    >>> from distill.config.schema import Config
    >>> allowed_truth(Config, "teacher.finetuned", -1), allowed_truth(Config, "data.drop_bad", "2")
    ('true or false', 'true, false or null')
    >>> allowed_truth(Config, "teacher.finetuned", 1), allowed_truth(Config, "seed", 2)
    (None, None)
    """
    kinds = _kinds(schema, key) if is_other_number(value) else ()
    if bool not in kinds:
        return None
    return "true, false or null" if NoneType in kinds else "true or false"


def is_other_number(value: object) -> bool:
    """Tell whether a value is a whole number, or the text of one, that stands for neither true nor false.

    >>> [is_other_number(value) for value in (-1, "-1", 2, 1, "0", True, "yes", None)]
    [True, True, True, False, False, False, False, False]
    """
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            return False
    return isinstance(value, int) and value not in (0, 1)


def _kinds(schema: type, key: str) -> tuple[Any, ...]:
    """Return the types that the setting of a dotted key may have; none where there is no such setting."""
    kind: Any = schema
    for name in key.split("."):
        if is_dataclass(kind):
            kind = type_hints(kind).get(name)  # type: ignore[arg-type]
        else:
            kind = get_args(kind)[1] if get_origin(kind) is dict else None
    return get_args(kind) or (kind,)


@cache
def type_hints(section: type) -> dict[str, Any]:
    """Return the type of each setting of a section, as it is written there."""
    return get_type_hints(section)
