"""Measure how long models take for batches of some sizes and lengths, on one thread, as those who ship them ask."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from datasets import Dataset

from distill.data.batching import Place
from distill.data.example_pipeline import ExamplePipeline
from distill.inference.runtime import CPU, FinishedModel, Runtime
from distill.metrics import latency
from distill.types import MODEL_INPUTS, Batch

BATCHES, LENGTHS = (1, 32), (16, 128)
"""Texts of a batch, and tokens of a text."""
_SECONDS = 10.0
"""The time that a cell of the grid is given for all models: enough for fifty batches of what is small enough to ship,
and for the fewest that have a median of a large teacher."""


@dataclass(frozen=True)
class Cell:
    """One size of batch: ``1x16`` is one text of 16 tokens."""

    texts: int
    tokens: int

    @property
    def name(self) -> str:
        """The name in reports and certificates."""
        return f"{self.texts}x{self.tokens}"


def cells(max_length: int) -> list[Cell]:
    """Return the sizes that a model of this many tokens reads; the largest length in place of longer ones.

    >>> [cell.name for cell in cells(24)]
    ['1x16', '1x24', '32x16', '32x24']
    """
    lengths = dict.fromkeys(min(length, max_length) for length in LENGTHS)
    return [Cell(texts, tokens) for texts in BATCHES for tokens in lengths]


def measure(
    models: Mapping[str, FinishedModel], rows: Dataset, examples: ExamplePipeline, *, max_length: int, samples: int
) -> tuple[dict[str, dict[str, dict[str, float]]], dict[str, float]]:
    """Measure all models in turn for each size, so that noise hits them alike.

    Args:
        models: name of each model to the model; none of them writes.
        rows: examples, whose tokens fill the batches: cut where there are more, joined where there are fewer.
        examples: makes features of them.
        max_length: tokens that the models read at most.
        samples: batches of each size that are timed, fewer where they take long.

    Returns:
        Each model to each size to milliseconds ``p50`` and ``p90`` of a batch, and the conditions: threads, and the
        fraction of the time in which this process had the processor.
    """
    with _one_thread(), torch.inference_mode():
        ready = {name: (model.open(CPU), _stream(model, rows, examples)) for name, model in models.items()}
        found: dict[str, dict[str, dict[str, float]]] = {name: {} for name in models}
        worked = latency.watched()
        for cell in cells(max_length):
            calls = {name: _call(runtime, stream.batch(cell)) for name, (runtime, stream) in ready.items()}
            for name, times in latency.interleaved(calls, samples, _SECONDS).items():
                found[name][cell.name] = times
        return found, {"threads": 1, "cpu_share": worked()}


@dataclass(frozen=True)
class _Stream:
    """The inputs of all rows as one long text ``[1, tokens]``, and the token that ends a text, where texts have one."""

    inputs: Batch
    end: int | None

    def batch(self, cell: Cell) -> Batch:
        """Return texts ``[texts, tokens]`` that follow each other in the stream, which begins anew at its end.

        Each has the end of a text once, as its last token: some encoder-decoders read the state of that one.
        """
        count = cell.texts * cell.tokens
        times = -(-count // self.inputs["input_ids"].shape[1])
        cut = {
            name: tensor.repeat(1, times)[0, :count].reshape(cell.texts, cell.tokens)
            for name, tensor in self.inputs.items()
        }
        if self.end is not None:
            cut["input_ids"] = torch.cat([cut["input_ids"][:, :-1], torch.full((cell.texts, 1), self.end)], dim=1)
        return cut


def _stream(model: FinishedModel, rows: Dataset, examples: ExamplePipeline) -> _Stream:
    features = examples.encode(rows, model.tokenizer)
    collate = examples.collate(model.tokenizer)
    batches = [collate(features[[number]], Place((number,))) for number in range(len(features))]
    names = [name for name in MODEL_INPUTS if name in batches[0]]
    inputs = {name: torch.cat([batch[name] for batch in batches], dim=1) for name in names}
    end: int | None = model.tokenizer.eos_token_id
    kept = torch.ones_like(inputs["input_ids"][0], dtype=torch.bool) if end is None else inputs["input_ids"][0] != end
    if kept.all() or not kept.any():
        return _Stream(inputs, None)
    return _Stream({name: tensor[:, kept] for name, tensor in inputs.items()}, end)


def _call(runtime: Runtime, batch: Batch) -> Callable[[int], object]:
    return lambda sample: runtime.logits(batch)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let PyTorch, and runtimes that are opened meanwhile, work on one thread."""
    before: int = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
