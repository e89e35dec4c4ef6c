"""Bring a labeller's answers to the rows of the data, and give train the labels that it lacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from datasets import Dataset

from distill.config.answers import EMBEDDED
from distill.config.ensemble import teachers
from distill.config.schema import Config
from distill.config.teacher import TeacherConfig
from distill.data.answers.matching import Matched, Rows, match, refuse_strange
from distill.data.answers.reading import Answer
from distill.data.answers.saying import Said, UnusableError, Vocabulary
from distill.data.sources import Source
from distill.data.splits import GOLD
from distill.errors import DataError
from distill.pipeline import answer_files
from distill.pipeline.answer_files import LABEL
from distill.pipeline.usable_answers import read_answers, without_other_lengths
from distill.tasks import Task
from distill.tasks.labels import replaced


@dataclass(frozen=True)
class Labeller:
    """The answers of one file, read and matched with the rows.

    Attributes:
        path: of the file.
        answers: all of it.
        vocabulary: the labels that they may name.
        said: what each answer says, by its identity in memory; none where it abstains.
        faults: likewise, why the others are no answers.
        matched: the answers to the rows of each split.
    """

    path: str
    answers: Sequence[Answer]
    vocabulary: Vocabulary
    said: Mapping[int, Said | None]
    faults: Mapping[int, UnusableError]
    matched: Matched

    def of(self, answer: Answer | None) -> Said | None:
        """Return what an answer says, or none."""
        return None if answer is None else self.said.get(id(answer))


@dataclass(frozen=True)
class Answering:
    """The labellers of a run, by the name of the teacher, and the data with what it gets of them.

    Attributes:
        source: the data as it was read, in which train has labels and gold rows are a split.
        labellers: see there.
        rows: the inputs of each split as it was matched.
        own_labels: whether train has labels besides the answers, which stand where there is no answer.
        notes: what was decided, each a sentence.
    """

    source: Source
    labellers: Mapping[str, Labeller]
    rows: Mapping[str, Rows]
    own_labels: bool
    notes: tuple[str, ...]


def labellers(config: Config) -> dict[str, TeacherConfig]:
    """Return the settings of each teacher that is a file of answers, by its name."""
    return {name: teacher for name, teacher in teachers(config).items() if teacher.answers is not None}


def train_labels(config: Config) -> str:
    """Return what is done about the labels of train: read, optional (there may be none) or replaced."""
    found = labellers(config)
    if any(teacher.replaces_labels for teacher in found.values()):
        return "replaced"
    return "optional" if found else "read"


def answered(
    config: Config, source: Source, task: Task, sample: Mapping[str, Dataset], names: Mapping[str, str]
) -> Answering:
    """Match the answers of each file with the rows, and give train what labels it lacks.

    Args:
        config: the settings, of which one teacher or more is a file of answers.
        source: the data as it was read.
        task: says what inputs and labels are.
        sample: the embedded sample, which the embedded labeller answers.
        names: label in the files to the name that the models give it.

    Raises:
        DataError: the answers are not of this data, or say what cannot be.
    """
    settings = labellers(config)
    files = {
        name: answer_files.answers_of(config, source, task, sample, str(teacher.answers))
        for name, teacher in settings.items()
    }
    gold = next((teacher.gold for teacher in settings.values() if teacher.gold is not None), None)
    every = [answer for answers in files.values() for answer in answers]
    checked = [] if gold is None else answer_files.checked_labels(config, source, task, sample, gold, every)
    source, notes = _without_gold(source, task, checked, drop=config.data.drops_bad or gold == EMBEDDED)
    labels = answer_files.vocabulary_of(config, source, task, names, checked)
    found: dict[str, Labeller] = {}
    rows = {split: answer_files.rows_of(source, task, split) for split in source.splits}
    if checked:
        rows[GOLD] = Rows([row.id or "" for row in checked], [row.inputs or () for row in checked])
    for name, teacher in settings.items():
        known = labels
        if not labels and task.roles[LABEL] != "score":
            known = answer_files.answered_labels(files.values(), teacher.label_map)
        key = "teacher" if name == next(iter(teachers(config))) else f"more_teachers.{name}"
        vocabulary = Vocabulary(known, names, teacher.label_map)
        drop = config.data.drops_bad
        said, faults = read_answers(files[name], vocabulary, task.roles[LABEL], key, drop=drop)
        matched = match(str(teacher.answers), files[name], rows)
        if task.roles[LABEL] == "tags":
            words = _word_counts(source, task, checked)
            faults |= without_other_lengths(files[name], said, matched, words, drop=drop)
        if len(matched.left) == len(files[name]) and config.data.unlabelled.path is None:
            refuse_strange(str(teacher.answers), files[name], rows.values())
        found[name] = Labeller(str(teacher.answers), files[name], vocabulary, said, faults, matched)
    if checked:
        first = next(iter(found.values())).vocabulary
        source = _with_gold_split(source, task, checked, replace(first, mapped={}))
    own_labels = LABEL in source.splits["train"].column_names
    if not own_labels:
        source, more = _labelled_train(source, task, list(found.values()))
        notes += more
    return Answering(source, found, rows, own_labels, tuple(notes))


def _word_counts(source: Source, task: Task, checked: Sequence[Answer]) -> dict[str, list[int]]:
    """Return how many words each row of a split has, whose first input is a list of them."""
    first = next(iter(task.inputs))
    counts = {split: [len(words) for words in rows[first][:]] for split, rows in source.splits.items()}
    return counts | {GOLD: [len(cast("list[str]", row.values[first])) for row in checked]}


def _without_gold(source: Source, task: Task, checked: Sequence[Answer], *, drop: bool) -> tuple[Source, list[str]]:
    """Leave gold rows out of train, or refuse them there: what is trained on audits nothing."""
    gold = {row.inputs: row for row in checked}
    inputs = answer_files.inputs_of(source.splits["train"], task)
    both = [place for place, row in enumerate(inputs) if row in gold]
    if not both:
        return source, []
    if not drop:
        row = gold[inputs[both[0]]]
        others = f", and {len(both) - 1:,} more" if len(both) > 1 else ""
        raise DataError(
            f"{row.called} is a gold row and a row of train{others}: what is trained on cannot audit the labeller; "
            "data.on_bad=drop leaves such rows out of train"
        )
    kept = sorted(set(range(len(inputs))) - set(both))
    return _train_of(source, kept), [f"{len(both):,} gold rows are left out of train"]


def _train_of(source: Source, kept: Sequence[int]) -> Source:
    """Return the data with some rows of train alone."""
    train = source.splits["train"]
    before = source.numbers.get("train", range(1, len(train) + 1))
    numbers = {**source.numbers, "train": [before[place] for place in kept]}
    return replace(source, splits={**source.splits, "train": train.select(kept)}, numbers=numbers)


def _with_gold_split(source: Source, task: Task, checked: Sequence[Answer], vocabulary: Vocabulary) -> Source:
    """Return the data with its gold rows as a split."""
    columns = {role: [row.values[role] for row in checked] for role in task.inputs}
    labels = [answer_files.checked_value(row, task, vocabulary) for row in checked]
    split = replaced(Dataset.from_dict(columns), LABEL, labels)
    return replace(source, splits={**source.splits, GOLD: split})


def _labelled_train(source: Source, task: Task, found: Sequence[Labeller]) -> tuple[Source, list[str]]:
    """Give train the first labeller's labels, without the rows that not every labeller answered."""
    train, notes = source.splits["train"], []
    said = [[labeller.of(answer) for answer in labeller.matched.answers["train"]] for labeller in found]
    kept = [place for place in range(len(train)) if all(answers[place] is not None for answers in said)]
    if not kept:
        raise DataError(f"{found[0].path} has no answer to any of the {len(train):,} rows of train")
    if missing := len(train) - len(kept):
        notes.append(f"{missing:,} of {len(train):,} rows of train have no answer and are left out")
        source = _train_of(source, kept)
    labels = [_label(said[0][place], found[0].vocabulary, task) for place in kept]
    labelled = replaced(source.splits["train"], LABEL, labels)
    notes.append(f"the labels of train are the answers of {found[0].path}")
    return replace(source, splits={**source.splits, "train": labelled}), notes


def _label(said: Said | None, vocabulary: Vocabulary, task: Task) -> object:
    """Return an answer as the label of a row, as the files of the data would have it."""
    if said is None:
        return None
    kind, labels = task.roles[LABEL], vocabulary.labels
    if kind == "score":
        return float(said.rows[0, 0])
    if kind == "labels":
        return [labels[place] for place in (said.rows[0] > 0.5).nonzero()[0]]
    tags = [labels[place] for place in said.rows.argmax(axis=-1)]
    return tags if kind == "tags" else tags[0]
