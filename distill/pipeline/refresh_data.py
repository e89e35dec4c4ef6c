"""Put old and new rows together: corrected, renamed, replayed in part, and refused where a test would be no test."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from distill.base.terminal_text import name as shown_name
from distill.base.terminal_text import names as shown_names
from distill.config.refresh import RefreshSettings
from distill.data.prepared import Prepared
from distill.data.slices import SMALL
from distill.data.splits import UNLABELLED
from distill.errors import ConfigError, DataError
from distill.pipeline import refresh_rows
from distill.pipeline.refresh_rows import NEW, OLD, NamedRows
from distill.tasks import Task

_LEARNT = ("train", UNLABELLED)
_FEW = 10
"""Rows of train below which a label is said to be too rare to learn."""


@dataclass
class Findings:
    """What was found while rows were put together, for report and console.

    Attributes:
        rows: of train: old ones that there are and that are replayed, and new ones; of the split that is judged, both.
        corrected: old label, new label, and how often.
        superseded: old rows of train whose text is among the new ones.
        new_labels: labels that no old row has.
        unseen: old labels that no new row has.
        rare: labels with too few rows of train to learn, and how many.
        unjudged: labels with too few rows to judge, and how many.
        notes: what else was decided.
    """

    rows: dict[str, int] = field(default_factory=dict)
    corrected: list[tuple[str, str, int]] = field(default_factory=list)
    superseded: int = 0
    new_labels: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    rare: dict[str, int] = field(default_factory=dict)
    unjudged: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Together:
    """Old and new rows as one data set.

    Attributes:
        parts: split to its rows, old ones first.
        labels: their names, the old ones first, each of which train has.
        old: all old rows of train, of which some are replayed.
        seen: keys of all texts that were or will be trained on.
        found: what was found.
    """

    parts: Mapping[str, list[tuple[str, NamedRows]]]
    labels: Sequence[str]
    old: NamedRows
    seen: set[int]
    found: Findings


class Corrected:
    """Old rows with right labels in the place of wrong ones, and how many changed from what to what."""

    def __init__(self, splits: Mapping[str, NamedRows], right: Mapping[str, Any], what: str) -> None:
        """Replace labels by id.

        Args:
            splits: the old rows.
            right: id to the right label.
            what: the setting with the file, for messages.

        Raises:
            ConfigError: an id is that of no row, or of two.
        """
        self.splits, self.counts, self.changed = dict(splits), Counter[tuple[str, str]](), dict[str, list[int]]()
        if not right:
            return
        if all(rows.ids is None for rows in splits.values()):
            raise ConfigError(f"{what}: the rows of the run have no column id, by which labels are corrected")
        times = Counter(each for rows in splits.values() for each in rows.ids or () if each in right)
        if strangers := [each for each in right if each not in times]:
            raise ConfigError(
                f"{what}: {len(strangers):,} of {len(right):,} ids are of no row that the run was made of, such as "
                f"{shown_names(strangers[:3])}"
            )
        if twice := [each for each, count in times.items() if count > 1]:
            raise ConfigError(f"{what}: the id {shown_name(twice[0])} is that of {times[twice[0]]} rows of the run")
        for split, rows in splits.items():
            self._correct(split, rows, right)

    def _correct(self, split: str, rows: NamedRows, right: Mapping[str, Any]) -> None:
        labels, places = list(rows.labels), []
        for place, each in enumerate(rows.ids or ()):
            if each in right and right[each] != labels[place]:
                self.counts[_said(labels[place]), _said(right[each])] += 1
                labels[place] = right[each]
                places.append(place)
        self.splits[split], self.changed[split] = rows.labelled(labels), places

    @property
    def summary(self) -> list[tuple[str, str, int]]:
        """Old label, new label and how often, the most frequent first."""
        return [(*pair, count) for pair, count in self.counts.most_common()]


def put_together(
    old: Prepared,
    new: Prepared,
    module: Task,
    settings: RefreshSettings,
    right: Mapping[str, Any],
    earlier: set[int],
    seed: int,
    *,
    held_out: bool,
) -> Together:
    """Return old and new rows as one data set.

    Args:
        old: the data of the run that goes on.
        new: that which has arrived, read beside the old.
        module: the task of both.
        settings: what is replayed, renamed and expected.
        right: id to the right label of an old row.
        earlier: keys of texts that runs before the old one were trained on.
        seed: of the rows that are drawn.
        held_out: whether the new test rows were held out of the new data, and are not a split of its own.

    Raises:
        ConfigError: settings that do not fit the rows.
        DataError: labels or test rows that would have to be guessed or believed.
    """
    kind, found = module.roles.get("label", ""), Findings()
    corrected = Corrected(_splits(old, module), right, f"refresh.corrections={settings.corrections}")
    found.corrected = corrected.summary
    before = {
        split: refresh_rows.renamed(rows, kind, _rename(settings, old.labels))
        for split, rows in corrected.splits.items()
    }
    after = _splits(new, module)
    labels = _labels(before, after, old.labels, kind, settings, found)
    trained = earlier | {key for name in _LEARNT if name in old.splits for key in old.splits[name]["key"][:]}
    judged = _judged(before, after, found)
    judged = _tested(judged, before, after, trained, found, held_out=held_out)
    _refuse_nothing_new(before["train"], after["train"], trained, settings, found, kind)
    replayed = _replayed(
        before["train"], after["train"], kind, settings, corrected.changed.get("train", []), seed, found
    )
    parts = {"train": [(OLD, replayed), (NEW, after["train"])], **judged}
    _count(parts, kind, labels, found, len(before["train"]))
    return Together(parts, labels, before["train"], trained | set(after["train"].keys.tolist()), found)


def _splits(data: Prepared, module: Task) -> dict[str, NamedRows]:
    names = [name for name in ("train", "validation", "test") if name in data.splits]
    return {name: refresh_rows.named(data, module, name) for name in names}


def _said(label: Any) -> str:  # noqa: ANN401 - of any task
    return ", ".join(map(str, label)) or "(none)" if isinstance(label, list) else str(label)


def _rename(settings: RefreshSettings, labels: Sequence[str]) -> dict[str, str]:
    """Return the names that change.

    Raises:
        ConfigError: one is of no label, or would be that of two.
    """
    names = {str(old): str(new) for old, new in settings.rename.items()}
    for old, new in names.items():
        if old not in labels:
            has = f"it has {shown_names(list(labels))}" if labels else "its task has no labels"
            raise ConfigError(f"refresh.rename={{{old}: {new}}}: the run has no label {shown_name(old)}; {has}")
        if new in labels or list(names.values()).count(new) > 1:
            raise ConfigError(
                f"refresh.rename={{{old}: {new}}}: {shown_name(new)} would be two labels of the run; two become one by "
                "refresh.corrections=FILE"
            )
    return names


def _labels(
    before: Mapping[str, NamedRows],
    after: Mapping[str, NamedRows],
    names: Sequence[str],
    kind: str,
    settings: RefreshSettings,
    found: Findings,
) -> list[str]:
    """Return the names of all labels, and refuse where it would have to be guessed what became of one.

    Raises:
        ConfigError: a label that was announced is not there.
        DataError: a label is gone and another has come, or the labels cannot be learnt.
    """
    if not refresh_rows.names_in_any(kind):
        return []
    kept = [settings.rename.get(name, name) for name in names]
    in_old, in_new = (refresh_rows.counted(rows.values(), kind) for rows in (before, after))
    known = [*kept, *sorted(name for name in in_old if name not in kept)]  # corrections may bring some
    come = sorted(name for name in in_new if name not in known)
    gone = [name for name in kept if name not in in_new]
    if strangers := [name for name in settings.new_labels if name not in in_new]:
        raise ConfigError(
            f"refresh.new_labels: no new row has the label {shown_name(strangers[0])}; they have "
            f"{shown_names(sorted(in_new))}"
        )
    unexplained = [name for name in come if name not in settings.new_labels]
    if gone and unexplained:
        raise DataError(
            f"the new data has the label {shown_names(unexplained)}, which the run does not know, and no row of "
            f"{shown_names(gone)}, which it knows: is it the same under another name, give "
            f"'refresh.rename={{{gone[0]}: {unexplained[0]}}}'; is it a further one, "
            f"'refresh.new_labels=[{','.join(unexplained)}]'"
        )
    found.new_labels, found.unseen = [*(name for name in known if name not in kept), *come], gone
    if gone:
        found.notes.append(f"no new row has the label {shown_names(gone)}: old rows alone keep it")
    return [*known, *come]


def _judged(
    before: Mapping[str, NamedRows], after: Mapping[str, NamedRows], found: Findings
) -> dict[str, list[tuple[str, NamedRows]]]:
    """Return validation, and test where the run had one, with their old and new parts."""
    judged = {"validation": [(OLD, before["validation"]), (NEW, after["validation"])]}
    if "test" in before:
        judged["test"] = [(OLD, before["test"]), (NEW, after["test"])]
    elif "test" in after:
        judged["validation"].append((NEW, after["test"]))
        found.notes.append("the run has no test rows, so that those of the new data are judged among validation")
    return judged


def _tested(
    judged: Mapping[str, list[tuple[str, NamedRows]]],
    before: Mapping[str, NamedRows],
    after: Mapping[str, NamedRows],
    trained: set[int],
    found: Findings,
    *,
    held_out: bool,
) -> dict[str, list[tuple[str, NamedRows]]]:
    """Refuse rows to judge by that were trained on; held out ones are left out instead.

    Raises:
        DataError: there are such rows.
    """
    lead = "test" if "test" in judged else "validation"
    again = set(before[lead].keys.tolist()) & set(after["train"].keys.tolist()) - trained
    if again:
        raise DataError(
            f"{len(again):,} rows of {lead} that the run was judged by stand in the new train: they would be no test "
            "any more; leave them out of it"
        )
    learnt = trained | set(after["train"].keys.tolist())
    kept: list[tuple[str, NamedRows]] = []
    for origin, rows in judged[lead]:
        seen = [key in learnt for key in rows.keys.tolist()] if origin == NEW else [False] * len(rows)
        if any(seen) and not (held_out or lead == "validation"):
            raise DataError(
                f"{sum(seen):,} of the {len(rows):,} new rows of {lead} were trained on, by the run or one before it, "
                "or are in the new train: leave them out of it, since nothing is shown by rows that were learnt"
            )
        if any(seen):
            found.notes.append(f"{sum(seen):,} new rows of {lead} were trained on before, or are in train: left out")
            rows = rows.at(place for place, known in enumerate(seen) if not known)
        kept.append((origin, rows))
    if not any(len(rows) for origin, rows in kept if origin == NEW):
        raise DataError(f"no new row of {lead} is left to judge by: give the new data rows of its own to test with")
    return {**judged, lead: kept}


def _refuse_nothing_new(
    before: NamedRows, after: NamedRows, trained: set[int], settings: RefreshSettings, found: Findings, kind: str
) -> None:
    """Refuse new data that teaches nothing: all of it was learnt before, with the same labels.

    Raises:
        DataError: it does.
    """
    known = dict(zip(before.keys.tolist(), map(_said, before.labels), strict=True))
    pairs = zip(after.keys.tolist(), map(_said, after.labels), strict=True)
    new = sum(key not in trained or known.get(key, label) != label for key, label in pairs)
    if not new and not found.corrected and not settings.rename:
        raise DataError(f"nothing is new: all {len(after):,} rows of the new train were learnt before")


def _replayed(
    before: NamedRows,
    after: NamedRows,
    kind: str,
    settings: RefreshSettings,
    corrected: Sequence[int],
    seed: int,
    found: Findings,
) -> NamedRows:
    """Return the old rows of train that are learnt again; of a text that is new as well, the new row alone.

    Raises:
        ConfigError: there are not so many.
    """
    replay = settings.replay
    if replay > 1 and replay > len(before):
        raise ConfigError(
            f"refresh.replay={replay:g}: the run was trained on {len(before):,} rows; allowed is up to that"
        )
    count = round(replay * len(before)) if replay <= 1 else int(replay)
    new = np.isin(before.keys, after.keys)
    found.superseded = int(new.sum())
    left = np.flatnonzero(~new)
    always = np.flatnonzero(np.isin(left, np.asarray(corrected, dtype=np.int64)))
    return refresh_rows.drawn(before.at(left.tolist()), kind, count, seed, always.tolist())


def _count(
    parts: Mapping[str, list[tuple[str, NamedRows]]],
    kind: str,
    labels: Sequence[str],
    found: Findings,
    old: int,
) -> None:
    """Count rows and labels, and refuse labels that no row of train would have.

    Raises:
        DataError: there are such labels, or nothing is replayed of one.
    """
    lead = "test" if "test" in parts else "validation"
    of_train, of_lead = ([rows for _, rows in parts[split]] for split in ("train", lead))
    judged = {origin: sum(len(rows) for each, rows in parts[lead] if each == origin) for origin in (OLD, NEW)}
    found.rows = {
        "old": old,
        "replayed": len(of_train[0]),
        "new": len(of_train[1]),
        "judged_old": judged[OLD],
        "judged_new": judged[NEW],
    }
    learnt, tested = (refresh_rows.counted(rows, kind) for rows in (of_train, of_lead))
    if lacking := [name for name in labels if not learnt[name]]:
        raise DataError(
            f"no row of train would have the label {shown_names(lacking)}: replay more of the old rows with "
            "refresh.replay, or give new ones"
        )
    found.rare = {name: learnt[name] for name in labels if learnt[name] < _FEW}
    found.unjudged = {name: tested[name] for name in labels if tested[name] < SMALL}
