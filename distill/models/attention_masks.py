"""Make the masks of fused attention without asking a device whether there is any padding."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask

_FUSED = "sdpa"


@contextmanager
def always_made(device: torch.device) -> Iterator[None]:
    """Let models on a GPU mask every batch within the block.

    transformers looks first whether a batch has padding, and leaves the mask out where it has none; to know that, the
    host waits in each forward pass until the GPU has done all that was asked of it. Elsewhere nothing changes.
    """
    if device.type != "cuda":
        yield
        return
    ALL_MASK_ATTENTION_FUNCTIONS.register(_FUSED, _always)
    try:
        yield
    finally:
        ALL_MASK_ATTENTION_FUNCTIONS.register(_FUSED, sdpa_mask)


def _always(*args: Any, **kwargs: Any) -> Tensor | None:  # noqa: ANN401 - as transformers calls it
    return sdpa_mask(*args, **{**kwargs, "allow_is_causal_skip": False, "allow_is_bidirectional_skip": False})
