"""Settings of how models write text."""

from dataclasses import dataclass, field

from distill.base.setting_rules import allowed, at_least


@dataclass
class GenerateConfig:
    """How targets are written, by whatever model."""

    beams: int = field(default=1, metadata=allowed(at_least(1)))
    """Width of the beam search; 1 takes the likeliest token each time."""
