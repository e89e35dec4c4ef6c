"""Settings of the data that contradict each other, or that nothing reads."""

from collections.abc import Iterator
from dataclasses import asdict

from distill.base.network import may_be_on_the_hub
from distill.config.data import DataConfig


def data_problems(section: DataConfig) -> Iterator[str]:
    """Name each setting of the data that another one contradicts, or without which it is not read."""
    yield from _source_problems(section)
    yield from _file_problems(section)
    yield from _contradictions(section)


def _source_problems(section: DataConfig) -> Iterator[str]:
    """Name what is wrong with where the data comes from."""
    if section.source == "local" and section.path is None:
        yield "data.source=local: give the folder as data.path=FOLDER"
    if section.source == "hub" and section.hub is None:
        yield "data.source=hub: give the data set's id as data.hub=ID"
    if section.hub is not None and not may_be_on_the_hub(section.hub):
        yield (
            f"data.hub={section.hub}: no data set of the hub has such a name; allowed is NAME or OWNER/NAME, such as "
            "stanfordnlp/sst2, and a file or folder of your own is data.path"
        )
    if section.source in ("hub", "embedded") and section.path is not None:
        yield f"data.path={section.path}: is not read where data.source={section.source}; leave one of them out"


def _file_problems(section: DataConfig) -> Iterator[str]:
    """Name the settings of files that are given where there are no files."""
    if section.path is None and section.unlabelled.path is None and section.delimiter is not None:
        yield f"data.delimiter={section.delimiter}: belongs to files; give them as data.path=FOLDER"
    if section.path is None and (section.hub is None or section.source == "embedded"):
        for split, names in asdict(section.files).items():
            if names is not None and "|" not in str(names):
                yield f"data.files.{split}={names}: belongs to files; give their folder as data.path=FOLDER"
    unlabelled = section.unlabelled
    if unlabelled.path is None and (unlabelled.columns or (unlabelled.limit is not None and not unlabelled.rest)):
        yield "data.unlabelled: columns and limit belong to a file; give it as data.unlabelled.path=FILE"
    if not unlabelled.given and (value := unlabelled.near_duplicates) != "drop":
        yield f"data.unlabelled.near_duplicates={value}: belongs to a file; give it as data.unlabelled.path=FILE"
    if unlabelled.rest and section.limit.train is None and section.limit.per_label is None:
        yield "data.unlabelled.rest=true: is what a limit of train leaves out; give data.limit.per_label or .train"


def _contradictions(section: DataConfig) -> Iterator[str]:
    """Name each setting of splits and of rows that contradicts another."""
    share = section.holdout_test
    if share is not None and 0 < share < 1 and 0 < section.holdout < 1 and section.holdout + share >= 1:
        yield (
            f"data.holdout_test={share}: allowed is less than 1 - data.holdout={section.holdout}, so that rows are "
            "left to train on"
        )
    if share is not None and section.files.test is not None and "|" not in str(section.files.test):
        yield f"data.holdout_test={share}: data.files.test={section.files.test} is the test; leave one of them out"
    if None not in (section.limit.train, section.limit.per_label):
        yield (
            f"data.limit.per_label={section.limit.per_label}: data.limit.train={section.limit.train} is another limit "
            "of train; leave one of them out"
        )
    if None not in (section.on_bad, section.drop_bad) and section.drop_bad != (section.on_bad == "drop"):
        other = str(section.drop_bad).lower()
        yield f"data.on_bad={section.on_bad}: contradicts data.drop_bad={other}, its other name; leave one of them out"
