"""Keep what labellers said by the keys of the rows, in the order of the data's labels, with how much could be used."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from datasets import Dataset

from distill.data.answers.labelled import Counts, Labelled
from distill.data.answers.matching import refuse_strange
from distill.data.answers.reading import Answer, Inputs
from distill.data.answers.saying import OUTSIDE, Numbers, Said
from distill.data.splits import GOLD, UNLABELLED
from distill.errors import DataError
from distill.pipeline import answer_files
from distill.pipeline.prepare_answers import Answering, Labeller
from distill.tasks import Task


def keyed(
    answering: Answering, task: Task, splits: Mapping[str, Dataset], labels: Sequence[str], *, drop: bool, limited: bool
) -> tuple[dict[str, Labelled], dict[str, Dataset], list[str]]:
    """Return each labeller's answers by the keys of the rows, and the splits without texts that nobody answered.

    Args:
        answering: the labellers, matched with the rows as they were read.
        task: says what inputs are.
        splits: ready for the run, with keys.
        labels: names of the labels, by number.
        drop: whether answers to no row are left out, and not refused.
        limited: whether some unlabelled texts were left out, whose answers are then no mistake.

    Returns:
        What was said, by the name of the teacher; the splits; and a sentence for each decision.

    Raises:
        DataError: answers belong to no row of the data, or name labels under other names than the data.
    """
    ready, notes = dict(splits), []
    unlabelled = splits.get(UNLABELLED)
    for labeller in answering.labellers.values():
        _refuse_left(labeller, answering, unlabelled, task, drop=drop or (limited and unlabelled is not None))
    found = {name: _labelled(each, answering, task, ready, labels) for name, each in answering.labellers.items()}
    if answering.own_labels:
        notes += _with_own_labels(ready["train"], list(found.values()), task, len(labels))
    for split in ("train", UNLABELLED):
        rows = ready.get(split)
        if rows is None:
            continue
        kept = [n for n, key in enumerate(rows["key"][:]) if all(key in each.rows for each in found.values())]
        if not kept:
            files = " and ".join(labeller.path for labeller in answering.labellers.values())
            way = "; leave data.unlabelled out, or have its texts answered" if split == UNLABELLED else ""
            raise DataError(f"no row of {split} has an answer in {files}{way}")
        if missing := len(rows) - len(kept):
            notes.append(f"{missing:,} of {len(rows):,} rows of {split} have no answer and are left out")
            ready[split] = rows.select(kept)
    return found, ready, notes


def _labelled(
    labeller: Labeller, answering: Answering, task: Task, splits: Mapping[str, Dataset], labels: Sequence[str]
) -> Labelled:
    by_inputs = _by_inputs(labeller, answering)
    held_out = [split for split in ("validation", "test") if split in splits and split not in answering.rows]
    own = () if answering.own_labels else tuple(held_out)
    columns = _columns(labeller, labels)
    rows: dict[int, Numbers] = {}
    single: set[int] = set()
    ids: dict[int, str] = {}
    for split in splits.values():
        lengths = _lengths(split, task)
        for key, inputs, length in zip(split["key"][:], answer_files.inputs_of(split, task), lengths, strict=True):
            found = by_inputs.get(inputs, ())
            said = [each for _, each in found if length is None or len(each.rows) == length]
            if not said:
                continue
            rows[key] = _ordered(np.mean([each.rows for each in said], axis=0), columns, len(labels))
            ids |= dict([(key, name) for name, _ in found if name is not None][:1])
            if all(each.single for each in said):
                single.add(key)
    return Labelled(rows, frozenset(single), _counts(labeller), GOLD if GOLD in splits else None, own, ids)


def _with_own_labels(train: Dataset, found: Sequence[Labelled], task: Task, labels: int) -> list[str]:
    """Let each labeller say of unanswered rows of train what their own labels are; return a note on it."""
    missing = 0
    for number, key in enumerate(train["key"][:]):
        for labelled in found:
            if key not in labelled.rows:
                missing += labelled is found[0]
                labelled.unanswered.add(key)
                labelled.rows[key] = _certain(train[number]["label"], task, labels)
    if not missing:
        return []
    return [f"{missing:,} of {len(train):,} rows of train have no answer: their own labels stand for it"]


def _certain(label: object, task: Task, labels: int) -> Numbers:
    """Return the answer of somebody who is certain of a label that has its number, or its numbers."""
    if task.roles["label"] in ("labels", "score"):
        return np.atleast_2d(np.asarray(label, dtype=np.float64))
    certain: Numbers = np.eye(labels)[np.atleast_1d(np.asarray(label))]
    return certain


def _by_inputs(labeller: Labeller, answering: Answering) -> dict[Inputs, list[tuple[str | None, Said]]]:
    """Return all that was said of each text, with the id: rows with other ids may have the same text."""
    found: defaultdict[Inputs, dict[int, tuple[str | None, Said]]] = defaultdict(dict)
    for split, answers in labeller.matched.answers.items():
        for inputs, answer in zip(answering.rows[split].inputs, answers, strict=True):
            if answer is not None and (said := labeller.of(answer)) is not None:
                found[inputs][id(answer)] = (answer.id, said)
    for answer in labeller.answers:  # texts without labels are known by their text alone
        if answer.inputs is not None and answer.inputs not in found and (said := labeller.of(answer)) is not None:
            found[answer.inputs][id(answer)] = (answer.id, said)
    return {inputs: list(said.values()) for inputs, said in found.items()}


def _columns(labeller: Labeller, labels: Sequence[str]) -> list[int | None]:
    """Return the number that each label of the answers has in the data; none where the data does not have it."""
    number = {label: place for place, label in enumerate(labels)}
    names = labeller.vocabulary.names
    return [number.get(names.get(label, label)) for label in labeller.vocabulary.labels]


def _ordered(rows: Numbers, columns: Sequence[int | None], labels: int) -> Numbers:
    """Return rows with the columns in the data's order; a score has one of its own."""
    if not columns:
        return rows
    ordered = np.zeros((len(rows), labels))
    for place, column in enumerate(columns):
        if column is not None:
            ordered[:, column] += rows[:, place]
        elif rows[:, place].any():
            raise DataError(
                "the answers name labels in another way than the data does once it is read, such as tags of another "
                "scheme: write tags as B- and I-, or name the labels as data.labels does"
            )
    return ordered


