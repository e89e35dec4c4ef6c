"""Read the files of a run's labellers, and of the labels that people have checked, against the rows of the data."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from datasets import Dataset

from distill.config.answers import EMBEDDED
from distill.config.schema import Config
from distill.data.answers import reading
from distill.data.answers.matching import Rows
from distill.data.answers.reading import Answer, abstains, compared, plain
from distill.data.answers.saying import UnusableError, Vocabulary
from distill.data.embedded import labeller
from distill.data.sources import Source
from distill.errors import DataError
from distill.tasks import Task

LABEL = "label"


def answers_of(config: Config, source: Source, task: Task, sample: Mapping[str, Dataset], path: str) -> list[Answer]:
    """Read a file of answers, or take those of the embedded labeller."""
    if path == EMBEDDED:
        return labeller.answers(sample["train"][:], list(task.inputs))
    return reading.read(path, _columns(config, source, task), config.data.columns.get(LABEL))


def checked_labels(
    config: Config, source: Source, task: Task, sample: Mapping[str, Dataset], path: str, others: Iterable[Answer]
) -> list[Answer]:
    """Read the labels that people have checked, each with the inputs of its row.

    Args:
        config: the settings.
        source: the data.
        task: says what inputs are.
        sample: the embedded sample.
        path: of the file.
        others: answers in which a row may stand that is known by its id alone.

    Raises:
        DataError: a row has no label, or is not to be found.
    """
    if path == EMBEDDED:
        return labeller.gold(sample["train"][:], list(task.inputs))
    rows = reading.read(path, _columns(config, source, task), config.data.columns.get(LABEL))
    for row in rows:
        if row.content is None:
            raise DataError(f"{row.called} has no label: a gold row is one whose label somebody has checked")
    by_id = _values_by_id(source, task, others) if any(not row.values for row in rows) else {}
    found = [row if row.values else _found(row, by_id) for row in rows]
    seen: dict[object, Answer] = {}
    for row in found:
        if (other := seen.setdefault(row.inputs, row)) is not row:
            raise DataError(f"{other.place} and {row.place.rpartition(' line ')[2]} are the same gold row")
    return found


def row_ids(source: Source, split: str) -> list[str] | None:
    """Return the ids of the rows of a split that are left, or none where its file has none."""
    if split not in source.ids:
        return None
    ids = [plain(value) for value in source.ids[split]]
    numbers = source.numbers.get(split)
    return ids if numbers is None else [ids[number - 1] for number in numbers]


def inputs_of(rows: Dataset, task: Task) -> list[reading.Inputs]:
    """Return the inputs of rows as they are compared."""
    return [compared(values) for values in zip(*(rows[role][:] for role in task.inputs), strict=True)]


def rows_of(source: Source, task: Task, split: str) -> Rows:
    """Return a split as answers are matched with it."""
    return Rows(row_ids(source, split), inputs_of(source.splits[split], task))


def vocabulary_of(
    config: Config, source: Source, task: Task, names: Mapping[str, str], checked: Sequence[Answer]
) -> list[str]:
    """Return the labels that the data is known to have, as its files call them; nothing where none says so."""
    if task.roles[LABEL] == "score":
        return []
    known = dict.fromkeys(map(str, config.data.labels or {}))
    for rows in source.splits.values():
        if LABEL in rows.column_names:
            known |= dict.fromkeys(_leaves(rows[LABEL][:]))
    by_name = {name: label for label, name in names.items()}
    of_gold = (by_name.get(label, label) for label in _leaves(row.content for row in checked))
    return list(known | dict.fromkeys(of_gold))


def answered_labels(files: Iterable[Sequence[Answer]], mapped: Mapping[str, str]) -> list[str]:
    """Return the labels that answers name, in the order of the alphabet, where nothing else says which there are."""
    said = (mapped.get(label, label) for answers in files for label in _leaves(answer.content for answer in answers))
    return sorted({label for label in said if not abstains(label)})


def checked_value(row: Answer, task: Task, vocabulary: Vocabulary) -> object:
    """Return the label of a gold row as the files of the data have it.

    Raises:
        DataError: it is none of the data's.
    """
    kind, content = task.roles[LABEL], row.content
    try:
        if kind == "score":
            return content
        if kind == "label":
            return vocabulary.label(content)
        return [vocabulary.label(each) for each in (content if isinstance(content, list) else [content])]
    except UnusableError as error:
        raise DataError(f"{row.called} {error}; it has {vocabulary.called}") from error


def _leaves(values: Iterable[object]) -> Iterator[str]:
    """Yield all labels in labels, lists of labels, and probabilities by label."""
    for value in values:
        if isinstance(value, list | Mapping):
            yield from _leaves(value)
        elif value is not None:
            yield plain(value)


def _columns(config: Config, source: Source, task: Task) -> dict[str, list[str]]:
    """Return the names under which a file may have each input of the task, the likeliest first."""
    first = next(iter(task.inputs))
    return {
        role: list(
            dict.fromkeys(
                filter(
                    None,
                    (role, source.columns.get(role), config.data.columns.get(role), "text" if role == first else None),
                )
            )
        )
        for role in task.inputs
    }


def _values_by_id(source: Source, task: Task, others: Iterable[Answer]) -> dict[str, dict[str, object]]:
    """Return the inputs of each row that is known by an id, in the data or in answers."""
    found: dict[str, dict[str, object]] = {}
    for split, rows in source.splits.items():
        columns = {role: rows[role][:] for role in task.inputs}
        for number, name in enumerate(row_ids(source, split) or ()):
            found.setdefault(name, {role: values[number] for role, values in columns.items()})
    for answer in others:
        if answer.id is not None and answer.values:
            found.setdefault(answer.id, dict(answer.values))
    return found


def _found(row: Answer, by_id: Mapping[str, Mapping[str, object]]) -> Answer:
    """Return a gold row with its inputs."""
    if row.id is None or row.id not in by_id:
        raise DataError(f"{row.called} is no row of the data: give its text beside its label")
    return replace(row, values=by_id[row.id])
