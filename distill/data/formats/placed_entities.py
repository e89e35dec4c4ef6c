"""Relations whose two entities are told by their places, as TACRED and OpenNRE write them: their text gets marks.

TACRED has the words as ``token`` and places ``subj_start`` to ``subj_end`` and ``obj_start`` to ``obj_end``, the end
included; copies of it have ends that are not, told by a file in which no entity seems to be a single word and names
seem to go on in small letters. OpenNRE has ``h`` and ``t``, head and tail, each with ``pos``: start and end of words of
``token``, or of characters of ``text``, the end not included.
FewRel has both, or ``head`` and ``tail``, with the numbers of all words of each mention, of which the first counts.
Subject and head become ``<e1>…</e1>``, object and tail ``<e2>…</e2>``.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import cast

from distill.base.terminal_text import shown
from distill.data.formats.rows import Options, Row, Rows, Unreadable, unreadable
from distill.errors import DataError

_TACRED = ("subj_start", "subj_end", "obj_start", "obj_end")
_HEAD, _TAIL = "h", "t"
_PAIRS = ((_HEAD, _TAIL), ("head", "tail"))
"""Columns of both entities as objects."""
_WORDS = ("token", "tokens", "words")
_TEXT = "text"
_LOOKED_AT = 1000
"""Rows that are looked at to tell whether ends are included."""
_FEWEST = 10
"""Entities that tell it by having no single word among them."""
_MARKS = (("<e1>", "</e1>"), ("<e2>", "</e2>"))
Place = tuple[int, int]
"""The first word or character of an entity, and the one after its last."""


def opened(file_rows: Rows, file: Path, options: Options) -> Rows:
    """Turn rows with the places of two entities into rows of a text with marks; leave others as they are.

    A row whose places cannot be is no row, see ``unreadable``.
    """
    first = list(islice(file_rows.rows, _LOOKED_AT))
    rest = chain(first, file_rows.rows)
    readable = [row for _, row in first if not isinstance(row, Unreadable)]
    if not readable or not _placed(_with_pos(readable[0])):
        return replace(file_rows, rows=rest)
    note = (
        f"entities are told by their places in {file.name}: the text gets marks, <e1> of the first, <e2> of the second"
    )
    included = _ends_included(readable, file)
    more = () if included else (f"ends of entities are not included in {file.name}, unlike those of TACRED itself",)
    rows = _marked_rows(rest, (file_rows.unit, file), included, options)
    return replace(file_rows, rows=rows, notes=(*file_rows.notes, note, *more))


def _ends_included(rows: Sequence[Row], file: Path) -> bool:
    """Return whether the places of TACRED have the last word of an entity as its end, and not the one after it.

    They do where an entity has one place as start and end, and do not where an end is the number of words. Else names
    tell it, whose words begin with capitals: most words at the ends do, or do not. Without names, many entities tell
    that they do not: in TACRED most are single words, such as pronouns.

    Raises:
        DataError: a few entities have no such sign.
    """
    placed = [row for row in rows if all(type(row.get(key)) is int for key in _TACRED)]
    ends = [
        (cast(int, row[start]), cast(int, row[end]), _words(row) or [])
        for row in placed
        for start, end in (_TACRED[:2], _TACRED[2:])
    ]
    if not ends or any(start == end for start, end, _ in ends):
        return True
    if any(end == len(words) for _, end, words in ends):
        return False
    names = [words[end] for start, end, words in ends if 0 <= start < end < len(words) and _is_capital(words[start])]
    capitals = sum(map(_is_capital, names))
    if 2 * capitals != len(names):
        return 2 * capitals > len(names)
    if len(ends) >= _FEWEST:
        return False
    raise DataError(
        f"{file} does not tell whether {_TACRED[1]} and {_TACRED[3]} are included, as in TACRED, since no entity of "
        f"its {len(ends)} starts where it ends: write h and t, each with pos, a start and an end that is not included"
    )


def _is_capital(word: str) -> bool:
    return word[:1].isupper()


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


def names_places(columns: Collection[str]) -> bool:
    """Return whether columns tell by their names the places of two entities, as TACRED, OpenNRE and FewRel do."""
    pairs = any({*pair} <= {*columns} for pair in _PAIRS)
    return {*_TACRED} <= {*columns} or (pairs and not {*_WORDS, _TEXT}.isdisjoint(columns))


def _with_pos(row: Row) -> Row:
    """Return a row of FewRel as OpenNRE writes it; any other as it is.

    >>> _with_pos({"head": {"text": "new york", "indices": [[3, 4]]}, "tail": {"text": "us", "indices": [[6], [9]]}})
    {'h': {'pos': [3, 5]}, 't': {'pos': [6, 7]}}
    """
    for pair in _PAIRS:
        entities = [_of_fewrel(row.get(key)) for key in pair]
        if None not in entities:
            kept = {key: value for key, value in row.items() if key not in pair}
            return {**kept, _HEAD: entities[0], _TAIL: entities[1]}
    return row


def _of_fewrel(entity: object) -> Row | None:
    """An entity with the place of its first mention; none where it does not say the numbers of its words."""
    if isinstance(entity, Mapping):
        mentions = entity.get("indices")
    else:
        mentions = entity[2] if isinstance(entity, list) and len(entity) == 3 else None
    first = mentions[0] if isinstance(mentions, list) and mentions else None
    if not isinstance(first, list) or not first or not all(type(each) is int for each in first):
        return None
    return {"pos": [min(first), max(first) + 1]}


def by_relation(value: Mapping[str, object]) -> list[Row] | None:
    """Return the rows of a file that holds them by their relation, as FewRel's does; none where it does not."""
    rows = [
        (relation, row)
        for relation, each in value.items()
        for row in (each if isinstance(each, list) and each else [None])
    ]
    if not all(isinstance(row, Mapping) and _placed(_with_pos(row)) for _, row in rows):
        return None
    return [{**cast(Row, row), "relation": relation} for relation, row in rows]


