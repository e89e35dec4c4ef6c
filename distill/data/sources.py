"""The sources of data: local files, the hub, or the embedded sample."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from distill.base.segmentation import Words
from distill.base.unusable_rows import Ids
from distill.data import columns as roles_of
from distill.data import contents, files, hub, unlabelled_train
from distill.data.cells import is_written
from distill.data.formats import Options, annotation_tools
from distill.data.splits import UNLABELLED
from distill.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

_TEXT = "text"
Sample = Callable[[], dict[str, "Dataset"]]


@dataclass(frozen=True)
class Source:
    """Data as it was read from its source, with a column for each role of the task.

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
        files: the splits with all columns, as they were read.
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
    files: Mapping[str, "Dataset"] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """The data that the settings ask for; see ``DataConfig``, and ``columns.Rules``.

    ``train_labels`` is read, optional (train may have none) or replaced (they are not read).
    """

    name: str
    source: str
    path: str | None
    hub: str | None
    hub_config: str | None
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rules: roles_of.Rules = roles_of.Rules()  # noqa: RUF009  (nobody changes it)
    delimiter: str | None = None
    train_labels: str = "read"


def load(request: Wanted, roles: Mapping[str, str], named: Mapping[str, str], embedded: Sample) -> Source:
    """Read the data from the source that the settings name, or from the first source that has it.

    Args:
        request: where to look.
        roles: role of the task to the kind of its content.
        named: role to the name of its column.
        embedded: makes the sample.

    Raises:
        DataError: it cannot be had, or cannot be used as it is.
    """
    if request.source == "local" or (request.source == "auto" and request.path is not None):
        local_files = files.read(
            Path(os.path.expanduser(cast(str, request.path))), request.files, _options(request.delimiter, roles, named)
        )
        return _source_of_splits(request, "local", local_files, roles, named, local_files.notes)
    if request.source == "hub" or (request.source == "auto" and request.hub is not None):
        splits, notes = _from_hub(request)
        if splits is not None:
            return _source_of_splits(request, "hub", splits, roles, named, notes)
    if request.source == "hub":
        raise DataError(
            f"{request.hub} is neither in the local cache nor can the hub be reached; "
            "give a folder as data.path=FOLDER, or take data.source=embedded"
        )
    return _sample(request, embedded, roles, named)


def unlabelled(
    file: str,
    roles: Mapping[str, str],
    named: Mapping[str, str],
    rules: roles_of.Rules,
    delimiter: str | None = None,
) -> tuple["Dataset", list[str], Sequence[int]]:
    """Read the inputs of the task from a file without labels.

    Returns the rows, a sentence for each decision, and the numbers of the rows in the file.

    Args:
        file: of one of the kinds that splits may have, or a folder with such a file train.
        roles: role of the task's inputs to the kind of its content.
        named: role to the name of its column.
        rules: how strictly the columns are read.
        delimiter: between the fields of a table of text; none looks for it.

    Raises:
        DataError: it cannot be read, or has no such columns.
    """
    options = replace(_options(delimiter, roles, named), whole=True)
    unlabelled_files = files.read(Path(os.path.expanduser(file)), options=options)
    rows = _with_words(unlabelled_files["train"], roles)
    rules = rules._replace(key="data.unlabelled.columns", endings=unlabelled_files.endings)
    problems = {UNLABELLED: unlabelled_files.problems.get("train", {})}
    absent = {UNLABELLED: unlabelled_files.absent.get("train", {})}
    by_role = roles_of.take({UNLABELLED: rows}, roles, named, file, rules, problems, absent)
    numbers = by_role.numbers.get(UNLABELLED, range(1, len(rows) + 1))
    return by_role.splits[UNLABELLED].select_columns(list(roles)), [*unlabelled_files.notes, *by_role.notes], numbers


def _with_words(rows: "Dataset", roles: Mapping[str, str]) -> "Dataset":
    """Return rows with the words of texts as they were written, in a column ``text``, for a task that reads words."""
    if "texts" not in roles.values() or _TEXT not in rows.column_names:
        return rows
    texts: Sequence[object] = rows[_TEXT][:]
    if not all(text is None or is_written(text) for text in texts):
        return rows
    return contents.replaced(rows, _TEXT, [text if text is None else list(Words(str(text))) for text in texts])


