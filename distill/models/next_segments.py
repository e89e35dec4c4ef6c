"""Which architectures tell whether a segment of text follows another one."""

from transformers import PretrainedConfig


def has_head(config: PretrainedConfig) -> bool:
    """Return whether a model of this configuration has heads for masked tokens and for next segments in one."""
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_NEXT_SENTENCE_PREDICTION_MAPPING,
        MODEL_FOR_PRETRAINING_MAPPING,
    )

    return all(
        type(config) in mapping
        for mapping in (MODEL_FOR_NEXT_SENTENCE_PREDICTION_MAPPING, MODEL_FOR_PRETRAINING_MAPPING)
    )
