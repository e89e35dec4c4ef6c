"""What annotators have decided, as their tools write it: tasks of Label Studio, and answers in Prodigy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice

from distill.data.formats.rows import Options, Row, Rows, Unreadable

LABEL = "label"
"""The column of what was decided, where a tool gives it no other name."""
_LOOKED_AT = 1000
"""Rows of train that are looked at to tell what was asked, and whether one answer or several were given; where all rows
stay, nobody asks for their labels, and the first row says which tool wrote them."""
_VALUES = ("choices", "rating", "number", "text", "taxonomy")
"""Keys under which Label Studio keeps what was decided of a whole text."""
_PRODIGY = ("_task_hash", "_input_hash", "_view_id", "_session_id", "_timestamp")
"""Keys by which a row of Prodigy is known."""
_NOT_ACCEPTED = ("reject", "ignore")


def opened(file_rows: Rows, options: Options) -> Rows:
    """Give rows of annotation tools a column with what was decided; leave others as they are.

    Of a task of Label Studio the fields of its data become columns, and so does what its first annotation that was not
    cancelled says: choices, a rating or number, a text, or spans; the column is ``label``, or of several questions the
    name of each. In Prodigy what was chosen is the label, and rows that were rejected or ignored are none.
    """
    rows = file_rows.rows
    first = list(islice(rows, 1 if options.whole else _LOOKED_AT))
    rest = chain(first, rows)
    readable = [row for _, row in first if not isinstance(row, Unreadable)]
    if readable and all(map(_is_task, readable)):
        results = [result for row in readable for result in _results(row) or ()]
        questions = list(dict.fromkeys(str(result.get("from_name")) for result in results))
        single = all(len(_chosen(result) or ()) <= 1 for result in results)
        note = "tasks of Label Studio: what the first annotation says that was not cancelled is taken"
        decided = ((number, _of_task(row, len(questions) > 1, single)) for number, row in rest)
        return replace(file_rows, rows=decided, notes=(*file_rows.notes, note))
    if readable and all(map(_is_of_prodigy, readable)):
        single = all(len(_accepted(row) or ()) <= 1 for row in readable)
        note = "rows of Prodigy: those that were rejected or ignored are left out"
        accepted = _of_prodigy(rest, options, single)
        return replace(file_rows, rows=accepted, notes=file_rows.notes if options.whole else (*file_rows.notes, note))
    return replace(file_rows, rows=rest)


def _is_task(row: Row) -> bool:
    """Return whether a row is a task of Label Studio."""
    return isinstance(row.get("data"), Mapping) and isinstance(row.get("annotations"), list)


def _results(row: Row) -> list[Mapping[str, object]] | None:
    """Return what the annotation that counts says of a task; none where it has none."""
    annotations = row.get("annotations")
    made = annotations if isinstance(annotations, list) else []
    valid = (each for each in made if isinstance(each, Mapping) and not each.get("was_cancelled"))
    results = next((each["result"] for each in valid if isinstance(each.get("result"), list)), None)
    return None if results is None else [each for each in results if isinstance(each, Mapping)]


def _of_task(row: Row, several: bool, single: bool) -> Row:
    """Return a task with its data and what was decided as columns."""
    if isinstance(row, Unreadable) or not _is_task(row):
        return row
    results = _results(row)
    decided: dict[str, object] = {LABEL: None}
    if results is not None:
        by_question: dict[str, list[Mapping[str, object]]] = {}
        for result in results:
            by_question.setdefault(str(result.get("from_name")) if several else LABEL, []).append(result)
        decided = {name: _decided(of_one, single) for name, of_one in by_question.items()} or {LABEL: []}
    kept = {name: value for name, value in row.items() if name != "annotations"}
    data = row["data"]
    return {**kept, **(data if isinstance(data, Mapping) else {}), **decided}


def _decided(results: Sequence[Mapping[str, object]], single: bool) -> object:
    """Return what was decided by one question: a value, or all spans or choices."""
    values = [value for result in results if isinstance(value := result.get("value"), Mapping)]
    spans = [value for value in values if "start" in value]
    if spans or not values:
        return spans
    first = values[0]
    key = next((key for key in _VALUES if key in first), None)
    said = first.get(key) if key else None
    if isinstance(said, list):
        return (said[0] if said else None) if single else said
    return said


def _chosen(result: Mapping[str, object]) -> Sequence[object] | None:
    value = result.get("value")
    chosen = value.get("choices") if isinstance(value, Mapping) else None
    return chosen if isinstance(chosen, list) else None


def _is_of_prodigy(row: Row) -> bool:
    """Return whether a row is an answer in Prodigy."""
    return row.get("answer") in ("accept", *_NOT_ACCEPTED) and any(key in row for key in _PRODIGY)


def _accepted(row: Row) -> Sequence[object] | None:
    """Return which of the options of a row were chosen."""
    chosen = row.get("accept")
    return chosen if isinstance(chosen, list) and isinstance(row.get("options"), list) else None


def _of_prodigy(rows: Iterator[tuple[int, Row]], options: Options, single: bool) -> Iterator[tuple[int, Row]]:
    """Yield the rows that were accepted, or all, with what was chosen as their label."""
    for number, row in rows:
        if not options.whole and row.get("answer") in _NOT_ACCEPTED:
            continue
        chosen = _accepted(row)
        if chosen is None or LABEL in row:
            yield number, row
        else:
            yield number, {**row, LABEL: (chosen[0] if chosen else None) if single else list(chosen)}
