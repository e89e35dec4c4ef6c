"""Read what the terms of an objective must know of a model from its configuration."""

from transformers import PretrainedConfig

from distill.models import attention
from distill.types import ModelShape


def model_shape(config: PretrainedConfig) -> ModelShape:
    """Return the shape of a model with this configuration; one without attention has no heads."""
    if getattr(config, "num_attention_heads", None) is None:
        return ModelShape(config.num_hidden_layers, config.hidden_size, 0, (0, 0), causal=False)
    return ModelShape(
        config.num_hidden_layers,
        config.hidden_size,
        config.num_attention_heads,
        attention.widths(config),
        attention.causal(config),
    )
