"""State what each row of a comparison came to in one table for a text, whatever their data and tasks are."""

from collections.abc import Callable
from typing import NamedTuple

from distill import report as words
from distill.comparison.columns import notes
from distill.comparison.estimates import Estimate, shown, shown_difference
from distill.comparison.models import Model
from distill.comparison.table import Comparison, Group, Row


class _Line(NamedTuple):
    """A row with what its group says of it."""

    group: Group
    row: Row

    @property
    def metric(self) -> str:
        return self.group.metric or ""

    def model(self, role: str) -> Model | None:
        """Return the first model of a role."""
        return next((model for model in self.row.models.values() if model.role == role), None)

    def score(self, role: str) -> Estimate | None:
        """Return the metric that leads, of the first model of a role."""
        model = self.model(role)
        return model.scores.get(self.metric) if model else None


def as_markdown(comparison: Comparison) -> str:
    """Return a table with a line for each row: what was trained on what, what it scores, what it gained and costs."""
    lines = [_Line(group, row) for group in comparison.groups for row in group.rows]
    columns: list[tuple[str, Callable[[_Line], str]]] = [
        ("run", _named),
        ("data", _data),
        ("metric", lambda line: f"{line.metric} on {line.group.split}" if line.metric else words.ABSENT),
        ("seeds", lambda line: str(line.row.seeds)),
        *((role, _scored(role)) for role in ("teacher", "student", "control")),
        ("gain over control", lambda line: shown_difference(line.row.gain, line.metric)),
        ("of the teacher's", _share),
        ("size", _size),
        ("latency", _latency),
    ]
    titles = [title for title, _ in columns]
    table = [titles, ["---", "---", "---", *["---:"] * (len(titles) - 3)]]
    table += [[show(line) for _, show in columns] for line in lines]
    text = "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |" for cells in table)
    return "\n\n".join([text, *notes(comparison)]) + "\n"


def _named(line: _Line) -> str:
    """Return what tells a row from the others of its data; of a single one the run's name."""
    return line.row.title if len(line.group.rows) > 1 else str(line.row.runs[0].report["name"])


def _data(line: _Line) -> str:
    data = line.row.runs[0].report["data"]
    counts = data.get("rows") or {}
    rows = f", {counts['train']:,} rows of train" if counts.get("train") else ""
    rows += f" and {counts['unlabelled']:,} texts" if counts.get("unlabelled") else ""
    stands_in = data.get("stands_in_for")
    return f"{f'embedded sample, which stands in for {stands_in}' if stands_in else data.get('name')}{rows}"


def _scored(role: str) -> Callable[[_Line], str]:
    return lambda line: shown(line.score(role), line.metric)


def _share(line: _Line) -> str:
    """Return the share of the teacher's score that the student has, with the interval of their difference."""
    teacher, student, loss = line.score("teacher"), line.score("student"), line.row.loss
    if not teacher or not student or teacher.mean <= 0 or line.metric in words.LOWER_IS_BETTER:
        return words.ABSENT
    text = words.percent(student.mean / teacher.mean, 1)
    if loss is None or loss.low is None or loss.high is None:
        return text
    low, high = (words.percent(1 + end / teacher.mean, 1).removesuffix(" %") for end in (loss.low, loss.high))
    return f"{text.removesuffix(' %')} ({low} to {high}) %"


def _size(line: _Line) -> str:
    """Return the student's bytes, and what part of the teacher's they are."""
    teacher, student = (_mean(line.model(role), "bytes") for role in ("teacher", "student"))
    part = f", {words.percent(student / teacher, 1)} of the teacher's" if teacher and student else ""
    return f"{words.size(student)}{part}"


def _latency(line: _Line) -> str:
    """Return the student's milliseconds for one text, and how many times as fast as the teacher it is."""
    teacher, student = (_mean(line.model(role), "milliseconds") for role in ("teacher", "student"))
    times = "\N{MULTIPLICATION SIGN}"
    ratio = f", {words.number(teacher / student, 1)} {times} as fast as the teacher" if teacher and student else ""
    return f"{words.milliseconds(student)}{ratio}"


def _mean(model: Model | None, what: str) -> float | None:
    value: Estimate | None = getattr(model, what) if model else None
    return value.mean if value else None
