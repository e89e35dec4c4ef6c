"""Settings of a model's size, which teacher and student have alike."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from distill.base.setting_rules import allowed, at_least


@dataclass
class ArchitectureConfig:
    """The size of a model from scratch: a BERT encoder, a BART encoder-decoder or a GPT-2 decoder, as the task asks."""

    layers: int = field(default=2, metadata=allowed(at_least(1)))
    """Transformer layers; of an encoder-decoder those of the encoder."""
    hidden_size: int = field(default=128, metadata=allowed(at_least(1)))
    """Width of the hidden states, a multiple of `heads`."""
    heads: int = field(default=2, metadata=allowed(at_least(1)))
    """Attention heads of a layer."""
    intermediate_size: int = field(default=512, metadata=allowed(at_least(1)))
    """Width inside the feed-forward block of a layer."""
    decoder_layers: int | None = field(default=None, metadata=allowed(at_least(1)))
    """Layers of the decoder of an encoder-decoder; none: as many as the encoder has."""


def architecture_problems(key: str, size: ArchitectureConfig) -> Iterator[str]:
    """Name each problem of a model's size, whose section has the dotted ``key``."""
    if size.heads > 0 and size.hidden_size % size.heads:
        yield f"{key}.hidden_size={size.hidden_size}: allowed is a multiple of heads={size.heads}"
