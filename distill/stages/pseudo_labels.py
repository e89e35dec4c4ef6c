"""Choose the texts without labels that a student learns from, and label them where it is to learn from hard labels."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from distill.errors import DataError
from distill.models.device_copies import to_device
from distill.stages.job import Job, RunSpec, StageSettings
from distill.types import Batch, Kind, TeacherFn

Place: TypeAlias = tuple[int, int]
"""The key of an example and the first row of a feature."""
Targets: TypeAlias = Mapping[Place, list[Any]]
"""The labels of the rows of some features."""


@dataclass(frozen=True)
class Chosen:
    """The texts without labels that a student learns from.

    Attributes:
        texts: those of which its teacher is sure enough.
        of: how many there were.
        targets: the labels of their rows; none where they have none.
    """

    texts: Dataset
    of: int
    targets: Targets | None = None


def settings(spec: RunSpec) -> StageSettings:
    """Return what decides on the choice, where not all texts are taken without labels."""
    section = spec.config.distill.unlabelled
    if not spec.learner.unlabelled or (section.threshold is None and section.labels == "soft"):
        return {}
    return {"unlabelled": {"threshold": section.threshold, "labels": section.labels}}


def choose(
    job: Job,
    texts: Dataset,
    teacher: TeacherFn,
    tokenizer: PreTrainedTokenizerBase,
    teacher_tokenizer: PreTrainedTokenizerBase | None,
) -> Chosen:
    """Return the texts that the settings choose by what the teacher answers.

    Args:
        job: the stage in which a student learns.
        texts: those without labels, with keys.
        teacher: of these texts, at temperature 1.
        tokenizer: the student's.
        teacher_tokenizer: the teacher's, where it is asked beside the student and reads other tokens.

    Raises:
        DataError: the teacher is sure enough of none.
    """
    spec, section = job.spec, job.spec.config.distill.unlabelled
    if not settings(spec):
        return Chosen(texts, len(texts))
    examples = replace(job.examples, sharding=replace(job.examples.sharding, world=1, rank=0))  # every rank the same
    features = examples.encode(texts, tokenizer, teacher_tokenizer)
    sure: dict[int, float] = {}
    targets: dict[Place, list[Any]] = {}
    for batch in examples.scoring_batches(features, examples.collate(tokenizer, teacher_tokenizer)):
        on_device = {name: to_device(values, job.context.ranks.device) for name, values in batch.items()}
        for place, rows in _by_feature(on_device, teacher(on_device).logits):
            confidences, labels = confidence(rows, spec.setup.task.kind), likeliest(rows, spec.setup.task.kind)
            sure[place[0]] = min(sure.get(place[0], 1.0), float(confidences.min()))
            targets[place] = labels
    kept = sure_enough(spec, [sure[key] for key in texts["key"][:]])
    return Chosen(texts.select(kept), len(texts), targets if section.labels == "hard" else None)


def sure_enough(spec: RunSpec, confidences: Sequence[float]) -> NDArray[np.intp]:
    """Return the places of the texts without labels of which their teacher is sure enough.

    Args:
        spec: says how sure that is.
        confidences: how sure it is of each text.

    Raises:
        DataError: it is sure enough of none.
    """
    by_text, threshold = np.asarray(confidences), spec.config.distill.unlabelled.threshold
    kept = np.flatnonzero(by_text >= (threshold or 0.0))
    if not len(kept):
        surest = math.floor(1000 * by_text.max()) / 1000  # never above it: who takes this number finds a text
        raise DataError(
            f"distill.unlabelled.threshold={threshold:g}: {_teacher_name(spec)} is that sure of none of "
            f"{len(by_text):,} texts without labels, and of the surest {surest:.3f}; lower it, or leave it out"
        )
    return kept


def confidence(rows: Tensor, kind: Kind) -> Tensor:
    """Return the probability ``[rows]`` of the likeliest answer to each row of logits ``[rows, classes]``.

    Of several labels, each decided on its own, it is that of the least sure decision.

    >>> confidence(torch.tensor([[0.0, 0.0]]), "class"), confidence(torch.tensor([[0.0, 9.0]]), "labels")
    (tensor([0.5000]), tensor([0.5000]))
    """
    if kind == "labels":
        likely = rows.float().sigmoid()
        return torch.maximum(likely, 1 - likely).min(dim=-1).values
    return rows.float().softmax(dim=-1).max(dim=-1).values


def likeliest(rows: Tensor, kind: Kind) -> list[Any]:
    """Return the likeliest label of each row of logits ``[rows, classes]``, as targets of features have them.

    >>> likeliest(torch.tensor([[0.0, 1.0]]), "class"), likeliest(torch.tensor([[-1.0, 1.0]]), "labels")
    ([1], [[0.0, 1.0]])
    """
    labels: list[Any] = ((rows > 0).float() if kind == "labels" else rows.argmax(dim=-1)).tolist()
    return labels


def notes(spec: RunSpec, chosen: Chosen | None) -> list[str]:
    """Return in a sentence which texts the student learns from, where not all are taken without labels."""
    section = spec.config.distill.unlabelled
    if chosen is None or not settings(spec):
        return []
    parts = [f"{spec.learner.title}: {len(chosen.texts):,} of {chosen.of:,} texts without labels are learnt from"]
    if section.threshold is not None:
        parts.append(f"{_teacher_name(spec)} is at least {section.threshold:g} sure of them")
    if chosen.targets is not None:
        parts.append("its likeliest labels count as theirs")
    return [", ".join(parts)]


def _teacher_name(spec: RunSpec) -> str:
    follows = spec.learner.follows
    return "the teacher" if follows is None else f"the student of {follows.partition(':')[2]}"


def _by_feature(batch: Batch, logits: Tensor) -> Iterator[tuple[Place, Tensor]]:
    places = zip(batch["key"].tolist(), batch["first"].tolist(), strict=True)
    yield from zip(places, torch.split(logits.cpu(), batch["count"].tolist()), strict=True)
