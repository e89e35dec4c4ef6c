"""Define the one way to ask a finished model, whatever runs it: PyTorch, or a format that was exported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from distill.types import Batch, Outputs

CPU = torch.device("cpu")


class Runtime(Protocol):
    """The protocol of a finished model in memory: scoring, prediction and timing know nothing else of it."""

    @property
    def name(self) -> str:
        """The name of the model in messages: the folder that it was opened from."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its outputs, in the order of ``logits``; empty where nobody named them."""

    @property
    def device(self) -> torch.device:
        """The device on which the tensors of a batch must be."""

    @property
    def parameters(self) -> int:
        """The number of its weights, tied ones once."""

    @property
    def bytes(self) -> int:
        """The size in bytes of the files that hold its weights."""

    @property
    def description(self) -> str:
        """Its architecture and size, in a few words."""

    def logits(self, batch: Batch) -> Tensor:
        """Return the head's logits for a batch.

        Args:
            batch: the model's inputs on ``device``; where it writes, ``target_ids`` too.

        Returns:
            ``[batch, outputs]``, or ``[batch, tokens, outputs]`` where each token has its own, the outputs in the order
            of the task's.
        """

    def generate(self, batch: Batch, settings: Mapping[str, int]) -> list[Tensor]:
        """Return the tokens ``[tokens]`` that the model writes after each input, up to and with its end token.

        Args:
            batch: ``input_ids`` and ``attention_mask`` ``[batch, tokens]``; for a decoder, padded in front.
            settings: arguments of transformers' ``generate``, such as ``num_beams`` and ``max_new_tokens``.
        """


@runtime_checkable
class StatesRuntime(Protocol):
    """The protocol of a runtime that gives hidden states, which only a pass of a teacher asks for."""

    def outputs(self, batch: Batch, *, hidden: bool = False) -> Outputs:
        """Return the logits of ``logits``, with the hidden states and the mask of the tokens."""


@dataclass(frozen=True)
class FinishedModel:
    """A finished model on disk, which is opened only once something is asked of it.

    Attributes:
        name: what messages call it: its folder.
        made_by: what stands for its weights in the identity of its outputs.
        tokenizer: makes what it reads.
        open: puts it on a device.
        beside: what stands for the models that answer with it as one, and for how they do.
    """

    name: str
    made_by: str
    tokenizer: PreTrainedTokenizerBase
    open: Callable[[torch.device], Runtime]
    beside: Mapping[str, object] = field(default_factory=dict)
