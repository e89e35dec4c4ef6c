"""Show which labels gained and which lost, and which are taken for which."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from distill.base.terminal_text import name
from distill.report import JsonObject, Report, known, number, percent, union

_WHOLE = 12
"""Up to that many labels a matrix is shown whole, of more the worst pairs."""
_PAIRS = 20
_IN_SIGHT = 12
"""Up to that many labels are shown at once, more unfold on demand."""


class GainTable(NamedTuple):
    """The student's F1 of each label minus that of each other model; the label that lost most stands first."""

    split: str
    confidence: str
    models: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    is_open: bool


class Matrix(NamedTuple):
    """How often a model takes each label for each other; ``rows`` have a share of the row beside each count."""

    model: str
    labels: Sequence[str]
    rows: Sequence[tuple[str, Sequence[tuple[str, float]]]]


class Confusion(NamedTuple):
    """Whole matrices of each model, or else the pairs that are taken for each other most often."""

    split: str
    unit: str
    models: Sequence[str]
    matrices: Sequence[Matrix]
    pairs: Sequence[tuple[str, str, Sequence[str]]]


def gains(report: Report) -> GainTable | None:
    """Return the labels' gains and losses, or none where they were not compared."""
    found = report.get("label_gains")
    if not found or not any(found["against"].values()):
        return None
    tables: Mapping[str, JsonObject] = found["against"]
    models = [model for model, table in tables.items() if table]
    labels = sorted(union(tables.values()), key=lambda label: _amount(tables[models[0]].get(label)))
    rows = [(name(label), [_cell(tables[model].get(label)) for model in models]) for label in labels]
    confidence = percent(found["confidence"], 0)
    return GainTable(found["split"], confidence, models, rows, len(rows) <= _IN_SIGHT)


def confusion(report: Report) -> Confusion | None:
    """Return who takes which label for which, or none where answers are no single labels."""
    found = report.get("confusion")
    if not found:
        return None
    counts = {
        model: {(right, said): count for right, said, count in triplets} for model, triplets in found["models"].items()
    }
    labels = sorted({label for table in counts.values() for pair in table for label in pair})
    matrices, pairs = [], []
    if len(labels) <= _WHOLE:
        matrices = [_matrix(model, labels, table) for model, table in counts.items()]
    else:
        last = list(counts)[-1]
        wrong = {pair for table in counts.values() for pair in table if pair[0] != pair[1]}
        worst = sorted(wrong, key=lambda pair: (-counts[last].get(pair, 0), pair))[:_PAIRS]
        pairs = [
            (name(right), name(said), [number(table.get((right, said), 0), 0) for table in counts.values()])
            for right, said in worst
        ]
    return Confusion(found["split"], found["unit"], list(counts), matrices, pairs)


def _matrix(model: str, labels: Sequence[str], counts: Mapping[tuple[str, str], int]) -> Matrix:
    rows = []
    for right in labels:
        cells = [counts.get((right, said), 0) for said in labels]
        whole = sum(cells) or 1
        rows.append((name(right), [(number(count, 0), round(count / whole, 3)) for count in cells]))
    return Matrix(model, list(map(name, labels)), rows)


def _amount(gain: JsonObject | None) -> float:
    return gain["difference"] if gain and known(gain["difference"]) else 0.0


def _cell(gain: JsonObject | None) -> str:
    if gain is None:
        return ""
    low, high = (number(100 * end, 2) for end in gain["interval"])
    return f"{number(100 * gain['difference'], 2, '+')} ({low} to {high})"
