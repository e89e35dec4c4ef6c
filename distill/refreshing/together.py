"""Put old and new rows together: corrected, renamed, replayed in part, and refused where a test would be no test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from distill.base.terminal_text import names as shown_names
from distill.config.refresh import RefreshSettings
from distill.data.prepared import Prepared
from distill.data.slices import SMALL
from distill.data.splits import UNLABELLED
from distill.errors import ConfigError, DataError
from distill.refreshing import corrections, judged_rows, label_changes, named_rows
from distill.refreshing.corrections import said
from distill.refreshing.label_changes import Findings
from distill.refreshing.named_rows import NEW, OLD, NamedRows
from distill.tasks import Task

_LEARNT = ("train", UNLABELLED)
_FEW = 10
"""Rows of train below which a label is said to be too rare to learn."""


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
    corrected = corrections.Corrected(_splits(old, module), right, f"refresh.corrections={settings.corrections}")
    found.corrected = corrected.summary
    label_changes.refuse_removal(settings, old.labels, kind)
    renaming = label_changes.renaming(settings, old.labels)
    before, always = dict[str, NamedRows](), list[int]()
    for split, rows in corrected.splits.items():
        renamed = named_rows.renamed(rows, kind, renaming)
        before[split], stayed = label_changes.without_removed(renamed, kind, settings, found)
        if split == "train":
            changed = set(corrected.changed.get(split, []))
            always = [now for now, was in enumerate(stayed) if was in changed]
    after = _splits(new, module)
    labels = label_changes.all_labels(before, after, old.labels, kind, settings, found)
    trained = earlier | {key for name in _LEARNT if name in old.splits for key in old.splits[name]["key"][:]}
    judged = judged_rows.judged(before, after, found)
    judged = judged_rows.refuse_learnt(judged, before, after, trained, found, held_out=held_out)
    _refuse_nothing_new(before["train"], after["train"], trained, settings, found, kind)
    replayed = _replayed(before["train"], after["train"], kind, settings, always, seed, found)
    parts = {"train": [(OLD, replayed), (NEW, after["train"])], **judged}
    _count(parts, kind, labels, found, len(before["train"]))
    found.notes += corrections.ids_of_both(before, after)
    return Together(parts, labels, before["train"], trained | set(after["train"].keys.tolist()), found)


def _splits(data: Prepared, module: Task) -> dict[str, NamedRows]:
    names = [name for name in ("train", "validation", "test") if name in data.splits]
    return {name: named_rows.named(data, module, name) for name in names}


def _refuse_nothing_new(
    before: NamedRows, after: NamedRows, trained: set[int], settings: RefreshSettings, found: Findings, kind: str
) -> None:
    """Refuse new data that teaches nothing: all of it was learnt before, with the same labels.

    Raises:
        DataError: it does.
    """
    known = dict(zip(before.keys.tolist(), map(said, before.labels), strict=True))
    pairs = zip(after.keys.tolist(), map(said, after.labels), strict=True)
    new = sum(key not in trained or known.get(key, label) != label for key, label in pairs)
    if not new and not found.corrected and not settings.rename and not settings.remove:
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
    return named_rows.drawn(before.at(left.tolist()), kind, count, seed, always.tolist())


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
    learnt, tested = (named_rows.counted(rows, kind) for rows in (of_train, of_lead))
    if lacking := [name for name in labels if not learnt[name]]:
        raise DataError(
            f"no row of train would have the label {shown_names(lacking)}: replay more of the old rows with "
            f"refresh.replay, give new ones, or where it is no longer wanted 'refresh.remove=[{','.join(lacking)}]'"
        )
    found.rare = {name: learnt[name] for name in labels if learnt[name] < _FEW}
    found.unjudged = {name: tested[name] for name in labels if tested[name] < SMALL}
