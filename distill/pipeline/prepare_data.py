"""Prepare the data of a run: read, number, hold out, limit, and give each example its key."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from datasets import Dataset, concatenate_datasets, disable_progress_bars

from distill.base.terminal_text import shown
from distill.base.unusable_rows import Fault, usable
from distill.config.data import DataConfig
from distill.config.schema import Config
from distill.data import embedded, sources, splits
from distill.data.answers.labelled import Labelled
from distill.data.arrow import keeping
from distill.data.columns import Rules
from distill.data.files import Files, refuse_delimiter
from distill.data.prepared import Prepared
from distill.data.slices import Slice, carrying, readable, slices, without
from distill.errors import DataError
from distill.pipeline import known_labels, other_domains, similar_rows
from distill.pipeline.keyed_answers import keyed
from distill.pipeline.prepare_answers import Answering, answered, labellers, train_labels
from distill.tasks import Options, Task, task


def prepare(config: Config, *, train_ids: bool = False, beside: sources.Source | None = None) -> Prepared:
    """Read the data, check and number it for the task, hold out and limit splits, and note what was done.

    Args:
        config: the settings of the run.
        train_ids: whether the ids of train's rows are kept, too.
        beside: other data, whose labels the rows may have as well.

    Raises:
        DataError: it cannot be used as it is.
    """
    disable_progress_bars()  # of reading and tokenising, which write into files as well
    data, module = config.data, task(config.task)
    source, options, answering = _source(config, module)
    read = module.read(source.splits, options) if beside is None else known_labels.read(source, beside, module, options)
    with_ids = splits.with_ids(read.splits, source.ids, (*(["train"] if train_ids else []), "validation", "test"))
    whole, held_out = _held_out(config, module, with_ids)
    limited, ids = splits.without_ids(splits.limit(whole, asdict(data.limit), config.seed))
    parts, limited = _slices(config, module, source, limited)
    others, of_others = other_domains.read(config, source, options, read.labels)
    ready = {name: splits.keyed(rows, module.text) for name, rows in {**limited, **others}.items()}
    ready, dropped, remarks = similar_rows.of_train(ready, module.text, data.near_duplicates, read.labels)
    ready, few = splits.limit_per_label(ready, data.limit.per_label, read.labels, config.seed)
    notes = [*source.notes, *(answering.notes if answering else ()), *read.notes]
    notes += [*held_out, *filter(None, [splits.overlap(ready)])]
    notes += [*few, *of_others, *dropped]
    complete = True
    if data.unlabelled.given:
        left_out = whole["train"].select_columns(list(module.inputs)) if data.unlabelled.rest else None
        ready[splits.UNLABELLED], more, complete = _unlabelled(config, ready, left_out)
        notes += more
    ready, of_train = splits.without_ids(ready, ["train"])
    labelled: Mapping[str, Labelled] = {}
    if answering is not None:
        drop = data.drops_bad
        labelled, ready, more = keyed(answering, module, ready, read.labels, drop=drop, limited=not complete)
        notes += more
    columns = source.columns or dict(data.columns)
    return Prepared(
        ready,
        read.labels,
        source.name,
        source.kind,
        source.stands_in_for,
        tuple(notes),
        columns,
        read.unanswerable,
        {**ids, **of_train},
        labelled,
        tuple(remarks),
        parts,
    )


def _source(config: Config, module: Task) -> tuple[sources.Source, Options, Answering | None]:
    """Return the data as it is read, with columns for slices, how its labels are read, and answers, if these teach."""
    data = config.data
    source = load(config)
    if wanted := config.evaluate.slices:
        source = replace(source, splits=carrying(source.splits, source.files, source.numbers, wanted))
    scores = None if data.score_range is None else (data.score_range[0], data.score_range[1])
    names = _by_name(data.labels or {}, source.classes)
    answering: Answering | None = None
    if labellers(config):
        answering = answered(config, source, module, _sample(config)(), names)
        source = answering.source
    column = source.columns.get("label", "label")
    options = Options(
        names, data.drops_bad, scores, source.classes, source.numbers, source.ids, data.answerable, column
    )
    return source, options, answering


def _held_out(config: Config, module: Task, read: Mapping[str, Dataset]) -> tuple[dict[str, Dataset], list[str]]:
    """Return the splits, test and validation taken from train where they are to be, and notes of that."""
    data = config.data
    tested, test_held_out = splits.hold_out_test(read, data.holdout_test, config.seed)
    rest = 1 - (data.holdout_test or 0)  # both are fractions of train as it was read
    whole, held_out = splits.hold_out(tested, data.holdout / rest, config.seed)
    if "validation" in read and data.holdout != DataConfig().holdout:
        held_out = f"data.holdout={data.holdout:g} is not read, since there is a validation split already"
    whole["train"], _ = without(whole["train"])
    if module.expand is not None:  # after that, so that what is held out is in no history of train
        with keeping():
            whole = {name: module.expand(rows) for name, rows in whole.items()}
    return whole, [note for note in (test_held_out, held_out) if note]


def load(config: Config, *, labels_of_train: str | None = None) -> sources.Source:
    """Read the data as it is in its source, with a column for each role of the task.

    Args:
        config: the settings of the run.
        labels_of_train: read, optional or replaced; none: as the teacher of the run asks.

    Raises:
        DataError: it cannot be had, or cannot be used as it is.
    """
    data, module = config.data, task(config.task)
    files = {split: _names(value) for split, value in asdict(data.files).items() if value is not None}
    rules = Rules(data.drops_bad, data.max_characters, data.exact, data.labels or {})
    request = sources.Wanted(data.name, data.source, data.path, data.hub, data.hub_config, files, rules, data.delimiter)
    request = replace(request, train_labels=labels_of_train or train_labels(config))
    source = sources.load(request, module.roles, data.columns, _sample(config))
    alone = data.unlabelled.path is None and not config.evaluate.also  # else it may be that of other files
    if data.delimiter is not None and alone and isinstance(source.files, Files):
        refuse_delimiter(data.delimiter, source.files, str(data.path))
    return source


def _sample(config: Config) -> sources.Sample:
    return embedded.SAMPLES[config.data.sample or task(config.task).sample]


def _slices(
    config: Config, module: Task, source: sources.Source, limited: Mapping[str, Dataset]
) -> tuple[tuple[Slice, ...], dict[str, Dataset]]:
    """Return the slices that the settings ask for, and the splits without the columns that they are by."""
    bare = {name: without(rows) for name, rows in limited.items()}
    rows_alone = {name: rows for name, (rows, _) in bare.items()}
    wanted, split = config.evaluate.slices, "test" if "test" in limited else "validation"
    if not wanted:
        return (), rows_alone
    rows, values = bare[split]
    texts = readable(rows[:], module.text)
    file = source.files.get(split, source.files.get("train"))
    columns = () if file is None else file.column_names
    return tuple(slices(wanted, split, texts, values, columns, source.columns)), rows_alone


def _by_name(labels: Mapping[str, str], classes: Sequence[str]) -> dict[str, str]:
    """Return the names of labels by the labels themselves; the settings may use the hub's class numbers, too."""
    numbers = {str(number): label for number, label in enumerate(classes) if str(number) not in classes}
    return {numbers.get(label, label): name for label, name in labels.items()}