def labelled(
    file: str,
    name: str,
    roles: Mapping[str, str],
    named: Mapping[str, str],
    rules: roles_of.Rules,
    delimiter: str | None = None,
) -> roles_of.RoleColumns:
    """Read further rows with labels from a file, or from the test split of a folder, else validation, else train.

    Args:
        file: of one of the kinds that splits may have, or a folder of such files.
        name: what the rows are called.
        roles: role of the task to the kind of its content.
        named: role to the name of its column.
        rules: how strictly the columns are read.
        delimiter: between the fields of a table of text; none looks for it.

    Raises:
        DataError: it cannot be read, or has no such columns.
    """
    found = files.read(Path(os.path.expanduser(file)), options=_options(delimiter, roles, named))
    split = next(each for each in ("test", "validation", "train") if each in found)
    problems, absent = ({"train": parts.get(split, {})} for parts in (found.problems, found.absent))
    rules, own = rules._replace(endings=found.endings), {"train": found[split]}  # by its own labels
    read = roles_of.take(own, roles, named, file, rules, problems, absent)
    numbers, ids = ({name: rows["train"]} if "train" in rows else {} for rows in (read.numbers, read.ids))
    return read._replace(splits={name: read.splits["train"]}, numbers=numbers, ids=ids)


def _options(delimiter: str | None, roles: Mapping[str, str], named: Mapping[str, str]) -> Options:
    kinds = set(roles.values())
    return Options(
        delimiter,
        words="texts" in kinds,
        labelled="tags" in kinds,
        marked="marked" in kinds,
        answers=named.get("label") == annotation_tools.ANSWER,
        several=bool(kinds & {"labels", "target"}),
        chats="turns" in kinds,
    )


def _source_of_splits(
    request: Wanted,
    kind: str,
    splits: Mapping[str, "Dataset"],
    roles: Mapping[str, str],
    named: Mapping[str, str],
    notes: Sequence[str] = (),
) -> Source:
    source = str(request.path if kind == "local" else request.hub)
    rules = request.rules._replace(endings=splits.endings if isinstance(splits, files.Files) else ())
    problems, absent = (splits.problems, splits.absent) if isinstance(splits, files.Files) else (None, None)
    take = roles_of.take
    if request.train_labels != "read":
        take = partial(unlabelled_train.take, replaced=request.train_labels == "replaced")
    by_role = take(splits, roles, named, source, rules, problems, absent)
    if roles.get("label") == "label" and request.train_labels == "read":
        annotation_tools.refuse_one_label(by_role.splits["train"]["label"], notes, source)
    name = request.name
    if kind == "local" and request.hub is not None:  # files of the user's own are not the hub's data of that name
        name = Path(source).expanduser().resolve().name.split(".")[0]
    return Source(
        name,
        kind,
        by_role.splits,
        (*notes, *by_role.notes),
        classes=tuple(by_role.classes),
        columns=by_role.columns,
        numbers=by_role.numbers,
        ids=by_role.ids,
        files=splits,
    )


def _sample(request: Wanted, embedded: Sample, roles: Mapping[str, str], named: Mapping[str, str]) -> Source:
    files_of_sample = embedded()
    sample = roles_of.sampled(files_of_sample, roles, named, request.rules.exact)
    if request.train_labels == "replaced":
        sample = unlabelled_train.without_labels(sample)
    if request.source == "embedded":
        return Source("embedded sample", "embedded", sample, files=files_of_sample)
    missing = "neither data.path nor data.hub is given"
    if request.hub is not None:
        missing = f"{request.hub} is neither in the local cache nor can the hub be reached"
    note = (
        f"{missing}: the embedded sample, made by a grammar, "
        f"stands in for {request.name}; its figures say nothing about {request.name}"
    )
    return Source(request.name, "embedded", sample, (note,), stands_in_for=request.name, files=files_of_sample)


def _from_hub(request: Wanted) -> tuple[dict[str, "Dataset"] | None, Sequence[str]]:
    """The hub's splits, from the cache where there is no network; none where neither has them."""
    reachable = hub.reachable()  # before the import below, which reads what it decides
    from datasets import load_dataset
    from datasets.exceptions import DatasetsError

    try:
        loaded = load_dataset(cast(str, request.hub), request.hub_config)
    except (ValueError, OSError, DatasetsError) as error:
        if reachable:
            reason = [*str(error).splitlines(), type(error).__name__][0]
            raise DataError(f"{request.hub} cannot be read from the hub: {reason}") from error
        return None, ()
    return files.named_splits(loaded, request.files, cast(str, request.hub))
