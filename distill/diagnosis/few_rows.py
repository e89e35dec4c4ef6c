"""A run on few of its rows, which take as long each as all of them do on average."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from datasets import Dataset

from distill.config.pretrain import NEXT
from distill.config.schema import Config
from distill.stages.job import RunSpec

_SLICES = 3
"""Batches of a split that are drawn, each of rows of about the same length."""
_LATENCY_SAMPLES, _RESAMPLES = 10, 50


@dataclass(frozen=True)
class Reduced:
    """A run that is rehearsed, beside the one that it stands for.

    Attributes:
        spec: on few rows, with few epochs.
        whole: the run itself.
    """

    spec: RunSpec
    whole: RunSpec

    def rows_ratio(self, *splits: str) -> float:
        """Return how many times the rows of some splits the whole run has."""
        few, all_ = (sum(len(spec.data.splits.get(split, ())) for split in splits) for spec in (self.spec, self.whole))
        return all_ / few if few else 0.0


def reduced(spec: RunSpec, batch_size: int, epochs: int = 1) -> RunSpec:
    """Return a run on a few batches of each split, for few epochs, on one process."""
    config = _settings(spec.config, batch_size, epochs)
    splits = {name: _slices(rows, batch_size, spec) for name, rows in spec.data.splits.items()}
    data = replace(spec.data, splits=splits)
    members = {name: reduced(member, batch_size, epochs) for name, member in spec.members.items()}
    every_token = replace(spec.decisions.student.vocabulary, min_count=1, size=None)  # few rows have too few to choose
    student = replace(spec.decisions.student, vocabulary=every_token, embedding_rank=None)
    decisions = replace(spec.decisions, student=student)
    return replace(spec, config=config, data=data, world=1, decisions=decisions, members=members)


def _settings(config: Config, batch_size: int, epochs: int) -> Config:
    """Return the settings with few epochs for each stage, and few repetitions of what is timed and drawn."""
    evaluate, pretrain = config.evaluate, config.pretrain
    objective = "mlm" if pretrain.objective == NEXT else pretrain.objective  # pairs are of files alone
    epochs_of_text = min(epochs, pretrain.max_epochs)
    return replace(
        config,
        pretrain=replace(pretrain, max_epochs=epochs_of_text, min_steps=0, files=None, objective=objective),
        finetune=replace(config.finetune, max_epochs=epochs, min_steps=0),
        distill=replace(config.distill, max_epochs=epochs, min_steps=0),
        evaluate=replace(
            evaluate,
            latency_samples=min(_LATENCY_SAMPLES, evaluate.latency_samples),
            resamples=min(_RESAMPLES, evaluate.resamples),
        ),
        export=replace(config.export, require=[]),
        data=replace(config.data, batch_size=batch_size),
        trainer=replace(config.trainer, devices=1, num_nodes=1, strategy="auto"),
    )


def _slices(rows: Dataset, batch_size: int, spec: RunSpec) -> Dataset:
    """Return a few batches of rows, each of neighbours by length: shorter ones, middling ones, longer ones.

    Batches of a training hold rows of similar lengths, too, so that they have as little padding as these.
    """
    size = batch_size * spec.config.trainer.accumulate_grad_batches
    if len(rows) <= _SLICES * size:
        return rows
    order = np.argsort(_lengths(rows[:], spec), kind="stable")
    middles = [(2 * part + 1) * len(rows) // (2 * _SLICES) for part in range(_SLICES)]
    starts = [min(max(0, middle - size // 2), len(rows) - size) for middle in middles]
    return rows.select(np.concatenate([order[start : start + size] for start in starts]).tolist())


def _lengths(columns: Mapping[str, list[Any]], spec: RunSpec) -> list[int]:
    """Return about how long each row is."""
    return [
        sum(len(text) if isinstance(text, str) else sum(map(len, text)) for text in texts)
        for texts in zip(*(columns[role] for role in spec.setup.task.text), strict=True)
    ]
