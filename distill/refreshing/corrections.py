"""Read a file of right labels, by the ids of the rows whose labels are wrong."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from distill.base.terminal_text import name as shown_name
from distill.base.terminal_text import names as shown_names
from distill.base.terminal_text import shown
from distill.config.schema import Config
from distill.data import sources
from distill.data.columns import Rules
from distill.errors import ConfigError, DataError
from distill.refreshing.named_rows import NamedRows
from distill.tasks import task
from distill.tasks.labels import is_number

_KEY = "refresh.corrections"


def read(config: Config, file: str | None) -> dict[str, Any]:
    """Return id to right label, as names; nothing where there is no file.

    Args:
        config: settings of the run whose rows are corrected.
        file: CSV, TSV, JSON lines or Parquet, with the columns id and label.

    Raises:
        ConfigError: the task has no labels that could be given so.
        DataError: the file cannot be read, has no ids, or one twice.
    """
    if file is None:
        return {}
    module, data = task(config.task), config.data
    kind = module.roles.get("label", "")
    if kind not in ("label", "labels", "score", "tags"):
        raise ConfigError(f"{_KEY}={file}: rows of {config.task} are corrected in the data itself")
    named = {"label": data.columns["label"]} if "+" not in data.columns.get("label", "+") else {}
    try:
        read = sources.labelled(file, "corrections", {"label": kind}, named, Rules(), data.delimiter)
    except DataError as error:
        raise DataError(f"{_KEY}={file}: {error}") from error
    if "corrections" not in read.ids:  # of a file without ids it holds nothing
        raise DataError(f"{_KEY}={file}: has no column id, which says whose label is right")
    names = {str(label): str(name) for label, name in (data.labels or {}).items()}
    keys = [str(each) for each in read.ids["corrections"]]
    if twice := [key for key, count in Counter(keys).items() if count > 1]:
        raise DataError(f"{_KEY}={file}: the id {shown_name(twice[0])} stands there {Counter(keys)[twice[0]]} times")
    labels = read.splits["corrections"]["label"][:]
    return {key: _right(label, kind, names, key, file) for key, label in zip(keys, labels, strict=True)}


def _right(label: Any, kind: str, names: dict[str, str], key: str, file: str) -> Any:  # noqa: ANN401 - of any task
    if kind == "score":
        if not is_number(label):
            raise DataError(f"{_KEY}={file}: the score of {shown_name(key)} is {shown(str(label))}, no number")
        return float(label)
    if kind == "label":
        return names.get(str(label), str(label))
    return [names.get(str(each), str(each)) for each in label]


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
        self.what = what
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
            if each in right and not _same(right[each], labels[place], ordered="tokens" in rows.columns):
                self._refuse_length(rows, place, right[each])
                self.counts[said(labels[place]), said(right[each])] += 1
                labels[place] = right[each]
                places.append(place)
        self.splits[split], self.changed[split] = rows.labelled(labels), places

    def _refuse_length(self, rows: NamedRows, place: int, label: Any) -> None:  # noqa: ANN401 - of any task
        words = rows.columns["tokens"][place] if "tokens" in rows.columns else label
        if isinstance(label, list) and len(label) != len(words):
            name = shown_name((rows.ids or [])[place])
            raise ConfigError(f"{self.what}: {name} has {len(words)} words, and gets {len(label)} tags")

    @property
    def summary(self) -> list[tuple[str, str, int]]:
        """Old label, new label and how often, the most frequent first."""
        return [(*pair, count) for pair, count in self.counts.most_common()]


def ids_of_both(old: Mapping[str, NamedRows], new: Mapping[str, NamedRows]) -> list[str]:
    """Return a note where new rows have ids of old ones, by which the next corrections could mean either."""
    before, after = ({each for rows in of.values() for each in rows.ids or ()} for of in (old, new))
    both = sorted(before & after)
    if not both:
        return []
    return [
        f"{len(both):,} ids are of old and of new rows, such as {shown_names(both[:3])}: later refresh.corrections "
        "cannot tell these rows apart"
    ]


def _same(one: Any, other: Any, *, ordered: bool) -> bool:  # noqa: ANN401 - of any task
    """Return whether two labels are the same; of several labels of a row the order says nothing, unless of tags."""
    if isinstance(one, list) and not ordered:
        return set(one) == set(other)
    return bool(one == other)


def said(label: Any) -> str:  # noqa: ANN401 - of any task
    """Return a label of any task in words."""
    return ", ".join(map(str, label)) or "(none)" if isinstance(label, list) else str(label)
