"""Models built without memory, to see whether they can be."""

import torch
from transformers import PretrainedConfig, PreTrainedModel

from distill.models import checkpoint_fitting, loading


def build_on_meta(config: PretrainedConfig, head: str) -> PreTrainedModel:
    """Build a model with a task's head on the device that holds shapes alone.

    Raises:
        ModelError: the architecture has no such head, or cannot say where a text ends.
    """
    checkpoint_fitting.refuse_last_place(config, head)
    with torch.device("meta"):
        return loading.from_config(config, head)
