"""Examples to be explained: texts, the rows of a file, or those of a run on which teacher and student part."""

import json
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from distill.base.terminal_text import name as called
from distill.data import objects, streaming
from distill.data.inputs import ID, Inputs
from distill.errors import DataError, ModelError
from distill.inference import side_by_side
from distill.inference.predictor import Predictor

PARTED = "disagreements.jsonl"
"""The file of a run that has the examples on which teacher and student part."""
_LABEL = "label"


class Example(NamedTuple):
    """An example to be explained.

    Attributes:
        id: what it is called.
        row: the task's inputs.
        gold: what is right; none where that is not known.
        kind: in which way teacher and student part; empty where that is not known.
    """

    id: object
    row: Mapping[str, Any]
    gold: object = None
    kind: str = ""


def of_texts(model: Predictor, texts: Sequence[str]) -> list[Example]:
    """Return examples that are written on a command line: each argument is one, where the task has a single input.

    Raises:
        DataError: they are too few or too many, or one cannot be read.
    """
    each = [[text] for text in texts] if len(model.task.inputs) == 1 else [list(texts)]
    return [Example(number, side_by_side.example(model, one)) for number, one in enumerate(each, 1)]


def of_file(model: Predictor, file: Path, columns: Mapping[str, str]) -> list[Example]:
    """Return the rows of a file, with what is right where it has a column for that.

    Args:
        model: whose inputs and labels they are.
        file: of any kind that predictions read.
        columns: input, ``id`` or ``label`` to the name of its column.

    Raises:
        DataError: a row lacks an input or a label, or holds one that is none.
    """
    module, wanted = model.task, dict(columns)
    label = wanted.pop(_LABEL, None)
    inputs = Inputs(module.inputs, model.trained, wanted, module.problem)
    inputs.refuse_strangers()
    found = []
    for number, row in streaming.read(file, inputs=module.inputs.values()):
        where = f"line {number} of {file}"
        example = inputs.example(row, where)
        found.append(Example(inputs.id(row, number, where), example, _gold(model, row, label, where)))
    if not found:
        raise DataError(f"{file} has no row")
    return found


def _gold(model: Predictor, row: Mapping[str, Any], column: str | None, where: str) -> object:
    """Return what is right of a row; none where no column was named and its own is not there, or says something else.

    Raises:
        DataError: the column that was named is not there, or does not hold a label.
    """
    if column is None and not objects.has(row, _LABEL):
        return None
    if column is not None and not objects.has(row, column):
        raise DataError(f"{where} has no {called(column)}; columns.label=NAME says which column has the label")
    value: Any = objects.value(row, column or _LABEL)
    labels = model.form.labels
    fits = _fits(value, model)
    if not fits and column is not None:
        raise DataError(
            f"{where}: {called(column)} holds {called(str(value))}; allowed is {', '.join(labels) or 'a number'}"
        )
    return value if fits else None


def _fits(value: Any, model: Predictor) -> bool:  # noqa: ANN401
    """Return whether a value is what a model of the task would say."""
    kind, labels = model.task.roles.get(_LABEL), model.form.labels
    if kind in ("labels", "tags"):
        return isinstance(value, list) and set(value) <= set(labels)
    if kind == "score":
        return isinstance(value, int | float)
    return value in labels


def parted(run: Path, inputs: Collection[str], count: int) -> list[Example]:
    """Return examples of a run on which teacher and student part, as many as are wanted and there.

    Args:
        run: its folder.
        inputs: of the task.
        count: how many at most.

    Raises:
        ModelError: the run has none, or its file is damaged.
    """
    file = run / PARTED
    if not file.is_file():
        raise ModelError(
            f"model={run}: there is no {PARTED}, which a run has where teacher and student part on some of its test "
            "rows; give texts, or input=FILE"
        )
    with file.open(encoding="utf-8") as lines:
        try:
            rows = [json.loads(line) for line in islice(lines, count)]
            return [
                Example(row[ID], {name: row["inputs"][name] for name in inputs}, row["gold"], str(row["kind"]))
                for row in rows
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{file} is damaged; run the stage evaluate again, or give texts") from error
