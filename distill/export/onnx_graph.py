"""Trace a model with a task head into one ONNX graph of dynamic batch and length."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from distill.errors import ModelError
from distill.inference.onnx_session import LOGITS
from distill.models.configuration import library_message
from distill.types import MODEL_INPUTS, Batch

OPSET = 17
"""The first set of operators that has layer normalisation as one; ONNX Runtime of browsers reads it, too."""
_BATCH, _TOKENS = "batch", "tokens"
_ENDS = ("start_logits", "end_logits")
_LARGEST = 2**31 - 1
"""Bytes of a file of ONNX, whose format is that of protocol buffers."""


class _Head(nn.Module):
    """A model whose inputs come by position and whose outputs are plain tensors, logits first."""

    def __init__(self, model: PreTrainedModel, inputs: Sequence[str]) -> None:
        super().__init__()
        self.model, self.inputs = model, tuple(inputs)

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Return the logits; for the ends of an answer ``[batch, tokens, 2]``, with start and end by themselves."""
        answer = self.model(**dict(zip(self.inputs, tensors, strict=True)))
        if "logits" in answer:
            return (answer["logits"],)
        ends = [answer[name] for name in _ENDS]
        return (torch.stack(ends, dim=-1), *ends)


def trace(model: PreTrainedModel, batch: Batch, path: Path) -> None:
    """Write the graph of a model, traced on a batch that holds two texts or more of unequal length.

    Attention is written out (``eager``): its graph has the fewest nodes, and the mask is an input of the softmax
    whatever the batch, where other implementations leave it out of a batch without padding.

    Args:
        model: on the CPU, in float32.
        batch: the model's inputs ``[batch, tokens]``.
        path: the file that is written.

    Raises:
        ModelError: the architecture cannot be traced, or its weights are too large for one file.
    """
    if (size := sum(weight.nbytes for weight in model.state_dict().values())) > _LARGEST:
        raise ModelError(f"its weights have {size:,} bytes, and a file of ONNX has {_LARGEST:,} at most")
    inputs = [name for name in MODEL_INPUTS if name in batch]
    head, tensors = _Head(model, inputs).eval(), tuple(batch[name] for name in inputs)
    try:
        with warnings.catch_warnings(), torch.inference_mode(), _without_log():
            warnings.simplefilter("ignore")  # the tracer warns of what is compared after it, on other batches
            model.set_attn_implementation("eager")
            outputs = _outputs(head(*tensors), batch)
            torch.onnx.export(
                head,
                tensors,
                path,
                input_names=inputs,
                output_names=list(outputs),
                dynamic_axes={**{name: {0: _BATCH, 1: _TOKENS} for name in inputs}, **outputs},
                opset_version=OPSET,
                dynamo=False,
            )
    except Exception as error:  # the library raises nothing narrower
        kind = model.config.model_type
        raise ModelError(f"models of the kind {kind} cannot be traced ({library_message(error)})") from error


@contextmanager
def _without_log() -> Iterator[None]:
    """Keep the tracer from printing the whole graph where it fails, which it does whatever ``verbose`` says."""
    library, name = torch._C, "_jit_onnx_log"
    printed = getattr(library, name)
    setattr(library, name, lambda *texts: None)
    try:
        yield
    finally:
        setattr(library, name, printed)


def _outputs(answer: Sequence[Tensor], batch: Batch) -> dict[str, dict[int, str]]:
    """Return the names of the outputs, and of their axes that change from batch to batch."""
    of_tokens = answer[0].ndim > 2
    names = (LOGITS, *_ENDS)[: len(answer)]
    return {name: {0: _BATCH, 1: _TOKENS} if of_tokens else {0: _BATCH} for name in names}


def describe(path: Path, facts: Mapping[str, object]) -> None:
    """Write facts into the metadata of a file; what is no text as JSON."""
    graph = onnx.load_model(path)
    texts = {name: fact if isinstance(fact, str) else json.dumps(fact) for name, fact in facts.items()}
    onnx.helper.set_model_props(graph, texts)
    onnx.save_model(graph, path)
