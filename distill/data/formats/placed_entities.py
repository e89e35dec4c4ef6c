"""Relations whose two entities are told by their places, as TACRED and OpenNRE write them: their text gets marks.

TACRED has the words as ``token`` and places ``subj_start`` to ``subj_end`` and ``obj_start`` to ``obj_end``, the end
included. OpenNRE has ``h`` and ``t``, head and tail, each with ``pos``: start and end of words of ``token``, or of
characters of ``text``, the end not included. Subject and head become ``<e1>…</e1>``, object and tail ``<e2>…</e2>``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from distill.base.terminal_text import shown
from distill.data.formats.rows import Options, Row, Rows, Unreadable, unreadable

_TACRED = ("subj_start", "subj_end", "obj_start", "obj_end")
_HEAD, _TAIL = "h", "t"
_WORDS = ("token", "tokens", "words")
_TEXT = "text"
_MARKS = (("<e1>", "</e1>"), ("<e2>", "</e2>"))
Place = tuple[int, int]
"""The first word or character of an entity, and the one after its last."""


def opened(file_rows: Rows, file: Path, options: Options) -> Rows:
    """Turn rows with the places of two entities into rows of a text with marks; leave others as they are.

    A row whose places cannot be is no row, see ``unreadable``.
    """
    first = next(file_rows.rows, None)
    rest = file_rows.rows if first is None else chain([first], file_rows.rows)
    if first is None or not _placed(first[1]):
        return replace(file_rows, rows=rest)
    note = (
        f"entities are told by their places in {file.name}: the text gets marks, <e1> of the first, <e2> of the second"
    )
    rows = _marked_rows(rest, (file_rows.unit, file), options)
    return replace(file_rows, rows=rows, notes=(*file_rows.notes, note))


def marked(parts: Sequence[str], first: Place, second: Place, between: str) -> str:
    """Return words or characters as a text with marks around two entities.

    >>> marked(["Rome", "is", "in", "Italy"], (0, 1), (3, 4), " ")
    '<e1>Rome</e1> is in <e2>Italy</e2>'

    Raises:
        ValueError: a place is outside, or the two overlap; the message is the end of a sentence.
    """
    for start, end in (first, second):
        if not 0 <= start < end <= len(parts):
            raise ValueError(
                f"has an entity from {start} to {end} in {len(parts):,} {'words' if between else 'characters'}"
            )
    if max(first[0], second[0]) < min(first[1], second[1]):
        raise ValueError("has entities that overlap, which marks cannot tell apart")
    pieces = list(parts)
    for (opening, closing), (start, end) in zip(_MARKS, (first, second), strict=True):
        pieces[start] = opening + pieces[start]
        pieces[end - 1] += closing
    return between.join(pieces)


def _placed(row: Row) -> bool:
    """Return whether a row tells its entities by their places."""
    return all(key in row for key in _TACRED) or all(
        isinstance(entity := row.get(key), Mapping) and "pos" in entity for key in (_HEAD, _TAIL)
    )


def _marked_rows(
    rows: Iterator[tuple[int, Row]], where: tuple[str, Path], options: Options
) -> Iterator[tuple[int, Row]]:
    unit, file = where
    for number, row in rows:
        if isinstance(row, Unreadable):
            yield number, row
            continue
        try:
            yield number, _marked_row(row)
        except ValueError as error:
            yield number, unreadable(f"{unit} {number} of {file}", str(error), options)


def _marked_row(row: Row) -> Row:
    """Return a row with its text marked, and without what told the places."""
    if not _placed(row):
        raise ValueError("does not say where its entities are, as the first row does")
    parts, between = _parts(row)
    first, second = _places(row)
    for key, place in ((_HEAD, first), (_TAIL, second)):
        _refuse_other_text(row.get(key), parts, place, between)
    told = {*_TACRED, *_WORDS, _HEAD, _TAIL}
    kept = {key: value for key, value in row.items() if key not in told}
    return {**kept, _TEXT: marked(parts, first, second, between)}


def _refuse_other_text(entity: object, parts: Sequence[str], place: Place, between: str) -> None:
    """Refuse a place that holds another text than the entity says, where that stands elsewhere in the text.

    A name that stands nowhere in it is that of a knowledge base. Capitals and white space make no difference.

    Raises:
        ValueError: it does; the message is the end of a sentence.
    """
    said = entity.get("name") if isinstance(entity, Mapping) else None
    there, whole = between.join(parts[slice(*place)]), between.join(parts)
    if isinstance(said, str) and there and _plain(said) != _plain(there) and _plain(said) in _plain(whole):
        unit = "words" if between else "characters"
        raise ValueError(f"has the entity {shown(said)}, and its {unit} {place[0]} to {place[1]} are {shown(there)}")


def _plain(text: str) -> str:
    return "".join(text.casefold().split())


def _parts(row: Row) -> tuple[Sequence[str], str]:
    """Return the words of a row, or the characters of its text, and what stands between them."""
    words = next((row[key] for key in _WORDS if key in row), None)
    if isinstance(words, list) and words and all(isinstance(word, str) for word in words):
        return words, " "
    if words is None and isinstance(row.get(_TEXT), str):
        return list(str(row[_TEXT])), ""
    raise ValueError("has no list of words as token, and no text")


def _places(row: Row) -> tuple[Place, Place]:
    """Return the places of both entities, the end not included."""
    if all(key in row for key in _TACRED):
        start, last, other_start, other_last = (_number(row[key]) for key in _TACRED)
        return (start, last + 1), (other_start, other_last + 1)
    return _position(row[_HEAD]), _position(row[_TAIL])


def _position(entity: object) -> Place:
    place = entity.get("pos") if isinstance(entity, Mapping) else None
    if not isinstance(place, list) or len(place) != 2:
        raise ValueError("has an entity whose pos is not a start and an end")
    return _number(place[0]), _number(place[1])


def _number(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"has {value!r:.60} for the place of an entity, which is a whole number")
    return value
