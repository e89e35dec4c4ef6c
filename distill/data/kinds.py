"""The types of columns, found value by value, so that each column has one type or a reason for none."""

import json
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from distill.data.formats.parsing import Doubled
from distill.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

Kind: TypeAlias = "str | list[Kind] | dict[str, Kind]"
"""null, bool, int, long, float or str; a list of the kind of its entries; or an object of kinds by key."""
_SCALARS: dict[type, str] = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str"}
_WIDER: dict[frozenset[str], Kind] = {frozenset(("int", "float")): "float", frozenset(("int", "long")): "long"}
_KIND_NAMES: dict[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}
_LARGEST = 2**63
"""Beyond the numbers that a table holds."""
_EXACT = 2**53
"""The largest whole number up to which all are exact as floats, as they become beside fractions."""
_DEEPEST = 30
_MOST_KEYS = 1000
"""The most keys that the objects of one column may have; with more, the keys are data and no columns."""
_MOST_COLUMNS = 20_000


class Unfit(Exception):  # noqa: N818
    """Raised for a value that has no type in a table; the message says what the value is."""


def kind_of(value: object, depth: int = 0) -> Kind:
    """Return the kind of a value: a scalar's name, a list of one kind, or an object of kinds by key.

    >>> kind_of(["a", None]), kind_of({"a": 1, "b": [0.5]})
    (['str'], {'a': 'int', 'b': ['float']})

    Raises:
        Unfit: it has none, or is a list of unlike entries.
    """
    scalar = _SCALARS.get(type(value))
    if scalar is not None:
        _refuse_no_value(value)
        return "long" if type(value) is int and abs(value) > _EXACT else scalar
    if depth == _DEEPEST:
        raise Unfit("lists or objects that are nested too deep")
    if isinstance(value, list):
        if value and all(type(entry) is str and entry.isascii() for entry in value):
            return ["str"]
        inner: Kind = "null"
        for entry in value:
            inner = merged(inner, kind_of(entry, depth + 1), lambda: f"a list of unlike entries, {shown(value)}")
        return [inner]
    if isinstance(value, dict):
        return {key: kind_of(entry, depth + 1) for key, entry in value.items()}
    raise Unfit(repr(value) if isinstance(value, Doubled) else f"a {type(value).__name__}, {shown(value)}")


def refuse_no_values(value: object, depth: int = 0) -> None:
    """Refuse a value that contains anything that no table can hold, however unlike its parts are.

    Raises:
        Unfit: there is.
    """
    if isinstance(value, Doubled):
        raise Unfit(repr(value))
    if depth > _DEEPEST:
        raise Unfit("lists or objects that are nested too deep")
    if isinstance(value, list | dict):
        for entry in value.values() if isinstance(value, dict) else value:
            refuse_no_values(entry, depth + 1)
    else:
        _refuse_no_value(value)


def merged(one: Kind, other: Kind, describe: Callable[[], str]) -> Kind:
    """Return the kind that covers both of two kinds, such as float for whole numbers and fractions.

    Raises:
        Unfit: there is none; ``describe`` says what.
    """
    if one == other or other == "null":
        return one
    if one == "null":
        return other
    if (wider := _WIDER.get(frozenset((str(one), str(other))))) is not None:
        return wider
    if isinstance(one, list) and isinstance(other, list):
        return [merged(one[0], other[0], describe)]
    if isinstance(one, dict) and isinstance(other, dict):
        if len(one.keys() | other.keys()) > _MOST_KEYS:
            raise Unfit(f"objects that have more than {_MOST_KEYS:,} different keys")
        return one | {key: merged(one.get(key, "null"), kind, describe) for key, kind in other.items()}
    raise Unfit(describe())


def _refuse_no_value(value: object) -> None:
    """Refuse numbers and texts that no table holds."""
    if isinstance(value, str):
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise Unfit(f"half of a pair of surrogates, {ascii(value)[:60]}, which is no text") from None
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise Unfit(f"{json.dumps(value)}, which is no value")
    elif isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        raise Unfit(f"{str(value)[:30]}, a number of more than 64 bits")


