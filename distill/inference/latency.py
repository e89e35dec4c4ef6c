"""How long each of the compared models takes for one text."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

import torch
from transformers import PreTrainedModel

from distill.data.batching import Place
from distill.inference.generation import write
from distill.inference.generation_ensemble import ModelEnsemble
from distill.metrics import latency
from distill.models import loading
from distill.models.teacher import outputs
from distill.pipeline.context import Builder
from distill.report.environment import processor
from distill.stages import Job
from distill.teacher import ensemble
from distill.types import Batch


def latencies(job: Job, compared: Mapping[str, str]) -> tuple[dict[str, dict[str, float]], dict[str, Any] | None]:
    """Milliseconds of each model on the CPU for one tokenised example: all its windows at once, its whole target.

    Args:
        job: of the stage that compares.
        compared: who is compared, by the input that holds it.

    Returns:
        ``p50`` and ``p90`` of each model, and the conditions: threads, the median of the tokens of an example as the
        last model reads them, the processor, and the share of the time in which it worked on that; none where nothing
        was timed.
    """
    build, count = job.build, job.build.config.evaluate.latency_samples
    split = build.data.splits["validation"]
    rows = split.select(range(min(count, len(split))))
    ready = {name: _ready(job, held, rows) for name, held in compared.items() if count}
    calls = {name: _call(build, *each) for name, each in ready.items()}
    if calls and build.config.more_teachers:
        calls["teacher"] = _call_together(build, [ready[who] for who in ensemble.names(build)])
    if not calls:
        return {}, None
    batches = next(reversed(ready.values()))[1]
    tokens = median(batch["input_ids"].numel() for batch in batches)
    with torch.inference_mode():
        worked, found = latency.watched(), latency.interleaved(calls, len(rows))
        at_work = worked()
    threads = torch.get_num_threads()
    return found, {"threads": threads, "tokens": tokens, "processor": processor(), "cpu_share": at_work}


def _ready(job: Job, name: str, rows: Any) -> tuple[PreTrainedModel, list[Batch]]:  # noqa: ANN401
    """A model in eval mode, and a batch for each example."""
    build = job.build
    folder = ensemble.model(build, name, job.inputs).folder
    tokenizer = build.tokenizer(folder)
    model = loading.load_model(folder, build.task.head, tokenizer=tokenizer)
    features = (build.prompts if build.task.writes else build.encoded)(rows, tokenizer)
    collate = build.collate(tokenizer)
    examples = _windows(features["first"][:])
    return model, [collate(features[list(windows)], Place(tuple(windows))) for windows in examples]


def _call(
    build: Builder, model: PreTrainedModel, batches: Sequence[Batch], beside: ModelEnsemble | None = None
) -> Callable[[int], object]:
    if build.task.writes:
        return lambda row: write(model, batches[row], build.generation(), beside)
    return lambda row: outputs(model, batches[row])


def _call_together(build: Builder, ready: Sequence[tuple[PreTrainedModel, Sequence[Batch]]]) -> Callable[[int], object]:
    """Teachers that write do so together, others one after the other."""
    if build.task.writes:
        others = [model for model, _ in ready[1:]]
        return _call(build, *ready[0], ModelEnsemble(others, ensemble.common_logits(build, lambda: 1.0)))
    each = [_call(build, *one) for one in ready]
    return lambda row: [call(row) for call in each]


def _windows(first: Sequence[int]) -> list[range]:
    """The features of each example, which follow each other; each tells the ``first`` row that it holds.

    >>> _windows([0, 0, 3, 0])
    [range(0, 1), range(1, 3), range(3, 4)]
    """
    starts = [number for number, row in enumerate(first) if row == 0]
    return [range(*each) for each in zip(starts, [*starts[1:], len(first)], strict=True)]
