"""Read labelled rows of other domains, on which a run's models are scored as on its own test split."""

from collections.abc import Sequence
from dataclasses import replace

from datasets import Dataset

from distill.config.schema import Config
from distill.data import sources
from distill.data.arrow import keeping
from distill.data.columns import Rules
from distill.data.sources import Source
from distill.errors import DataError
from distill.tasks import Options, task
from distill.tasks.labels import replaced as replaced_column


def read(
    config: Config, source: Source, options: Options, labels: Sequence[str]
) -> tuple[dict[str, Dataset], list[str]]:
    """Return the rows of each other domain by its name, with the labels' numbers, and what was noted.

    Args:
        config: names the files.
        source: the run's own data, whose train says which labels there are.
        options: by which that was read.
        labels: of the run.

    Raises:
        DataError: a file cannot be read, or has other labels.
    """
    domains, notes = {}, []
    for name, path in config.evaluate.also.items():
        try:
            domains[name], of_domain = _domain(config, name, path, source, options, labels)
        except DataError as error:
            raise DataError(f"evaluate.also.{name}={path}: {error}") from error
        notes += [f"{name}: {note}" for note in of_domain]
    return domains, notes


def _domain(
    config: Config, name: str, path: str, source: Source, options: Options, labels: Sequence[str]
) -> tuple[Dataset, list[str]]:
    data, module = config.data, task(config.task)
    rules = Rules(data.drops_bad, data.max_characters, (), data.labels or {})
    by_role = sources.labelled(path, name, module.roles, data.columns, rules, data.delimiter)
    own = {"train": source.splits["train"]}
    if module.roles.get("label") == "label":
        by_role = by_role._replace(splits={name: by_own_names(by_role.splits[name], own["train"], options)})
    of_domain = replace(options, numbers={**options.numbers, **by_role.numbers}, ids={**options.ids, **by_role.ids})
    read = module.read({**own, **by_role.splits}, of_domain)
    if list(read.labels) != list(labels):
        raise DataError(f"its labels would be {', '.join(read.labels)}, but those of the data are {', '.join(labels)}")
    rows = read.splits[name]
    if module.expand is not None:
        with keeping():
            rows = module.expand(rows)
    known = {*source.notes, *module.read(own, options).notes}
    return rows, [note for note in (*by_role.notes, *read.notes) if note not in known]


def by_own_names(rows: Dataset, train: Dataset, options: Options) -> Dataset:
    """Return rows whose labels are those of the run's files, where theirs are the names that the settings give them."""
    known = set(map(str, train["label"][:]))
    own = {name: label for label, name in options.labels.items() if label in known and name not in known}
    labels = rows["label"][:]
    if not own.keys() & set(map(str, labels)):
        return rows
    return replaced_column(rows, "label", [own.get(str(label), str(label)) for label in labels])