def shown(value: object) -> str:
    """Return a value as a message shows it, cut to 60 characters."""
    return ascii(value)[:60] if isinstance(value, str) and not value.isprintable() else repr(value)[:60]


def _named(value: object) -> str:
    """A value and what it is."""
    what = _KIND_NAMES.get(type(value))
    return shown(value) + (f" ({what})" if what else "")


class Columns:
    """Finds the type of each column from rows that are seen one after the other.

    Attributes:
        kinds: column to the kind of all its values.
        problems: column to why it has none.
        absent: column to a row that lacks it.
        count: rows so far.
    """

    def __init__(self) -> None:
        """Begin without having seen a row."""
        self.kinds: dict[str, Kind] = {}
        self.problems: dict[str, str] = {}
        self.absent: dict[str, str] = {}
        self.count = 0
        self._first: dict[str, tuple[str, object]] = {}
        self._full: set[str] = set()
        self._start = ""

    def see(self, row: Mapping[str, object], where: Callable[[], str]) -> None:
        """Widen the types of the columns by the values of one row; ``where`` returns the row in words.

        Raises:
            DataError: the rows have too many columns.
        """
        self.count += 1
        if self.count == 1:
            self._start = where()
            self._full = set(row)
        elif not self._full <= row.keys():
            self._note_absent(row, where)
        for column, value in row.items():
            if column not in self.problems and self._is_news(column, value):
                self._add(column, value, where())

    def _note_absent(self, row: Mapping[str, object], where: Callable[[], str]) -> None:
        for column in self._full - row.keys():
            self.absent[column] = f"{where()} has no {column}"
        self._full &= row.keys()

    def _is_news(self, column: str, value: object) -> bool:
        """Whether a value has to be looked at: an ASCII text or a small number in a column of such is no news."""
        known = self.kinds.get(column)
        if known == "str":
            return not (type(value) is str and value.isascii())
        return known != "int" or type(value) is not int or abs(value) > _EXACT

    def _add(self, column: str, value: object, where: str) -> None:
        if column not in self.kinds and self.count > 1 and column not in self.absent:
            self.absent[column] = f"{self._start} has no {column}"
        try:
            if not _is_name(column):
                raise Unfit("a value without a name")
            kind, known = kind_of(value), self.kinds.get(column, "null")
            self.kinds[column] = merged(known, kind, lambda: self._unlike(column, value, where))
            if kind != "null":
                self._first.setdefault(column, (where, value))
        except Unfit as error:
            self.problems[column] = f"{where} has in {shown(column)[1:-1]} {error}"
            self.kinds.pop(column, None)
        if len(self.kinds) + len(self.problems) > _MOST_COLUMNS:
            raise DataError(f"{where} is where the rows come to have more than {_MOST_COLUMNS:,} different columns")

    def _unlike(self, column: str, value: object, where: str) -> str:
        first, known = self._first[column]
        number, _, file = first.partition(" of ")
        first = number if where.endswith(f" of {file}") else first
        return f"{_named(value)}, but {first} has {_named(known)}: a column has one type"


def _is_name(name: str) -> bool:
    """Whether a name is some text, without half of a pair of surrogates and without a NUL, at which Arrow ends it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return bool(name) and "\0" not in name


def arrow_type(kind: Kind) -> "pa.DataType":
    """Return the Arrow type of a column of a kind."""
    import pyarrow as pa

    if isinstance(kind, list):
        return pa.list_(arrow_type(kind[0]))
    if isinstance(kind, dict):
        return pa.struct([(key, arrow_type(each)) for key, each in kind.items()])
    types = {
        "null": pa.null(),
        "bool": pa.bool_(),
        "int": pa.int64(),
        "long": pa.int64(),
        "float": pa.float64(),
        "str": pa.string(),
    }
    return types[kind]