def _placed(row: Row) -> bool:
    """Return whether a row tells its entities by their places."""
    return all(key in row for key in _TACRED) or all(
        isinstance(entity := row.get(key), Mapping) and "pos" in entity for key in (_HEAD, _TAIL)
    )


def _marked_rows(
    rows: Iterator[tuple[int, Row]], where: tuple[str, Path], ends_included: bool, options: Options
) -> Iterator[tuple[int, Row]]:
    unit, file = where
    for number, row in rows:
        if isinstance(row, Unreadable):
            yield number, row
            continue
        try:
            yield number, _marked_row(row, ends_included)
        except ValueError as error:
            yield number, unreadable(f"{unit} {number} of {file}", str(error), options, row)


def _marked_row(row: Row, ends_included: bool) -> Row:
    """Return a row with its text marked, and without what told the places."""
    row = _with_pos(row)
    if not _placed(row):
        raise ValueError("does not say where its entities are, as the first row does")
    parts, between = _parts(row)
    first, second = _places(row, ends_included)
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
    words = _words(row)
    if words is not None:
        return words, " "
    if not any(key in row for key in _WORDS) and isinstance(row.get(_TEXT), str):
        return list(str(row[_TEXT])), ""
    raise ValueError("has no list of words as token, and no text")


def _words(row: Row) -> list[str] | None:
    """Return the words of a row; nothing where it has no list of them."""
    words = next((row[key] for key in _WORDS if key in row), None)
    return words if isinstance(words, list) and words and all(isinstance(word, str) for word in words) else None


def _places(row: Row, ends_included: bool) -> tuple[Place, Place]:
    """Return the places of both entities, the end not included."""
    if all(key in row for key in _TACRED):
        start, end, other_start, other_end = (_number(row[key]) for key in _TACRED)
        return (start, end + ends_included), (other_start, other_end + ends_included)
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
