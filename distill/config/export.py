"""Settings of the stage that exports the student."""

from dataclasses import dataclass


@dataclass
class ExportConfig:
    """What the exported folder says of itself."""

    license: str = "unknown"
    """Licence of the student in the model card, as the hub names it; the data's licence may bind it."""
