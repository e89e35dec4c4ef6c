"""Where the data comes from: local files, the hub, or the embedded sample."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from distill.base.unusable_rows import Ids
from distill.data import columns as roles_of
from distill.data import files, hub
from distill.data.formats import Options
from distill.data.splits import UNLABELLED
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

Sample = Callable[[], dict[str, "Dataset"]]


@dataclass(frozen=True)
class Source:
    """What was read.

    Attributes:
        name: of the data.
        kind: hub | local | embedded.
        splits: with a column for each role of the task.
        notes: what was decided on the way, each a sentence.
        stands_in_for: what the embedded sample replaces, if it does.
        classes: the names of the hub's class numbers in the column of the labels, by number.
        columns: role to the name that its column had; of the sample, which stands in for others, none.
        numbers: of the rows in their file, in each split of which some were left out.
        ids: of all rows of the files that have a column of that name.
    """

    name: str
    kind: str
    splits: dict[str, "Dataset"]
    notes: tuple[str, ...] = ()
    stands_in_for: str | None = None
    classes: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, Sequence[int]] = field(default_factory=dict)
    ids: Ids = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What the settings ask for; see ``DataConfig``, and ``columns.Rules``."""

    name: str
    source: str
    path: str | None
    hub: str | None
    hub_config: str | None
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rules: roles_of.Rules = roles_of.Rules()  # noqa: RUF009  (nobody changes it)
    delimiter: str | None = None


def load(wanted: Wanted, roles: Mapping[str, str], named: Mapping[str, str], embedded: Sample) -> Source:
    """Read the data from where it is wanted, or from the first place that has it.

    Args:
        wanted: where to look.
        roles: role of the task to the kind of its content.
        named: role to the name of its column.
        embedded: makes the sample.

    Raises:
        DataError: it cannot be had, or cannot be used as it is.
    """
    if wanted.source == "local" or (wanted.source == "auto" and wanted.path is not None):
        found = files.read(
            Path(os.path.expanduser(cast(str, wanted.path))), wanted.files, _options(wanted.delimiter, roles)
        )
        return _taken(wanted, "local", found, roles, named, found.notes)
    if wanted.source == "hub" or (wanted.source == "auto" and wanted.hub is not None):
        splits, notes = _from_hub(wanted)
        if splits is not None:
            return _taken(wanted, "hub", splits, roles, named, notes)
    if wanted.source == "hub":
        raise DataError(
            f"{wanted.hub} is neither in the local cache nor can the hub be reached; "
            "give a folder as data.path=FOLDER, or take data.source=embedded"
        )
    return _sample(wanted, embedded, roles, named)


def unlabelled(
    file: str,
    roles: Mapping[str, str],
    named: Mapping[str, str],
    rules: roles_of.Rules,
    delimiter: str | None = None,
) -> tuple["Dataset", list[str], Sequence[int]]:
    """The inputs of the task in a file without labels, what was decided on the way, and the numbers of the rows.

    Args:
        file: of one of the kinds that splits may have, or a folder with such a file train.
        roles: role of the task's inputs to the kind of its content.
        named: role to the name of its column.
        rules: how strictly the columns are read.
        delimiter: between the fields of a table of text; none looks for it.

    Raises:
        DataError: it cannot be read, or has no such columns.
    """
    found = files.read(Path(os.path.expanduser(file)), options=_options(delimiter, roles))
    rows, rules = found["train"], rules._replace(key="data.unlabelled.columns")
    problems, absent = ({UNLABELLED: each.get("train", {})} for each in (found.problems, found.absent))
    taken = roles_of.take({UNLABELLED: rows}, roles, named, file, rules, problems, absent)
    numbers = taken.numbers.get(UNLABELLED, range(1, len(rows) + 1))
    return taken.splits[UNLABELLED], [*found.notes, *taken.notes], numbers


def _options(delimiter: str | None, roles: Mapping[str, str]) -> Options:
    return Options(delimiter, words="texts" in roles.values(), labelled="tags" in roles.values())


def _taken(
    wanted: Wanted,
    kind: str,
    splits: Mapping[str, "Dataset"],
    roles: Mapping[str, str],
    named: Mapping[str, str],
    notes: Sequence[str] = (),
) -> Source:
    source = str(wanted.path if kind == "local" else wanted.hub)
    problems, absent = (splits.problems, splits.absent) if isinstance(splits, files.Files) else (None, None)
    taken = roles_of.take(splits, roles, named, source, wanted.rules, problems, absent)
    name = wanted.name
    if kind == "local" and wanted.hub is not None:  # files of the user's own are not the hub's data of that name
        name = Path(source).expanduser().resolve().name.split(".")[0]
    said = (*notes, *taken.notes)
    classes = tuple(taken.classes)
    return Source(
        name, kind, taken.splits, said, classes=classes, columns=taken.columns, numbers=taken.numbers, ids=taken.ids
    )  # fmt: skip


def _sample(wanted: Wanted, embedded: Sample, roles: Mapping[str, str], named: Mapping[str, str]) -> Source:
    if wanted.source == "embedded":
        return Source("embedded sample", "embedded", roles_of.sampled(embedded(), roles, named, wanted.rules.exact))
    missing = "neither data.path nor data.hub is given"
    if wanted.hub is not None:
        missing = f"{wanted.hub} is neither in the local cache nor can the hub be reached"
    note = (
        f"{missing}: the embedded sample, made by a grammar, "
        f"stands in for {wanted.name}; its figures say nothing about {wanted.name}"
    )
    sample = roles_of.sampled(embedded(), roles, named, wanted.rules.exact)
    return Source(wanted.name, "embedded", sample, (note,), stands_in_for=wanted.name)


def _from_hub(wanted: Wanted) -> tuple[dict[str, "Dataset"] | None, Sequence[str]]:
    """The hub's splits, from the cache where there is no network; none where neither has them."""
    reachable = hub.reachable()  # before the import below, which reads what it decides
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError

    try:
        loaded = load_dataset(cast(str, wanted.hub), wanted.hub_config)
    except (ValueError, OSError, DatasetsError) as error:
        if reachable:
            said = [*str(error).splitlines(), type(error).__name__][0]
            raise DataError(f"{wanted.hub} cannot be read from the hub: {said}") from error
        return None, ()
    return files.named_splits(loaded, wanted.files, cast(str, wanted.hub))