def _unlabelled(config: Config, ready: Mapping[str, Dataset], rest: Dataset | None) -> tuple[Dataset, list[str], bool]:
    """Return as many texts without labels as are asked for, new to the data, and whether no other text was left out."""
    section, module = config.data.unlabelled, task(config.task)
    files = _names(section.path) if section.path is not None else []
    read = [_read_unlabelled(config, file) for file in files] + ([] if rest is None else [(rest, [])])
    texts = concatenate_datasets([part.cast(read[0][0].features) for part, _ in read])
    notes = list(dict.fromkeys(note for _, of_part in read for note in of_part))
    unseen = splits.unseen(splits.keyed(texts, module.text), ready)
    if not len(unseen):
        source = ", ".join([*files, *([] if rest is None else ["what data.limit leaves of train"])])
        raise DataError(f"{source} has no text that the data does not have already")
    if repeated := len(texts) - len(unseen):
        notes.append(f"{repeated:,} of {len(texts):,} unlabelled texts stand twice, or in the data already: left out")
    similar: list[str] = []
    if section.near_duplicates == "drop":
        unseen, similar = similar_rows.of_unlabelled(unseen, ready, module.text)
    limited = splits.limit({splits.UNLABELLED: unseen}, {splits.UNLABELLED: section.limit}, config.seed)
    return limited[splits.UNLABELLED], [*notes, *similar], section.limit is None and not similar


def _read_unlabelled(config: Config, file: str) -> tuple[Dataset, list[str]]:
    module = task(config.task)
    own_columns = {role: name for role, name in config.data.columns.items() if role in module.inputs}
    data = config.data
    rules = Rules(data.drops_bad, data.max_characters, list(data.unlabelled.columns))
    columns = own_columns | data.unlabelled.columns
    texts, notes, numbers = sources.unlabelled(file, module.inputs, columns, rules, data.delimiter)
    for role in (role for role, kind in module.inputs.items() if kind == "marked" and module.problem is not None):
        faults = {place: fault for place, text in enumerate(texts[role][:]) if (fault := _fault(module, text))}
        usable_rows = usable({file: texts}, {file: faults}, drop=data.drops_bad, numbers={file: numbers})
        texts, notes = usable_rows.splits[file], [*notes, *usable_rows.notes]
    return texts, notes


def _fault(module: Task, text: str) -> Fault | None:
    problem = module.problem(text) if module.problem is not None else None
    return None if problem is None else Fault(f"a text that {problem}", f"{problem}: {shown(text)}")


def _names(value: object) -> list[str]:
    return [str(name) for name in (value if isinstance(value, list) else [value])]
