"""Make the table by label: what each model scores on each label, or on each group of a task without labels."""

from collections.abc import Sequence
from typing import NamedTuple

from distill import report as words
from distill.base import terminal_text

_IN_SIGHT = 12
"""Up to that many labels are shown at once, more unfold on demand."""
_SUPPORT = "support"


class LabelTable(NamedTuple):
    """Scores on one split; each row holds a label, its support, and for each model a cell for each column."""

    split: str
    what: str
    models: list[str]
    columns: list[str]
    averages: list[tuple[str, str, list[list[str]]]]
    labels: list[tuple[str, str, list[list[str]]]]
    is_open: bool
    note: str


def by_label(report: words.Report, split: str) -> LabelTable | None:
    """Return the table of a split, or none where no model has one."""
    tables = {name: (report["models"][name].get("per_label") or {}).get(split) for name in words.present(report)}
    models = [name for name, table in tables.items() if table]
    if not models:
        return None
    scores = [table for table in tables.values() if table]
    columns = [name for name in words.union(row for table in scores for row in table.values()) if name != _SUPPORT]
    rows = [_row(name, scores, columns) for name in words.union(scores)]
    averages = [row for row in rows if row[0] in words.AVERAGES]
    labels = [row for row in rows if row[0] not in words.AVERAGES]
    what = "label" if report["data"].get("labels") else "group"
    is_open, note = len(labels) <= _IN_SIGHT, _without_support(report, split, scores)
    return LabelTable(split, what, models, columns, averages, labels, is_open, note)


def in_text(report: words.Report) -> list[tuple[str, ...]]:
    """Return the table of the split that the report leads with, for a console; empty where there are too many labels.

    It has all columns of the student, or of the first model there is, and the last column of each other one but the
    exports, which the page has as well.
    """
    lead = words.headline(report)
    table = by_label(report, lead[1]) if lead else None
    if table is None or not table.is_open:
        return []
    student = words.first_of(report, "student")
    main = table.models.index(student) if student in table.models else 0
    others = [
        number for number, name in enumerate(table.models) if number != main and words.role(report, name) != "export"
    ]
    last = table.columns[-1]
    head = (f"{table.models[main]} by {table.what} on {table.split}", *table.columns, "support")
    lines = [(*head, *(f"{table.models[number]} {last}" for number in others))]
    for label, support, cells in (*table.labels, *table.averages):
        lines.append((label, *cells[main], support, *(cells[number][-1] for number in others)))
    return lines


def averaged(name: str) -> str:
    """Return the name of an average where it stands beside those of labels.

    >>> averaged("micro"), averaged("macro of supported")
    ('micro average', 'macro average of supported')
    """
    kind, *rest = name.split(" ", 1)
    return " ".join((kind, "average", *rest))


def note_in_text(report: words.Report) -> str:
    """Return what to know of the averages of the split that the report leads with, or an empty text."""
    lead = words.headline(report)
    table = by_label(report, lead[1]) if lead else None
    return table.note if table else ""


def _without_support(report: words.Report, split: str, tables: Sequence[words.LabelScores]) -> str:
    """Return which predicted labels have no example in a split, and what that does to the macro average."""
    if not any(words.SUPPORTED in table for table in tables):
        return ""
    unsupported = [label for label, row in words.scored_labels(report, tables[0]).items() if row.get(_SUPPORT) == 0]
    names = words.listed_short(list(map(terminal_text.shown, unsupported))) if unsupported else "some labels"
    return (
        f"No example of {split} has {names}: macro counts such a label with an F1 of 0 as soon as it is predicted "
        f"once, {words.SUPPORTED} leaves it out."
    )


def _row(label: str, tables: Sequence[words.LabelScores], columns: list[str]) -> tuple[str, str, list[list[str]]]:
    scores: list[words.JsonObject] = [table.get(label) or {} for table in tables]
    support = next((score[_SUPPORT] for score in scores if _SUPPORT in score), None)
    return (
        terminal_text.name(label),
        words.number(support, 0),
        [[words.metric(name, score.get(name)) for name in columns] for score in scores],
    )
