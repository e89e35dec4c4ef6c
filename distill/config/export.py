"""Settings of the stage that exports the student."""

from dataclasses import dataclass, field

from distill.base.setting_rules import Rule, allowed
from distill.export import EXPORTERS

_FORMATS: Rule = (
    lambda value: bool(value) and len(set(value)) == len(value) and set(value) <= set(EXPORTERS),
    f"one or more of {', '.join(EXPORTERS)}, each once",
)


@dataclass
class ExportConfig:
    """What the student is exported as, and what the exported folder says of itself."""

    formats: list[str] = field(default_factory=lambda: ["huggingface"], metadata=allowed(_FORMATS))
    """Formats of the export; each is written, opened again, scored, timed, and compared with the student."""
    license: str = "unknown"
    """Licence of the student in the model card, as the hub names it; the data's licence may bind it."""
