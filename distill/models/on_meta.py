"""Models built without memory, to see whether they can be."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import PretrainedConfig, PreTrainedModel

from distill.errors import ModelError
from distill.models import checkpoint_fitting, loading
from distill.models.forward import outputs
from distill.types import Outputs

TEXTS, TOKENS = 2, 7
"""The sizes of the batch that is read; they differ from each other, so that axes cannot be mistaken."""


def build_on_meta(config: PretrainedConfig, head: str) -> PreTrainedModel:
    """Build a model with a task's head on the device that holds shapes alone.

    Raises:
        ModelError: the architecture has no such head, or cannot say where a text ends.
    """
    checkpoint_fitting.refuse_dependent_answers(config, head)
    with torch.device("meta"):
        return loading.from_config(config, head)


def outputs_on_meta(
    config: PretrainedConfig, head: str, *, hidden: bool, attentions: bool, qkv: bool
) -> Outputs | None:
    """Return what a model makes of ``TEXTS`` of ``TOKENS`` each, shapes alone; see ``forward.outputs``.

    It is none where the architecture cannot run without numbers, such as where a head counts tokens.

    Raises:
        ModelError: scores, queries, keys or values are wanted of an architecture in which they cannot be found.
    """
    config = copy.deepcopy(config)
    config.pad_token_id = 0 if getattr(config, "pad_token_id", None) is None else config.pad_token_id
    ids = torch.ones(TEXTS, TOKENS, dtype=torch.long, device="meta")
    batch = {"input_ids": ids, "attention_mask": ids, "target_ids": ids}
    try:
        with torch.device("meta"):
            model = loading.from_config(config, head).train(mode=False)
        with torch.no_grad(), _Without():
            return outputs(model, batch, hidden=hidden, attentions=attentions, qkv=qkv)
    except ModelError:
        raise
    except Exception:  # what an operation says that has no shapes alone is said in any way
        return None


class _Without(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Answers 0 where a model looks at a number that is not there, such as whether a mask hides anything."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> object:
        """Run an operation, but for looking at a number."""
        if func is torch.ops.aten._local_scalar_dense.default and args[0].is_meta:
            return False if args[0].dtype is torch.bool else 0
        return func(*args, **(kwargs or {}))
