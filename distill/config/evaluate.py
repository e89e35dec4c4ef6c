"""Settings of the stage that compares models."""

from dataclasses import dataclass, field

from distill.base.rules import INNER_FRACTION, allowed, at_least


@dataclass
class EvaluateConfig:
    """How models are compared."""

    confidence: float = field(default=0.95, metadata=allowed(INNER_FRACTION))
    """Confidence level of the paired-bootstrap interval of the gain over the control."""
    resamples: int = field(default=1000, metadata=allowed(at_least(100)))
    """Resamples of the bootstrap."""
    latency_samples: int = field(default=50, metadata=allowed(at_least(0)))
    """Texts timed one by one; 0 measures no latency."""
