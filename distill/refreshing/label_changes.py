"""What becomes of labels where new data arrives: which stay, are renamed, or are new, and which would be guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from distill.base.terminal_text import name as shown_name
from distill.base.terminal_text import names as shown_names
from distill.config.refresh import RefreshSettings
from distill.errors import ConfigError, DataError
from distill.refreshing import named_rows
from distill.refreshing.named_rows import NamedRows


@dataclass
class Findings:
    """What was found while rows were put together, for report and console.

    Attributes:
        rows: of train: old ones that there are and that are replayed, and new ones; of the split that is judged, both.
        corrected: old label, new label, and how often.
        superseded: old rows of train whose text is among the new ones.
        new_labels: labels that no old row has.
        removed: labels that are no longer wanted, and how many old rows were left out.
        unseen: old labels that no new row has.
        rare: labels with too few rows of train to learn, and how many.
        unjudged: labels with too few rows to judge, and how many.
        notes: what else was decided.
    """

    rows: dict[str, int] = field(default_factory=dict)
    corrected: list[tuple[str, str, int]] = field(default_factory=list)
    superseded: int = 0
    new_labels: list[str] = field(default_factory=list)
    removed: dict[str, int] = field(default_factory=dict)
    unseen: list[str] = field(default_factory=list)
    rare: dict[str, int] = field(default_factory=dict)
    unjudged: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def renaming(settings: RefreshSettings, labels: Sequence[str]) -> dict[str, str]:
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


def all_labels(
    before: Mapping[str, NamedRows],
    after: Mapping[str, NamedRows],
    names: Sequence[str],
    kind: str,
    settings: RefreshSettings,
    found: Findings,
) -> list[str]:
    """Return the names of all labels, and refuse where it would have to be guessed what became of one.

    Args:
        before: the old rows, corrected and renamed.
        after: the new ones.
        names: of the labels of the run.
        kind: of the task's labels.
        settings: what is renamed and expected.
        found: takes what is new, and what no new row has.

    Raises:
        ConfigError: a label that was announced is not there.
        DataError: a label is gone and another has come, or the labels cannot be learnt.
    """
    if not named_rows.names_in_any(kind):
        return []
    kept = [settings.rename.get(name, name) for name in names if name not in settings.remove]
    in_old, in_new = (named_rows.counted(rows.values(), kind) for rows in (before, after))
    known = [*kept, *sorted(name for name in in_old if name not in kept)]  # corrections may bring some
    brought = [name for name in known if name not in kept]
    if doubtful := [name for name in brought if name not in in_new and name not in settings.new_labels]:
        raise ConfigError(
            f"refresh.corrections={settings.corrections}: no other row has the label {shown_names(doubtful)}; is it a "
            f"further one, 'refresh.new_labels=[{','.join(doubtful)}]'"
        )
    if again := [name for name in settings.remove if name in in_new]:
        raise DataError(
            f"refresh.remove: {in_new[again[0]]:,} new rows have the label {shown_name(again[0])}; leave them out, or "
            "keep the label"
        )
    come = sorted(name for name in in_new if name not in known)
    gone = [name for name in kept if name not in in_new]
    if strangers := [name for name in settings.new_labels if name not in in_new and name not in brought]:
        raise ConfigError(
            f"refresh.new_labels: no new row has the label {shown_name(strangers[0])}; they have "
            f"{shown_names(sorted(in_new))}"
        )
    _refuse_to_guess([name for name in come if name not in settings.new_labels], gone)
    found.new_labels, found.unseen = [*brought, *come], gone
    if gone:
        found.notes.append(
            f"no new row has {shown_names(gone)}: of such labels only old rows are learnt "
            f"('refresh.remove=[{','.join(gone)}]' where they are no longer wanted)"
        )
    return [*known, *come]


def _refuse_to_guess(unexplained: Sequence[str], gone: Sequence[str]) -> None:
    """Refuse labels that have come while others are gone, since they may be the same under other names."""
    if gone and unexplained:
        raise DataError(
            f"the new data has the label {shown_names(unexplained)}, which the run does not know, and no row of "
            f"{shown_names(gone)}, which it knows: is it the same under another name, give "
            f"'refresh.rename={{{gone[0]}: {unexplained[0]}}}'; is it a further one, "
            f"'refresh.new_labels=[{','.join(unexplained)}]', with which {shown_names(gone)} stays, of old rows, or "
            f"goes where 'refresh.remove=[{','.join(gone)}]' is given, too"
        )


def without_removed(
    rows: NamedRows, kind: str, settings: RefreshSettings, found: Findings
) -> tuple[NamedRows, list[int]]:
    """Return rows without the labels that are no longer wanted, and the places that those had which stay.

    A row of one label is left out with it; one of several keeps the others.
    """
    unwanted = set(settings.remove)
    having = [unwanted.intersection(named_rows.names_in(label, kind)) for label in rows.labels]
    for name in settings.remove:
        found.removed[name] = found.removed.get(name, 0) + sum(name in each for each in having)
    if kind == "labels":
        return rows.labelled([[each for each in label if each not in unwanted] for label in rows.labels]), [
            *range(len(rows))
        ]
    places = [place for place, each in enumerate(having) if not each]
    return rows.at(places), places


def refuse_removal(settings: RefreshSettings, names: Sequence[str], kind: str) -> None:
    """Refuse labels to remove that are none, or that cannot be.

    Raises:
        ConfigError: there are such.
    """
    if not settings.remove:
        return
    said = f"refresh.remove=[{','.join(settings.remove)}]"
    if kind not in ("label", "labels"):
        what = "tags are changed in the data itself" if kind == "tags" else "its task has no labels"
        raise ConfigError(f"{said}: {what}")
    if strangers := [name for name in settings.remove if name not in names]:
        raise ConfigError(f"{said}: the run has no label {shown_name(strangers[0])}; it has {shown_names(list(names))}")
    if both := [name for name in settings.remove if name in settings.rename]:
        raise ConfigError(f"{said}: {shown_name(both[0])} is renamed as well; leave one of the two out")
    if len(set(names) - set(settings.remove)) < (2 if kind == "label" else 1):
        raise ConfigError(f"{said}: too few labels would be left to tell apart")