def _lengths(split: Dataset, task: Task) -> list[int | None]:
    """Return how many rows of logits each row of the data has where that differs: of tags, its words."""
    if task.roles["label"] != "tags":
        return [None] * len(split)
    return [len(words) for words in split[next(iter(task.inputs))][:]]


def _refuse_left(
    labeller: Labeller, answering: Answering, unlabelled: Dataset | None, task: Task, *, drop: bool
) -> None:
    """Refuse answers that belong to no row.

    Raises:
        DataError: there are some.
    """
    left = _left(labeller, unlabelled, task)
    if left and len(left) == len(labeller.answers):
        refuse_strange(labeller.path, labeller.answers, answering.rows.values())
    if left and not drop:
        by_text = "" if unlabelled is None else ", of which texts without labels are found by their text alone"
        raise DataError(
            f"{len(left):,} of the {len(labeller.answers):,} answers of {labeller.path} are for no row of the data"
            f"{by_text}, the first {left[0].called}: give the data that was labelled, or data.on_bad=drop leaves such "
            "answers out"
        )


def _left(labeller: Labeller, unlabelled: Dataset | None, task: Task) -> list[Answer]:
    texts = set() if unlabelled is None else set(answer_files.inputs_of(unlabelled, task))
    return [answer for answer in labeller.matched.left if answer.inputs not in texts]


def _counts(labeller: Labeller) -> Counts:
    said = [each for each in labeller.said.values() if each is not None]
    outside = [fault for fault in labeller.faults.values() if fault.kind == OUTSIDE]
    votes = [each.agreement for each in said if each.agreement is not None]
    costs = [answer.cost for answer in labeller.answers if answer.cost is not None]
    return Counts(
        lines=len(labeller.answers),
        answered=len(said),
        abstained=sum(each is None for each in labeller.said.values()),
        unparseable=len(labeller.answers) - len(labeller.said) - len(outside),
        outside=len(outside),
        first_outside=outside[0].label if outside else "",
        no_row=len(labeller.matched.left),
        agreement=float(np.mean(votes)) if votes else None,
        recorded=float(sum(costs)) if costs else None,
    )
