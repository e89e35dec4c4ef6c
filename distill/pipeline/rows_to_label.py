"""The rows that are to be labelled, and the labels that they may get, by the settings of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from datasets import Dataset

from distill.base.terminal_text import names, shown
from distill.config.label import SPLITS, LabelConfig
from distill.data.answers.reading import plain
from distill.data.prepared import Prepared
from distill.data.text_file import TextFile
from distill.errors import ColumnError, DataError
from distill.labelling.questions import Row
from distill.pipeline.prepare_data import load, prepare
from distill.tasks import task

_TRAIN = "train"


@dataclass(frozen=True)
class ToLabel:
    """What is to be labelled.

    Attributes:
        rows: in their order.
        labels: name to what it means; empty where the task has none.
        notes: what has to be known of them, each a sentence.
    """

    rows: list[Row]
    labels: Mapping[str, str]
    notes: tuple[str, ...] = ()


def rows_to_label(config: LabelConfig) -> ToLabel:
    """Read rows and labels; the data of the run is read where either comes from it.

    Raises:
        DataError: they cannot be had.
    """
    chosen, labels = config.chosen_rows, dict(config.labeller.labels)
    scored = "score" in task(config.task).roles.values()
    data = None
    if chosen in SPLITS or not (labels or scored):
        try:
            data = prepare(config)
        except DataError:
            if (fresh := _never_labelled(config, labels, scored=scored)) is None:
                raise
            return fresh
        if data.stands_in_for is not None and chosen not in SPLITS:
            raise DataError(
                f"rows={chosen}: the labels are those of no data that is there; give them as +labeller.labels.NAME=... "
                f"or the data as data.path=FOLDER"
            )
        labels = labels or dict.fromkeys(data.labels, "")
    if data is None or chosen not in SPLITS:
        rows, notes = _of_file(config)
    else:
        rows, notes = _of_split(data, chosen, config), data.notes
    _refuse_doubled(rows, chosen)
    return ToLabel(rows, labels, (*notes, *_strangers(data, labels)))


def _never_labelled(config: LabelConfig, labels: Mapping[str, str], *, scored: bool) -> ToLabel | None:
    """Return the rows of train where nobody has labelled any yet; none where that is not why the data cannot be read.

    A run that a file of answers teaches reads such data, too.

    Raises:
        DataError: the texts cannot be used either, or nothing names the labels.
    """
    if config.chosen_rows != _TRAIN:
        return None
    source = load(config, labels_of_train="optional")
    train = source.splits[_TRAIN]
    if "label" in train.column_names:
        return None
    if not (labels or scored):
        raise DataError("train has no labels: say which ones there are as +labeller.labels.NAME=...")
    rows = _rows(train, source.ids.get(_TRAIN), config)
    _refuse_doubled(rows, _TRAIN)
    return ToLabel(rows, labels, source.notes)


def _refuse_doubled(rows: Sequence[Row], chosen: str) -> None:
    """Refuse rows of one id before anybody is asked: their answers could not be told apart.

    Raises:
        DataError: there are some.
    """
    seen: set[str] = set()
    for name in (plain(row.id) for row in rows if row.id is not None):
        if name in seen:
            raise DataError(f"rows={chosen}: two rows have the id {shown(name)}; give each one of its own, or none any")
        seen.add(name)


def _of_file(config: LabelConfig) -> tuple[list[Row], tuple[str, ...]]:
    """Return the rows of a file, and a sentence on those that were left out."""
    module = task(config.task)
    columns = {role: name for role, name in config.data.columns.items() if role in module.inputs}
    path = Path(config.chosen_rows).expanduser()
    file = TextFile(path, module.inputs, columns, problem=module.problem, drops_bad=config.data.drops_bad)
    try:
        rows = [Row(inputs, name) for inputs, name in islice(file.rows(), config.limit)]
    except ColumnError as error:
        raise DataError(str(error).replace(" with columns.", " with data.columns.")) from error
    if not rows:
        raise DataError(f"rows={path}: has no row that can be labelled")
    return rows, (f"{file.dropped:,} rows of {path} that cannot be used are left out",) if file.dropped else ()


def _of_split(data: Prepared, split: str, config: LabelConfig) -> list[Row]:
    """Return the rows of a split, with the ids that the data has of them."""
    if split not in data.splits:
        raise DataError(f"rows={split}: the data has no such split; it has {', '.join(data.splits)}")
    return _rows(data.splits[split], data.ids.get(split), config)


def _rows(split: Dataset, ids: Sequence[str] | None, config: LabelConfig) -> list[Row]:
    rows = enumerate(islice(iter(split.select_columns(list(task(config.task).inputs))), config.limit))
    return [Row(dict(inputs), None if ids is None else ids[number]) for number, inputs in rows]


def _strangers(data: Prepared | None, labels: Mapping[str, str]) -> list[str]:
    """Say which labels the data does not have, where it has any: nobody can be scored on them."""
    if data is None or not data.labels or not (new := [name for name in labels if name not in data.labels]):
        return []
    return [f"the data does not have the labels {names(new)}; it has {names(data.labels)}"]
