"""Fold runs that differ only in their seed into one row, and say what of their settings differs between rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from distill import report as words
from distill.comparison.estimates import Estimate, of_differences
from distill.comparison.models import Model, model_of
from distill.comparison.runs import Run
from distill.errors import ConfigError
from distill.report.seeds import leading

_NO_RESULT = {
    "seed",
    "store",
    "data.workers",
    "trainer.enable_progress_bar",
    "trainer.log_every_n_steps",
    "progress.every_seconds",
    "report.examples",
}
"""Settings that do not tell one row from another."""
_STAGES = "stages"
_NO_RESULT_SECTIONS = ("tracking.", "target.")
"""What all settings begin with that likewise change no number."""
_LONGEST = 60
"""Characters of a setting's value in a row's title."""
_SETTINGS_IN_TITLE = 4


@dataclass(frozen=True)
class Row:
    """Runs of equal settings but for the seed.

    Attributes:
        title: what tells it from the other rows.
        settings: those that differ between rows, by dotted key.
        runs: one for each seed, or one that has several.
        models: by name.
        gain: of the student over the control, turned so that more is better; none without a control.
        loss: of the student against its teacher, likewise.
    """

    title: str
    settings: Mapping[str, Any]
    runs: Sequence[Run]
    models: Mapping[str, Model]
    gain: Estimate | None
    loss: Estimate | None

    @property
    def seeds(self) -> int:
        """How many seeds are behind its numbers."""
        return sum(len(run.seeds) for run in self.runs)


@dataclass(frozen=True)
class Group:
    """Rows whose models were scored on the same rows of data.

    Attributes:
        data: the data's name and fingerprint.
        metric: the metric that leads; none where nothing was evaluated.
        split: of which.
        rows: in the order of the runs.
    """

    data: str
    metric: str | None
    split: str | None
    rows: Sequence[Row]


@dataclass(frozen=True)
class Comparison:
    """All that is compared: ``differing`` settings by dotted key, and notes on what was left out or not compared."""

    task: str
    groups: Sequence[Group]
    differing: Sequence[str]
    notes: Sequence[str]

    @property
    def rows(self) -> list[Row]:
        """All rows."""
        return [row for group in self.groups for row in group.rows]

    def noting(self, note: str) -> "Comparison":
        """Return the same with one more note."""
        return replace(self, notes=[*self.notes, note])


def compare(runs: Sequence[Run], *, several_tasks: bool = False) -> Comparison:
    """Set runs side by side.

    Args:
        runs: finished ones.
        several_tasks: whether they may be of several tasks, each in a table of its own.

    Raises:
        ConfigError: they are of several tasks, and may not.
    """
    if not several_tasks:
        _refuse_several_tasks(runs)
    with_rows = all(run.test_rows for run in runs)
    folded, notes = _folded(runs, with_rows)
    differing = _differing([members[0] for members in folded])
    by_data: dict[tuple[str, ...], list[list[Run]]] = defaultdict(list)
    for members in folded:
        by_data[_identity(members[0], with_rows)].append(members)
    titles = iter(_titles([members for of_data in by_data.values() for members in of_data], differing))
    groups = [_group(of_data, differing, [next(titles) for _ in of_data]) for of_data in by_data.values()]
    if len(groups) > 1:
        names = words.listed([group.data for group in groups])
        notes.append(
            f"Scores are not compared between {names}: they were measured on different rows, or by different metrics."
        )
    tasks = words.listed(dict.fromkeys(run.report["task"] for run in runs))
    return Comparison(tasks, groups, differing, notes)


def _refuse_several_tasks(runs: Sequence[Run]) -> None:
    tasks: dict[str, Run] = {}
    for run in runs:
        tasks.setdefault(run.report["task"], run)
    if len(tasks) > 1:
        named = words.listed([f"{task} ({run.folder})" for task, run in tasks.items()])
        raise ConfigError(
            f"these runs are of several tasks, {named}: compare those of one task, or give "
            "--markdown for one table of what each came to"
        )


def _folded(runs: Sequence[Run], with_rows: bool) -> tuple[list[list[Run]], list[str]]:
    """Return the runs of each row, those of one seed once, and what to say of the others."""
    rows: dict[str, dict[str, Run]] = defaultdict(dict)
    left_out = []
    for run in runs:
        settings = sorted((name, repr(value)) for name, value in _telling(run).items()) or str(run.folder)
        data = run.report["data"]
        scored = run.test_rows if with_rows else (data.get("name"), (data.get("rows") or {}).get("test"))
        apart = run.seed if len(run.seeds) > 1 else None  # several seeds in one run are a row by themselves
        seeds = rows[repr((scored, settings, apart))]
        if (earlier := seeds.get(repr(run.seed))) is not None:
            left_out.append(str(earlier.folder))
        seeds[repr(run.seed)] = run
    said = words.listed_short(left_out or [""])
    notes = [f"Run again with the same settings and seed, so left out: {said}."] if left_out else []
    return [list(seeds.values()) for seeds in rows.values()], notes


def _telling(run: Run) -> dict[str, Any]:
    return {
        key: value
        for key, value in run.settings.items()
        if key not in _NO_RESULT and not key.startswith(_NO_RESULT_SECTIONS) and (key, value) != ("seeds", None)
    }


def _differing(runs: Sequence[Run]) -> list[str]:
    settings = [_telling(run) for run in runs if run.settings]
    return [key for key in words.union(settings) if len({repr(each.get(key)) for each in settings}) > 1]


def _identity(run: Run, with_rows: bool) -> tuple[str, ...]:
    """Return what two runs have in common whose scores can be compared."""
    lead = words.headline(run.report) or ("", "")
    return (str(run.test_rows if with_rows else run.report["data"].get("fingerprint")), *lead)


def _titles(rows: Sequence[Sequence[Run]], differing: Sequence[str]) -> list[str]:
    """Return what tells each row from the others: its settings where few differ, else its folder; no two alike.

    Which stages a run had, a long list, stands there only where nothing else tells.
    """
    short = [key for key in differing if key != _STAGES]
    plain = [_title(first, short) for first, *_ in rows]
    if short and len(set(plain)) == len(plain):
        return plain
    titles: list[str] = []
    for number, (first, *_) in enumerate(rows):
        title = _title(first, differing)
        titles.append(title if title not in titles else f"{title} ({number + 1})")
    return titles


def _title(first: Run, differing: Sequence[str]) -> str:
    """Return the settings of a run that differ, where they are few, else its name and folder."""
    given = [key for key in differing if first.settings.get(key) is not None] or differing
    parts = [_part(key, first.settings.get(key), differing) for key in given]
    in_folder = f"{first.report['name']} ({first.folder.name})"
    return ", ".join(parts) if first.settings and 0 < len(parts) <= _SETTINGS_IN_TITLE else in_folder


def _part(key: str, value: object, differing: Sequence[str]) -> str:
    name = _short(key)
    if sum(_short(other) == name for other in differing) > 1:
        name = key
    text = written(value)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
    return text if key == "name" else f"{name}={text}"


def _short(key: str) -> str:
    """Return a setting's key without its section."""
    return key.partition(".")[2] or key


def written(value: object) -> str:
    """Return a setting's value as it is written in settings.

    >>> written(None), written(True), written([1, 2])
    ('null', 'true', '[1, 2]')
    """
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _group(rows: Sequence[Sequence[Run]], differing: Sequence[str], titles: Iterable[str]) -> Group:
    first = rows[0][0].report
    metric, split = words.headline(first) or (None, None)
    made = [_row(members, differing, title, split) for members, title in zip(rows, titles, strict=True)]
    return Group(f"{first['data'].get('name')} ({first['data'].get('fingerprint')})", metric, split, made)


def _row(members: Sequence[Run], differing: Sequence[str], title: str, split: str | None) -> Row:
    reports = [leading(run.report) for run in members]
    names = words.union(report["models"] for report in reports)
    models = {name: model for name in names if (model := model_of(name, reports, split)) is not None}
    settings = {key: members[0].settings.get(key) for key in differing}
    student = next((name for name, model in models.items() if model.role == "student"), "student")
    against = [(report.get("against_teacher") or {}).get(student) for report in reports]
    return Row(
        title,
        settings,
        members,
        models,
        of_differences([each.get("gain") for each in reports]),
        of_differences(against),
    )
