"""How long each of several models takes for one text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from datasets import Dataset
from transformers import PreTrainedModel

from distill.data.batching import Place
from distill.data.example_pipeline import ExamplePipeline
from distill.inference.generation import write
from distill.inference.generation_ensemble import Combined, ModelEnsemble
from distill.metrics import latency
from distill.models import loading
from distill.models.forward import outputs
from distill.models.sources import ModelRef, ModelSources
from distill.tasks.setup import TaskSetup
from distill.types import Batch


@dataclass(frozen=True)
class LatencyTimer:
    """Times finished models on the CPU for one tokenised example: all its windows at once, its whole target.

    Attributes:
        setup: the task with its labels.
        examples: makes batches of examples.
        sources: knows the models' tokenizers.
        generation: how targets are written, in the words of transformers' ``generate``.
    """

    setup: TaskSetup
    examples: ExamplePipeline
    sources: ModelSources
    generation: Mapping[str, int]

    def measure(
        self, models: Mapping[str, ModelRef], rows: Dataset, members: Sequence[str], combined: Combined | None
    ) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
        """Time all models in turn, so that noise hits them alike.

        Args:
            models: by name.
            rows: examples, each of which is read by each model.
            members: names of those that are timed as one, ``teacher``, too.
            combined: what makes one answer of theirs.

        Returns:
            Milliseconds ``p50`` and ``p90`` of each model, and the conditions: threads, the median of the tokens of an
            example as the last model reads them, and the share of the time in which the processor worked on that.
        """
        ready = {name: self._ready(model, rows) for name, model in models.items()}
        calls = {name: self._call(*model_and_batches) for name, model_and_batches in ready.items()}
        if combined is not None:
            calls["teacher"] = self._call_together([ready[name] for name in members], combined)
        batches = next(reversed(ready.values()))[1]
        tokens = median(batch["input_ids"].numel() for batch in batches)
        with torch.inference_mode():
            worked, timed = latency.watched(), latency.interleaved(calls, len(rows))
            at_work = worked()
        return timed, {"threads": torch.get_num_threads(), "tokens": tokens, "cpu_share": at_work}

    def _ready(self, ref: ModelRef, rows: Dataset) -> tuple[PreTrainedModel, list[Batch]]:
        """A model in eval mode, and a batch for each example."""
        tokenizer = self.sources.tokenizer(ref.folder)
        model = loading.load_model(ref.folder, self.setup.task.head, tokenizer=tokenizer)
        features = (self.examples.prompts if self.setup.task.writes else self.examples.encode)(rows, tokenizer)
        collate = self.examples.collate(tokenizer)
        windows = _windows(features["first"][:])
        return model, [collate(features[list(numbers)], Place(tuple(numbers))) for numbers in windows]

    def _call(
        self, model: PreTrainedModel, batches: Sequence[Batch], ensemble: ModelEnsemble | None = None
    ) -> Callable[[int], object]:
        if self.setup.task.writes:
            return lambda row: write(model, batches[row], self.generation, ensemble)
        return lambda row: outputs(model, batches[row])

    def _call_together(
        self, ready: Sequence[tuple[PreTrainedModel, Sequence[Batch]]], combined: Combined
    ) -> Callable[[int], object]:
        """Teachers that write do so together, others one after the other."""
        if self.setup.task.writes:
            others = [model for model, _ in ready[1:]]
            return self._call(*ready[0], ModelEnsemble(others, combined))
        calls = [self._call(*model_and_batches) for model_and_batches in ready]
        return lambda row: [call(row) for call in calls]


def _windows(first: Sequence[int]) -> list[range]:
    """The features of each example, which follow each other; each tells the ``first`` row that it holds.

    >>> _windows([0, 0, 3, 0])
    [range(0, 1), range(1, 3), range(3, 4)]
    """
    starts = [number for number, row in enumerate(first) if row == 0]
    return [range(*bounds) for bounds in zip(starts, [*starts[1:], len(first)], strict=True)]
