"""Fit on validation the temperature that makes probabilities reliable, and measure them before and after."""

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from distill.inference.runtime import FinishedModel
from distill.inference.scoring import ModelOutputs
from distill.metrics.reliability import MOST, Reliability, fitted_temperature, reliability, scaled
from distill.models.temperature import fold
from distill.report import JsonObject
from distill.stages import exported_formats, kept_outputs
from distill.stages.job import Job, RunSpec
from distill.teacher import ensemble

FITTED_ON = "validation"
_NOTHING_LEARNT = f"on {FITTED_ON} the student's confidence says nothing, so that the temperature is the highest tried"
UNITS = {"label": "examples", "labels": "decisions", "tags": "words", "answers": "starts and ends of answers"}
"""What a row of logits is about, by what the data has as its label."""


class Rows(NamedTuple):
    """Logits ``[rows, classes]`` of a split, and their labels."""

    logits: Tensor
    labels: Tensor


def has_probabilities(spec: RunSpec) -> bool:
    """Return whether a task gives classes or labels probabilities: scores have none, written texts too many."""
    return spec.setup.task.kind != "score" and not spec.setup.task.writes


def rows_of(job: Job, model: FinishedModel, outputs: ModelOutputs, split: str) -> Rows:
    """Return what a model answered to a split, and what is right."""
    examples = job.spec.data.splits[split]
    logits = torch.cat(outputs.rows.examples(torch.tensor(examples["key"])))
    targets = job.examples.encode(examples, model.tokenizer)["targets"]
    return Rows(logits, torch.tensor([target for row in targets for target in row]))


def fitted(spec: RunSpec, rows: Rows) -> float | None:
    """Return the temperature of some rows of validation; none where none can be fitted."""
    return fitted_temperature(spec.setup.task.kind, rows.logits.numpy(), rows.labels.numpy())


class Calibrated(NamedTuple):
    """What calibration makes of the student that is exported.

    Attributes:
        model: the Hugging Face folder of it.
        temperature: that divided its logits; none where they are the student's.
        note: what to know of it, as the end of a sentence; empty where there is nothing.
    """

    model: Path
    temperature: float | None = None
    note: str = ""

    def changed(self, outputs: ModelOutputs) -> ModelOutputs:
        """Return what the exported student answers, of what the student answered."""
        return outputs if self.temperature is None else divided(outputs, self.temperature)


@contextmanager
def calibrated(job: Job) -> Iterator[Calibrated]:
    """Give the student that the formats are made of, for as long as they are: on rank 0, which writes them.

    Raises:
        ModelError: its head cannot be divided by a temperature.
    """
    plain, spec = Calibrated(job.inputs["distill"] / "model"), job.spec
    if not spec.config.export.calibrate or job.context.ranks.rank != 0:
        yield plain
        return
    model = spec.finished(spec.model("distill", job.inputs))
    temperature = fitted(spec, rows_of(job, model, kept_outputs.student_outputs(job, FITTED_ON), FITTED_ON))
    if temperature is None:
        yield plain._replace(note=f"the student is right on all of {FITTED_ON}, so that no temperature fits")
        return
    with tempfile.TemporaryDirectory() as folder:
        fold(plain.model, Path(folder), spec.setup.task.head, temperature)
        at_bound = math.isclose(temperature, MOST, rel_tol=1e-3)
        yield Calibrated(Path(folder), temperature, _NOTHING_LEARNT if at_bound else "")


def divided(outputs: ModelOutputs, temperature: float) -> ModelOutputs:
    """Return the same outputs, as a model gives them whose logits are divided by a temperature."""

    def divide(logits: Tensor, lengths: Sequence[int]) -> Tensor:
        return torch.from_numpy(scaled(logits[0].numpy(), temperature))

    return ModelOutputs(ensemble.of_logits([outputs.rows], divide), outputs.written)


def measured(spec: RunSpec, by_split: Mapping[str, Rows], *, bins_of: str) -> JsonObject:
    """Return how reliable a model is by split, before and after the temperature that fits its rows of validation.

    Args:
        spec: the run.
        by_split: what the model answered to each split.
        bins_of: the split of which the bins are kept, too.
    """
    temperature = fitted(spec, by_split[FITTED_ON])
    found: dict[str, Any] = {"temperature": temperature, "error": {}, "nll": {}, "rows": {}, "bins": {}}
    for split, rows in by_split.items():
        before, after = (_reliability(spec, rows, value) for value in (1.0, temperature))
        if before is None:
            continue
        found["rows"][split] = sum(each.cases for each in before.bins)
        found["error"][split] = {"before": before.error, "after": after.error if after else None}
        found["nll"][split] = {"before": before.nll, "after": after.nll if after else None}
        if split == bins_of:
            bins = {"before": before, "after": after}
            found["bins"] = {when: [list(one) for one in part.bins] if part else None for when, part in bins.items()}
    return found


def _reliability(spec: RunSpec, rows: Rows, temperature: float | None) -> Reliability | None:
    if temperature is None:
        return None
    return reliability(spec.setup.task.kind, rows.logits.numpy(), rows.labels.numpy(), temperature)


def calibration(evaluated: Job, exported: Job | None, exports: Sequence[str]) -> JsonObject | None:
    """Return how reliable each model's probabilities are; none where a task has none.

    Args:
        evaluated: the finished stage ``evaluate``.
        exported: the finished stage ``export``, if the run has one.
        exports: the formats in its bundle.

    Raises:
        StoreError: answers are not there.
    """
    spec = evaluated.spec
    if not has_probabilities(spec):
        return None
    splits = [split for split in (FITTED_ON, "test") if split in spec.data.splits]
    models: dict[str, JsonObject] = {}
    for row in (row for row in spec.decisions.compared if row.role != "baseline"):
        opened = {split: kept_outputs.evaluated(evaluated, row, split) for split in splits}
        rows = {split: rows_of(evaluated, *parts, split) for split, parts in opened.items()}
        models[row.name] = measured(spec, rows, bins_of=splits[-1])
    if exported is not None:
        for name in exports:
            kept = {split: exported_formats.kept(exported, name, split) for split in splits}
            rows = {split: rows_of(evaluated, *parts, split) for split, parts in kept.items()}
            models[name] = measured(spec, rows, bins_of=splits[-1])
    unit = UNITS.get(spec.setup.task.roles.get("label", ""), "rows")
    return {"fitted_on": FITTED_ON, "split": splits[-1], "unit": unit, "models": models}
