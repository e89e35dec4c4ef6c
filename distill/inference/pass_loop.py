"""Run a pass: ask every batch once, and send to disk what is kept of each answer."""

from collections.abc import Callable, Iterable, Mapping, Sized
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from distill.base import long_work, signals
from distill.errors import ModelError
from distill.inference.output_parts import OutputWriter
from distill.inference.reductions import Reduce, all_logits, half, places, tokens
from distill.inference.runtime import Runtime, StatesRuntime
from distill.models.device_copies import to_device
from distill.models.finite_values import floor_negative_infinity
from distill.models.forward import Align
from distill.types import Batch, Outputs, at_least_float32

Answer: TypeAlias = tuple[dict[str, Tensor], dict[str, Tensor]]
"""The places of features, and what was kept of their rows."""
Ask: TypeAlias = Callable[[Batch], Answer]
"""Asks a runtime about a batch."""


class SizedBatches(Sized, Iterable[Batch], Protocol):
    """The protocol of the batches of a pass, whose number is known."""


@dataclass(frozen=True)
class Kept:
    """The part of a model's outputs that a pass keeps.

    Attributes:
        reduce: what is kept of rows; none keeps every logit.
        name: what stands for it, and for all else that decides on the outputs.
        states: which hidden states are kept as well; 0 is the embedding output.
    """

    reduce: Reduce | None = None
    name: str = ""
    states: tuple[int, ...] = ()


EVERY_LOGIT = Kept()


def asks_rows(runtime: Runtime, align: Align, kept: Kept) -> Ask:
    """Return a function that asks a runtime for the rows of a batch.

    Args:
        runtime: the model in memory.
        align: turns its logits into rows.
        kept: says what is kept of the rows.

    Raises:
        ModelError: hidden states are to be kept, and the runtime has none to give.
    """
    reduce, outputs_of = kept.reduce or all_logits, _with_states(runtime) if kept.states else _logits_alone(runtime)

    def ask(batch: Batch) -> Answer:
        answer = outputs_of(batch)
        rows, labels = align(answer.logits, batch)
        columns = reduce(floor_negative_infinity(at_least_float32(rows)), labels, batch)
        if not kept.states:
            return places(batch), columns
        return places(batch) | tokens(answer), columns | half(answer, kept.states)

    return ask


def _logits_alone(runtime: Runtime) -> Callable[[Batch], Outputs]:
    return lambda batch: Outputs(runtime.logits(batch))


def _with_states(runtime: Runtime) -> Callable[[Batch], Outputs]:
    if not isinstance(runtime, StatesRuntime):
        raise ModelError(f"{runtime.name} gives no hidden states: only a Hugging Face folder run by PyTorch does")
    return partial(runtime.outputs, hidden=True)


def asks_written(runtime: Runtime, settings: Mapping[str, int]) -> Ask:
    """Return a function that asks a runtime for the tokens that it writes, as rows ``[tokens, 1]``."""

    def ask(batch: Batch) -> Answer:
        written = runtime.generate(batch, settings)
        count = torch.tensor([len(ids) for ids in written], device=batch["key"].device)
        places_of_tokens = {**places(batch), "first": torch.zeros_like(count), "count": count}
        return places_of_tokens, {"values": torch.cat(written).unsqueeze(-1).int()}

    return ask


@torch.inference_mode()
def run_pass(
    ask: Ask, batches: SizedBatches, device: torch.device, writer: OutputWriter, doing: str = "asking"
) -> None:
    """Ask about each batch, and write what is kept of the answers.

    A signal ends the pass after the batch that it came in, and what is there is written.

    Args:
        ask: asks a runtime about a batch.
        batches: the batches of this process, on the CPU.
        device: the device that the runtime reads them on.
        writer: takes what is kept.
        doing: what the pass is, for whoever looks how far it is.

    Raises:
        Interrupted: a signal has come.
    """
    with signals.deferred():
        for batch in long_work.counted(batches, doing, len(batches), "batches"):
            writer.add(*ask({name: to_device(tensor, device) for name, tensor in batch.items()}))
            if signals.pending():
                break
        writer.flush()
        signals.check()
