"""Places of spans that were counted otherwise: most of a file's spans cut words, and fit them by another count.

Read are characters, as Python counts them, from 0, the end not included. Others include the end, count from 1, or count
UTF-16 units (JavaScript, Java) or bytes of UTF-8 (Go, Rust), which differ behind emoji, or behind letters beyond ASCII;
or the ends of lines of Windows, which are two characters, as one.
"""

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from distill.base.terminal_text import shown

_MOST = 0.9
"""Share of spans that have to cut words, and to fit them by the other count."""
_FEWEST = 10
"""Spans from which on it is no chance: of words with endings some fit with one character more."""
_FEWEST_UNITS = 3
"""The same of other units, which hardly fit by chance."""
_LAST_OF_ONE_UNIT = 0xFFFF
_WAY = "write places of characters, counted from 0, the end not included"
Place = tuple[int, int]


class Placed(NamedTuple):
    """A span and the text that it is of.

    Attributes:
        row: the number of its row.
        text: all of it.
        starts: where its words begin.
        ends: where they end.
        place: of the span: its start and its end, as the file has them.
    """

    row: int
    text: str
    starts: Collection[int]
    ends: Collection[int]
    place: Place


class _Reading(NamedTuple):
    """A way to count places.

    Attributes:
        said: how, as the end of a sentence.
        convert: returns the place of characters, or none where there is none.
        fewest: spans that tell.
    """

    said: str
    convert: Callable[[str, Place], Place | None]
    fewest: int


def counted_otherwise(spans: Iterable[Placed]) -> tuple[int, str] | None:
    """Return the row of the first span that seems to be counted otherwise, and what is said of it.

    Returns none where spans fit words, or no more than some cut them.

    Args:
        spans: of a file's first rows.
    """
    each = list(spans)
    for reading in _READINGS:
        others = [reading.convert(span.text, span.place) for span in each]
        told = [(span, other) for span, other in zip(each, others, strict=True) if other != span.place]
        fitting = [
            (span, other) for span, other in told if other and _fits(span, other) and not _fits(span, span.place)
        ]
        cut = [(span, other) for span, other in fitting if not all(_ends_at_words(span))]
        if cut and len(told) >= reading.fewest and len(fitting) >= _MOST * len(told):
            first, (start, end) = cut[0]
            meant = f"{reading.said} it is {shown(first.text[start:end])}, and nearly all such spans fit words"
            return first.row, f"{_called(first)}; {meant}: {_WAY}"
    begun_within = [span for span in each if not _ends_at_words(span)[0]]
    if len(each) >= _FEWEST and len(begun_within) >= _MOST * len(each):
        first = begun_within[0]
        return first.row, f"{_called(first)}, as nearly all spans of the file: {_WAY}, or words as tokens"
    return None


def _called(span: Placed) -> str:
    start, end = span.place
    return f"a span from {start} to {end}, {shown(span.text[start:end])}, that begins or ends within a word"


def _fits(span: Placed, place: Place) -> bool:
    """Whether a place is that of a word or more, without white space."""
    return place[0] in span.starts and place[1] in span.ends


def _ends_at_words(span: Placed) -> tuple[bool, bool]:
    """Whether a span begins where a word begins, and ends where one ends, white space at its ends aside."""
    start, end = span.place
    characters = span.text[start:end] if 0 <= start < end <= len(span.text) else ""
    start, end = start + len(characters) - len(characters.lstrip()), start + len(characters.rstrip())
    return start in span.starts, end in span.ends


def _of_units(width: Callable[[str], int]) -> Callable[[str, Place], Place | None]:
    """Return what converts places of units into those of characters; one without a width belongs to what follows."""

    @lru_cache(maxsize=1)  # the spans of a text come one after another
    def characters(text: str) -> dict[int, int]:
        units = list(accumulate(map(width, text), initial=0))
        return {unit: number for number, unit in reversed(list(enumerate(units)))}

    def convert(text: str, place: Place) -> Place | None:
        start, end = (characters(text).get(unit) for unit in place)
        return None if start is None or end is None else (start, end)

    return convert


def _utf16(character: str) -> int:
    return 2 if ord(character) > _LAST_OF_ONE_UNIT else 1


def _utf8(character: str) -> int:
    return len(character.encode("utf-8", "surrogatepass"))


def _of_lines(character: str) -> int:
    return 0 if character == "\r" else 1


_READINGS = (
    _Reading("where UTF-16 units are counted", _of_units(_utf16), _FEWEST_UNITS),
    _Reading("where bytes of UTF-8 are counted", _of_units(_utf8), _FEWEST_UNITS),
    _Reading("where CR LF counts as one", _of_units(_of_lines), _FEWEST_UNITS),
    _Reading("where the end is included", lambda _, place: (place[0], place[1] + 1), _FEWEST),
    _Reading("where the first character is 1", lambda _, place: (place[0] - 1, place[1] - 1), _FEWEST),
    _Reading("where the first character is 1 and the end included", lambda _, place: (place[0] - 1, place[1]), _FEWEST),
)
