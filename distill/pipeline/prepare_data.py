"""The data of a run: read, numbered, held out, limited, keyed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from datasets import Dataset, concatenate_datasets, disable_progress_bars

from distill.base.terminal_text import shown
from distill.base.unusable_rows import Fault, usable
from distill.config.schema import Config
from distill.data import embedded, sources, splits
from distill.data.arrow import keeping
from distill.data.columns import Rules
from distill.data.prepared import Prepared
from distill.errors import DataError
from distill.tasks import Options, Task, task


def prepare(config: Config) -> Prepared:
    """Read the data, check and number it for the task, hold out and limit, and say what was done.

    Raises:
        DataError: it cannot be used as it is.
    """
    disable_progress_bars()  # of reading and tokenising, which write into files as well
    data, module = config.data, task(config.task)
    named = {split: _names(given) for split, given in asdict(data.files).items() if given is not None}
    rules = Rules(data.drops_bad, data.max_characters, data.exact, data.labels or {})
    wanted = sources.Wanted(
        data.name, data.source, data.path, data.hub, data.hub_config, named, rules, data.delimiter
    )  # fmt: skip
    source = sources.load(wanted, module.roles, data.columns, embedded.SAMPLES[data.sample or module.sample])
    scores = None if data.score_range is None else (data.score_range[0], data.score_range[1])
    names = _by_name(data.labels or {}, source.classes)
    options = Options(
        names, data.drops_bad, scores, source.classes, source.numbers, source.ids, data.answerable
    )  # fmt: skip
    read = module.read(source.splits, options)
    tested, test_held_out = splits.hold_out_test(read.splits, data.holdout_test, config.seed)
    left = 1 - (data.holdout_test or 0)  # both are shares of train as it was read
    whole, held_out = splits.hold_out(tested, data.holdout / left, config.seed)
    if module.expand is not None:  # after that, so that what is held out is in no history of train
        with keeping():
            whole = {name: module.expand(rows) for name, rows in whole.items()}
    limited = splits.limit(whole, asdict(data.limit), config.seed)
    ready = {name: splits.keyed(rows, module.text) for name, rows in limited.items()}
    notes = [*source.notes, *read.notes, *filter(None, (test_held_out, held_out, splits.overlap(ready)))]
    if data.unlabelled.path is not None:
        ready[splits.UNLABELLED], more = _unlabelled(config, ready)
        notes += more
    columns = source.columns or dict(data.columns)
    return Prepared(
        ready, read.labels, source.name, source.kind, source.stands_in_for, tuple(notes), columns, read.unanswerable
    )  # fmt: skip


def _by_name(labels: Mapping[str, str], classes: Sequence[str]) -> dict[str, str]:
    """Names of labels by the labels themselves, where they may be given by the hub's class numbers too."""
    numbers = {str(number): label for number, label in enumerate(classes) if str(number) not in classes}
    return {numbers.get(label, label): name for label, name in labels.items()}


def _unlabelled(config: Config, ready: Mapping[str, Dataset]) -> tuple[Dataset, list[str]]:
    """Texts without labels: none of those that are learnt or scored, and as many as are asked for."""
    section, module = config.data.unlabelled, task(config.task)
    files = _names(section.path)
    parts, noted = zip(*(_read_unlabelled(config, file) for file in files), strict=True)
    found = concatenate_datasets([part.cast(parts[0].features) for part in parts])
    notes = list(dict.fromkeys(note for said in noted for note in said))
    new = splits.unseen(splits.keyed(found, module.text), ready)
    if not len(new):
        raise DataError(f"{', '.join(files)} has no text that the data does not have already")
    if left := len(found) - len(new):
        notes.append(f"{left:,} of {len(found):,} unlabelled texts stand twice, or in the data already: left out")
    kept = splits.limit({splits.UNLABELLED: new}, {splits.UNLABELLED: section.limit}, config.seed)
    return kept[splits.UNLABELLED], notes


def _read_unlabelled(config: Config, file: str) -> tuple[Dataset, list[str]]:
    module = task(config.task)
    named = {role: name for role, name in config.data.columns.items() if role in module.inputs}
    data = config.data
    rules = Rules(data.drops_bad, data.max_characters, list(data.unlabelled.columns))
    columns = named | data.unlabelled.columns
    found, notes, numbers = sources.unlabelled(file, module.inputs, columns, rules, data.delimiter)
    for role in (role for role, kind in module.inputs.items() if kind == "marked" and module.problem is not None):
        faults = {place: fault for place, text in enumerate(found[role][:]) if (fault := _fault(module, text))}
        kept = usable({file: found}, {file: faults}, drop=data.drops_bad, numbers={file: numbers})
        found, notes = kept.splits[file], [*notes, *kept.notes]
    return found, notes


def _fault(module: Task, text: str) -> Fault | None:
    said = module.problem(text) if module.problem is not None else None
    return None if said is None else Fault(f"a text that {said}", f"{said}: {shown(text)}")


def _names(given: Any) -> list[str]:  # noqa: ANN401
    return [str(name) for name in (given if isinstance(given, list) else [given])]
