"""Measure how long each of several models takes for one text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeAlias

import torch
from datasets import Dataset

from distill.data.batching import Place
from distill.data.example_pipeline import ExamplePipeline
from distill.inference.generation_ensemble import Combined, EnsembleRuntime
from distill.inference.runtime import CPU, FinishedModel, Runtime
from distill.metrics import latency
from distill.tasks.setup import TaskSetup
from distill.types import Batch

_Ready: TypeAlias = tuple[Runtime, list[Batch]]
"""A model in memory, and a batch for each example."""


@dataclass(frozen=True)
class Together:
    """Several models that are timed as one ensemble.

    Attributes:
        name: the name of the ensemble.
        members: the names of its models.
        combined: combines their logits.
    """

    name: str
    members: Sequence[str]
    combined: Combined


@dataclass(frozen=True)
class LatencyTimer:
    """A timer of finished models on the CPU, for one tokenised example: all its windows, its whole target.

    Attributes:
        setup: the task with its labels.
        examples: makes batches of examples.
        generation: how targets are written, in the words of transformers' ``generate``.
    """

    setup: TaskSetup
    examples: ExamplePipeline
    generation: Mapping[str, int]

    def measure(
        self,
        models: Mapping[str, FinishedModel],
        rows: Dataset,
        together: Together | None = None,
        others: Mapping[str, Callable[[int], object]] | None = None,
        reference: str | None = None,
    ) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
        """Measure the latency of all models in turn, so that noise hits them alike.

        Args:
            models: name of each model to the model.
            rows: examples; each model reads each of them.
            together: models that are also timed as one ensemble.
            others: name of whatever else is timed in turn with them to a function of the number of the example.
            reference: the model that all others are compared with, where it is timed.

        Returns:
            Milliseconds ``p50`` and ``p90`` of each model, and the conditions: threads, the median of the tokens of an
            example as the last model reads them, the fraction of the time in which the processor worked on that, and
            how many times as fast as the reference each is.
        """
        ready = {name: (model.open(CPU), self._batches(model, rows)) for name, model in models.items()}
        calls = {name: self._call(*model_and_batches) for name, model_and_batches in ready.items()}
        if together is not None:
            calls[together.name] = self._call_together([ready[name] for name in together.members], together.combined)
        calls |= others or {}
        batches = next(reversed(ready.values()))[1]
        tokens = median(batch["input_ids"].numel() for batch in batches)
        with torch.inference_mode():
            worked, seconds = latency.watched(), latency.timed_in_turn(calls, len(rows))
            at_work = worked()
        conditions: dict[str, Any] = {
            "threads": torch.get_num_threads(),
            "tokens": tokens,
            "cpu_share": at_work,
        }
        if reference in seconds:
            slow = seconds[reference]
            others_than = {name: taken for name, taken in seconds.items() if name != reference}
            ratios = {name: latency.times_as_fast(slow, fast) for name, fast in others_than.items()}
            conditions["times_as_fast"] = ratios
        return {name: latency.milliseconds(taken) for name, taken in seconds.items()}, conditions

    def _batches(self, model: FinishedModel, rows: Dataset) -> list[Batch]:
        """Return a batch for each example."""
        features = (self.examples.prompts if self.setup.task.writes else self.examples.encode)(rows, model.tokenizer)
        collate = self.examples.collate(model.tokenizer)
        windows = _windows(features["first"][:])
        return [collate(features[list(numbers)], Place(tuple(numbers))) for numbers in windows]

    def _call(self, runtime: Runtime, batches: Sequence[Batch]) -> Callable[[int], object]:
        if self.setup.task.writes:
            return lambda row: runtime.generate(batches[row], self.generation)
        return lambda row: runtime.logits(batches[row])

    def _call_together(self, ready: Sequence[_Ready], combined: Combined) -> Callable[[int], object]:
        """Return a call that asks all models: those that write together, others one after the other."""
        if self.setup.task.writes:
            return self._call(EnsembleRuntime([runtime for runtime, _ in ready], combined), ready[0][1])
        calls = [self._call(*runtime_and_batches) for runtime_and_batches in ready]
        return lambda row: [call(row) for call in calls]


def _windows(first: Sequence[int]) -> list[range]:
    """Return the features of each example, which follow each other; each tells the ``first`` row that it holds.

    >>> _windows([0, 0, 3, 0])
    [range(0, 1), range(1, 3), range(3, 4)]
    """
    starts = [number for number, row in enumerate(first) if row == 0]
    return [range(*bounds) for bounds in zip(starts, [*starts[1:], len(first)], strict=True)]
