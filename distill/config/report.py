"""Settings of what the report shows."""

from dataclasses import dataclass, field

from distill.base.setting_rules import allowed, at_least


@dataclass
class ReportConfig:
    """What the report shows of the data."""

    examples: int = field(default=200, metadata=allowed(at_least(0)))
    """How many examples, at most, on which teacher and student part stand in disagreements.jsonl and on the page, with
    their texts: those of test, or else of validation. 0: none, as private data asks for."""
    searched: int = field(default=0, metadata=allowed(at_least(0)))
    """Trials of a search that have looked at validation before these settings were chosen, which the report says; the
    cards of `distill.search` set it."""
