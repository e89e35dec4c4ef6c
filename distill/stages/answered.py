"""The teacher that is a file of answers: what it says of the rows of a run, as the outputs of a model are kept."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray

from distill.base.files import fingerprint
from distill.baselines import LabelledTexts
from distill.baselines.out_of_fold import out_of_fold
from distill.data.answers.labelled import Labelled
from distill.data.splits import GOLD, UNLABELLED
from distill.inference.held_outputs import HeldRows
from distill.inference.output_parts import OutputWriter
from distill.inference.output_store import OutputStore
from distill.inference.scoring import ModelOutputs
from distill.stages.job import Job, RunSpec, StageResult, StageSettings
from distill.teacher import labels
from distill.teacher.labels import Numbers

log = logging.getLogger(__name__)

RECIPE = 1
FILE = "words.npz"
"""What a model of the words says of each row of train, trained on the other rows."""
_AT_ONCE = 4096


class Words(NamedTuple):
    """What a model of the words expects the labeller to say.

    Attributes:
        keys: of the rows ``[rows]``.
        predicted: probabilities ``[rows, labels]`` of what the labeller says; of independent labels, each by itself.
    """

    keys: NDArray[np.int64]
    predicted: Numbers


def smoothing(spec: RunSpec) -> str:
    """Return what becomes of plain labels: text, audit or none; none where nothing was audited, or needs to be."""
    labelled = spec.labelled
    if labelled is None or labelled.gold is None or not labelled.single or spec.setup.task.kind == "score":
        return "none"
    chosen = spec.config.teacher.smoothing
    return "audit" if chosen == "text" and not spec.setup.task.of_texts else chosen


def settings(spec: RunSpec) -> StageSettings:
    """Return what decides on the rows that a student learns from."""
    labelled, how, splits = _labelled(spec), smoothing(spec), spec.data.splits
    audited = (
        {} if how == "none" else {"gold": spec.data.identity(GOLD), "said": labelled.content(splits[GOLD]["key"][:])}
    )
    return {
        "labels": list(spec.data.labels),
        "task": spec.config.task,
        "texts": [spec.data.texts(split) for split in _taught(spec)],
        "smoothing": how,
        "seed": spec.config.seed if how == "text" else None,
        "answers": RECIPE,
        **audited,
    }


def identity(spec: RunSpec) -> str:
    """Return what stands for the answers in the store of the rows that a student learns from."""
    return fingerprint({"answers": spec.sources.answers, **settings(spec)})


def teach(job: Job) -> StageResult:
    """Write what the labeller says of train and of unlabelled texts; the folder ``outputs`` is the teacher store."""
    spec, labelled = job.spec, _labelled(job.spec)
    how, rows = smoothing(spec), [spec.data.splits[split] for split in _taught(spec)]
    keys = list(dict.fromkeys(key for split in rows for key in split["key"][:]))

    def write() -> StageResult:
        words = _words(spec, labelled, rows) if spec.setup.task.kind == "class" and spec.setup.task.of_texts else None
        done = "audit" if how == "text" and words is None else how  # of several labels, or of rows of one label alone
        log.info("teach: writes %s answers, smoothing=%s", f"{len(keys):,}", done)
        if words is not None:
            np.savez(job.folder / FILE, keys=words.keys, predicted=words.predicted)
        found = Smoothed(spec, labelled, done, words)
        _write(spec, job.folder / "outputs", identity(spec), keys, {key: found.rows(key) for key in keys})
        return {"examples": len(keys), "smoothing": done, **found.describe()}

    return job.context.ranks.first(write)


def stored(job: Job, spec: RunSpec, folder: Path) -> OutputStore:
    """Open what the stage ``teach`` wrote."""
    return OutputStore(folder / "outputs", identity(spec))


def write(spec: RunSpec, labelled: Labelled, split: Dataset, folder: Path) -> None:
    """Write what the labeller said of the rows of a split, as it said it; once."""
    keys = list(dict.fromkeys(split["key"][:]))
    if not any(folder.glob("part-*")):
        _write(spec, folder, _made_by(labelled, split), keys, labelled.rows)


def outputs(spec: RunSpec, labelled: Labelled, split: Dataset, folder: Path) -> ModelOutputs:
    """Open what was written of a split."""
    return ModelOutputs(OutputStore(folder, _made_by(labelled, split)))


def _made_by(labelled: Labelled, split: Dataset) -> str:
    return fingerprint({"answers": labelled.content(split["key"][:]), "recipe": RECIPE})


def held(spec: RunSpec, labelled: Labelled, split: Dataset) -> ModelOutputs:
    """Return what the labeller said of the rows of a split, in memory."""
    keys, kind = list(dict.fromkeys(split["key"][:])), spec.setup.task.kind
    rows = {key: torch.from_numpy(labels.logits(kind, labelled.rows[key])) for key in keys}
    return ModelOutputs(HeldRows(rows))


def _taught(spec: RunSpec) -> list[str]:
    return [split for split in ("train", UNLABELLED) if split in spec.data.splits]


def _labelled(spec: RunSpec) -> Labelled:
    if spec.labelled is None:
        raise TypeError("the teacher is no file of answers")
    return spec.labelled


def _write(spec: RunSpec, folder: Path, made_by: str, keys: Sequence[int], rows: "dict[int, Numbers]") -> None:
    """Write the answers to the rows of these keys as the outputs of a model are written."""
    writer, kind = OutputWriter(folder, made_by), spec.setup.task.kind
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        values = [torch.from_numpy(labels.logits(kind, rows[key])) for key in some]
        count = torch.tensor([len(each) for each in values])
        places = {"key": torch.tensor(some), "first": torch.zeros_like(count), "count": count}
        writer.add(places, {"values": torch.cat(values)})
    writer.flush()


@dataclass(frozen=True, eq=False)
class Audit:
    """What the gold rows say of a labeller.

    Attributes:
        matrix: how likely it says each label (columns) where each is right (rows).
        before: how frequent each label is.
    """

    matrix: Numbers
    before: Numbers


class Smoothed:
    """The answers of a labeller, of which plain labels are as uncertain as the audit shows."""

    def __init__(self, spec: RunSpec, labelled: Labelled, how: str, words: Words | None) -> None:
        """Audit the labeller, where that is asked for, and take together what is known of each row."""
        self._labelled, self._by_label = labelled, spec.setup.task.kind == "labels"
        self._audits = [] if how == "none" else audits(spec, labelled)
        self._before: dict[int, Numbers] = {}
        if how == "text" and words is not None:
            (audit,) = self._audits
            right = labels.without_noise(words.predicted, audit.matrix, audit.before)
            self._before = dict(zip(words.keys.tolist(), right, strict=True))

    def rows(self, key: int) -> Numbers:
        """Return the probabilities of a row ``[n, labels]``."""
        said = self._labelled.rows[key]
        if not self._audits or key not in self._labelled.single:
            return said
        if self._by_label:
            pairs = [np.stack([1 - column, column], axis=1) for column in said.T]
            likely = [
                labels.posterior(pair, audit.matrix, audit.before)
                for pair, audit in zip(pairs, self._audits, strict=True)
            ]
            return np.stack([each[:, 1] for each in likely], axis=1)
        (audit,) = self._audits
        return labels.posterior(said, audit.matrix, self._before.get(key, audit.before))

    def describe(self) -> StageResult:
        """Return the noise matrix of each audit, for the report."""
        return {"noise": [audit.matrix.round(4).tolist() for audit in self._audits]}


def audits(spec: RunSpec, labelled: Labelled) -> list[Audit]:
    """Return the audit of a labeller by its gold rows: one, or of independent labels one for each."""
    gold = spec.data.splits[GOLD]
    pairs = [
        (labelled.rows[key], right)
        for key, right in zip(gold["key"][:], gold["label"][:], strict=True)
        if key in labelled.rows
    ]
    said = np.concatenate([rows for rows, _ in pairs]) if pairs else np.zeros((0, len(spec.data.labels)))
    if spec.setup.task.kind == "labels":
        right = np.asarray([flags for _, flags in pairs], dtype=np.intp).reshape(len(pairs), len(spec.data.labels))
        return [
            _audit(np.stack([1 - column, column], axis=1), flags) for column, flags in zip(said.T, right.T, strict=True)
        ]
    return [_audit(said, np.asarray(list(_flat(right for _, right in pairs)), dtype=np.intp))]


def _audit(said: Numbers, right: NDArray[np.intp]) -> Audit:
    return Audit(labels.noise(said, right), labels.frequencies(right, said.shape[1]))


def _flat(values: Iterable[object]) -> Iterable[int]:
    for value in values:
        yield from value if isinstance(value, list) else [value]  # type: ignore[misc]


def _words(spec: RunSpec, labelled: Labelled, splits: Sequence[Dataset]) -> Words | None:
    """Return what a linear model of the words expects the labeller to say of each row, trained on the other rows."""
    texts: dict[int, tuple[str, ...]] = {}
    for split in splits:
        columns = [split[role][:] for role in spec.setup.task.text]
        texts |= dict(zip(split["key"][:], zip(*columns, strict=True), strict=True))
    texts = {key: text for key, text in texts.items() if key not in labelled.unanswered}
    if not texts:
        return None
    said = np.stack([labelled.rows[key][0] for key in texts])
    train = LabelledTexts(list(texts.values()), said.argmax(axis=1).astype(np.float64), "class", said.shape[1])
    predicted = out_of_fold(train, spec.config.seed)
    return None if predicted is None else Words(np.asarray(list(texts), dtype=np.int64), predicted)
