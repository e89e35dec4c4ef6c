"""Read a file of right labels, by the ids of the rows whose labels are wrong."""

from collections import Counter
from typing import Any

from distill.base.terminal_text import name as shown_name
from distill.base.terminal_text import shown
from distill.config.schema import Config
from distill.data import sources
from distill.data.columns import Rules
from distill.errors import ConfigError, DataError
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
