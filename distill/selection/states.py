"""What a model says of texts, and the states from which the last layer of its head says it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distill.data.streaming import Row
from distill.errors import ModelError
from distill.inference.predictor import Predictor
from distill.inference.torch_arrays import TensorRuntime
from distill.inference.torch_runtime import TorchRuntime

Floats = NDArray[np.float32]


class Read(NamedTuple):
    """What a model says of texts.

    Attributes:
        logits: ``[texts, outputs]``.
        states: that the last layer of the head reads, ``[texts, width]``.
    """

    logits: Floats
    states: Floats


def read(predictor: Predictor, examples: Sequence[Row], tick: Callable[[int], None]) -> Read:
    """Return the logits and the states of each text, in the order of the texts.

    Args:
        predictor: a model that was opened with torch, and whose rows are whole texts.
        examples: each with the task's inputs.
        tick: is told how many have been read, batch by batch.

    Raises:
        ModelError: the model has no head with a last layer.
    """
    features = predictor.encode(examples)
    order = np.argsort([len(ids) for ids in features["input_ids"]], kind="stable")
    logits, states = [], []
    with _kept(_last_layer(predictor)) as kept:
        for start in range(0, len(order), predictor.batch_size):
            some = order[start : start + predictor.batch_size]
            chosen = {name: [values[number] for number in some] for name, values in features.items()}
            logits.append(np.concatenate(predictor.ask(chosen)))
            states.append(_pooled(kept, chosen))
            tick(start + len(some))
    back = np.argsort(order)
    return Read(np.concatenate(logits)[back], np.concatenate(states)[back])


def _last_layer(predictor: Predictor) -> nn.Module:
    """Return the last linear layer of the head, which makes the logits.

    Raises:
        ModelError: there is none.
    """
    runtime = cast(TorchRuntime, cast(TensorRuntime, predictor.runtime).runtime)
    outputs = runtime.model.config.num_labels
    linear = [each for each in runtime.model.modules() if isinstance(each, nn.Linear) and each.out_features == outputs]
    if not linear:
        raise ModelError(f"{runtime.name}: has no linear layer that makes its {outputs} outputs")
    return linear[-1]


@contextmanager
def _kept(layer: nn.Module) -> Iterator[list[Tensor]]:
    """Yield a list that holds what the layer has read, each time it is asked, until it is emptied."""
    read: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        read.append(inputs[0].detach())

    handle = layer.register_forward_pre_hook(keep)
    try:
        yield read
    finally:
        handle.remove()


def _pooled(kept: list[Tensor], features: Mapping[str, Sequence[Any]]) -> Floats:
    """Return what was kept of one batch as ``[texts, width]``: where each token has a state, their mean."""
    read = torch.cat(kept).float().cpu()
    kept.clear()
    if read.dim() == 2:
        return cast(Floats, read.numpy())
    lengths = torch.tensor([len(ids) for ids in features["input_ids"]])
    mask = (torch.arange(read.shape[1])[None, :] < lengths[:, None])[..., None]
    return cast(Floats, ((read * mask).sum(dim=1) / lengths[:, None]).numpy())
