"""Show text of others so that it can do nothing to the terminal, log or page that shows it."""

import logging
import re
from collections.abc import Iterable, Mapping
from itertools import accumulate

LONGEST = 80
"""Characters of a value that are shown."""
_FEW = 50
"""Entries of a list or object that are looked at to show it, and names that are shown of very many."""
_MOST = 1000
"""Characters of names up to which they are shown."""
_CONTROLS = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # all but tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of the text around it
    "\u2028\u2029\ufff9-\ufffb\ud800-\udfff"
    "]"
)


def shown(value: object) -> str:
    r"""Return a value as it is quoted in a message: escaped, on one line, and cut after ``LONGEST`` characters.

    >>> print(shown(" pos"), shown("\x1b[31mred\n"), shown(["neg"]), shown(-1))
    ' pos' '\x1b[31mred\n' ['neg'] -1
    """
    if isinstance(value, str):
        return _quoted(value)
    text = repr(_bounded(value))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _quoted(text: str) -> str:
    kept = text[:LONGEST]
    while len(quoted := repr(kept)) > LONGEST + 2:  # escapes are longer than what they stand for
        kept = kept[: len(kept) * LONGEST // len(quoted)]
    return quoted if kept == text else f"{quoted}…"


def _bounded(value: object) -> object:
    """Return the beginning of a value, so that showing a large one takes no time."""
    if isinstance(value, str):
        return value[:LONGEST]
    if isinstance(value, list | tuple):
        return [_bounded(element) for element in value[:_FEW]]
    if isinstance(value, Mapping):
        return {_bounded(key): _bounded(element) for key, element in list(value.items())[:_FEW]}
    return value


def name(text: str) -> str:
    r"""Return a name as it is, or quoted where it holds invisible characters or spaces around it, and cut.

    >>> print(name("neg"), name(" pos"), name("two words"), name("\x1b[31m"))
    neg ' pos' two words '\x1b[31m'
    """
    clear = text == text.strip() != "" and len(text) <= LONGEST and "\n" not in text and "\t" not in text
    return text if clear and not _CONTROLS.search(text) else shown(text)


def names(texts: Iterable[str]) -> str:
    """Return names with commas between them, each as ``name`` shows it; of very many or long ones the first.

    >>> names(["neg", "pos"]), names(map(str, range(1000)))[-12:]
    ('neg, pos', '49, 950 more')
    """
    listed = list(texts)
    called = [*map(name, listed[:_FEW] if len(listed) > 2 * _FEW else listed)]
    fitting = sum(length <= _MOST for length in accumulate(map(len, called)))
    called = called[:fitting]
    more = [f"{len(listed) - len(called)} more"] if len(listed) > len(called) else []
    return ", ".join([*called, *more])


def plain(text: str) -> str:
    r"""Return a text of lines with its control characters escaped; tabs and line ends stay.

    >>> plain("\x1b[31mred\u202e\nnext")
    '\\x1b[31mred\\u202e\nnext'
    """
    return _CONTROLS.sub(lambda control: repr(control[0])[1:-1], text)


class BelowErrors(logging.Filter):
    """A filter that leaves errors out of a log: they have a stream of their own."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is less than an error."""
        return record.levelno < logging.ERROR


class PlainFormatter(logging.Formatter):
    """A formatter that escapes the control characters of every line that is logged, whoever logs it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text without control characters."""
        return plain(super().format(record))
