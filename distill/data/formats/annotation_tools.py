"""What annotators have decided, as their tools write it: tasks of Label Studio, and answers in Prodigy."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain, islice

from distill.base.terminal_text import shown
from distill.data.formats.rows import Options, Row, Rows, Unreadable
from distill.errors import DataError

LABEL = "label"
"""The column of what was decided, where a tool gives it no other name."""
ANSWER = "answer"
"""The column in which Prodigy says whether a row was accepted, rejected or ignored."""
_LOOKED_AT = 1000
"""Rows of train that are looked at to tell what was asked; where all rows stay, nobody asks for their labels, and the
first row says which tool wrote them."""
_VALUES = ("choices", "rating", "number", "text", "taxonomy")
"""Keys under which Label Studio keeps what was decided of a whole text."""
_PRODIGY = ("_task_hash", "_input_hash", "_view_id", "_session_id", "_timestamp")
"""Keys by which a row of Prodigy is known."""
_ACCEPT, _REJECT, _IGNORE = "accept", "reject", "ignore"
_LEFT_OUT = "rows of Prodigy: those that were rejected or ignored are left out"
_IGNORED_LEFT_OUT = "rows of Prodigy: those that were ignored are left out; the others' answer is the label"


def opened(file_rows: Rows, options: Options) -> Rows:
    """Give rows of annotation tools a column with what was decided; leave others as they are.

    Of a task of Label Studio the fields of its data become columns, and so does what its first annotation that was not
    cancelled says: choices, a rating or number, a text, or spans; the column is ``label``, or of several questions the
    name of each. In Prodigy what was chosen is the label, and rows that were rejected or ignored are none, but those
    that were rejected are where the answer is the label. What was chosen is a list where the task may have several
    labels, else a value, of which only several are a list.
    """
    rows = file_rows.rows
    first = list(islice(rows, 1 if options.whole else _LOOKED_AT))
    rest = chain(first, rows)
    readable = [row for _, row in first if not isinstance(row, Unreadable)]
    if readable and all(map(_is_task, readable)):
        results = [result for row in readable for result in _results(row) or ()]
        questions = list(dict.fromkeys(str(result.get("from_name")) for result in results))
        note = "tasks of Label Studio: what the first annotation says that was not cancelled is taken"
        columns = questions if len(questions) > 1 else [LABEL]
        decided = ((number, _of_task(row, columns, options)) for number, row in rest)
        return replace(file_rows, rows=decided, notes=(*file_rows.notes, note))
    if readable and all(map(_is_of_prodigy, readable)):
        note = _IGNORED_LEFT_OUT if options.answers else _LEFT_OUT
        accepted = _of_prodigy(rest, options)
        return replace(file_rows, rows=accepted, notes=file_rows.notes if options.whole else (*file_rows.notes, note))
    chosen = {name for row in readable for name, value in row.items() if _choices(value) is not None}
    if chosen:  # Label Studio's JSON_MIN, in which one choice is a text, and several are an object
        return replace(file_rows, rows=((number, _with_choices(row, chosen, options)) for number, row in rest))
    return replace(file_rows, rows=rest)


def refuse_one_label(labels: Iterable[object], notes: Sequence[str], source: str) -> None:
    """Refuse rows of Prodigy of which all that were accepted have one label: accepting it or not may be the label.

    Args:
        labels: of train.
        notes: what was said of its files.
        source: where they came from.

    Raises:
        DataError: they have.
    """
    distinct = {str(label) for label in labels if label is not None}
    if _LEFT_OUT in notes and len(distinct) == 1:
        raise DataError(
            f"all rows of {source} that were accepted in Prodigy have the label {shown(distinct.pop())}: "
            f"where accepting and rejecting it are the labels, say so with data.columns.label={ANSWER}"
        )


def _choices(value: object) -> list[object] | None:
    """Return what was chosen, of an object that holds nothing else."""
    chosen = value.get("choices") if isinstance(value, Mapping) and len(value) == 1 else None
    return chosen if isinstance(chosen, list) else None


def _with_choices(row: Row, columns: Set[str], options: Options) -> Row:
    """Return a row with lists of what was chosen in these columns, or of one choice that itself."""
    if isinstance(row, Unreadable):
        return row
    new: dict[str, object] = {}
    for name in columns & row.keys():
        chosen = [row[name]] if isinstance(row[name], str) else _choices(row[name])
        new[name] = row[name] if chosen is None else _one_or_several(chosen, options)
    return {**row, **new}


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


def _of_task(row: Row, columns: Sequence[str], options: Options) -> Row:
    """Return a task with its data and what was decided as columns."""
    if isinstance(row, Unreadable) or not _is_task(row):
        return row
    results, single = _results(row), list(columns) == [LABEL]
    decided: dict[str, object] = dict.fromkeys(columns, [] if options.several or options.words else None)
    if results is None:  # nobody has said that nothing applies
        decided = {} if options.several else dict.fromkeys(columns)
    by_question: dict[str, list[Mapping[str, object]]] = {}
    for result in results or ():
        by_question.setdefault(LABEL if single else str(result.get("from_name")), []).append(result)
    decided |= {name: _decided(of_one, options) for name, of_one in by_question.items()}
    kept = {name: value for name, value in row.items() if name != "annotations"}
    data = row["data"]
    return {**kept, **(data if isinstance(data, Mapping) else {}), **decided}


def _decided(results: Sequence[Mapping[str, object]], options: Options) -> object:
    """Return what was decided by one question: a value, or all spans or choices."""
    values = [value for result in results if isinstance(value := result.get("value"), Mapping)]
    spans = [value for value in values if "start" in value]
    if spans or not values:
        return spans
    first = values[0]
    key = next((key for key in _VALUES if key in first), None)
    said = first.get(key) if key else None
    if key == "taxonomy" and isinstance(said, list):  # a list of paths, and whoever is below a name is that, too
        said = list(dict.fromkeys(name for path in said for name in (path if isinstance(path, list) else [path])))
    return _one_or_several(said, options) if isinstance(said, list) else said


def _one_or_several(chosen: Sequence[object], options: Options) -> object:
    """Return all that was chosen where a row may have several labels; else the one choice, none, or several."""
    if options.several or len(chosen) > 1:
        return list(chosen)
    return chosen[0] if chosen else None


def _is_of_prodigy(row: Row) -> bool:
    """Return whether a row is an answer in Prodigy."""
    known = any(key in row for key in _PRODIGY) or _accepted(row) is not None
    return known and row.get(ANSWER) in (_ACCEPT, _REJECT, _IGNORE)


def _accepted(row: Row) -> Sequence[object] | None:
    """Return which of the options of a row were chosen."""
    chosen = row.get("accept")
    return chosen if isinstance(chosen, list) and isinstance(row.get("options"), list) else None


def _of_prodigy(rows: Iterator[tuple[int, Row]], options: Options) -> Iterator[tuple[int, Row]]:
    """Yield the rows that were accepted, or all, with what was chosen as their label."""
    left_out = () if options.whole else (_IGNORE,) if options.answers else (_REJECT, _IGNORE)
    for number, row in rows:
        if row.get(ANSWER) in left_out:
            continue
        chosen = _accepted(row)
        yield number, row if chosen is None or LABEL in row else {**row, LABEL: _one_or_several(chosen, options)}
