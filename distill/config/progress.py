"""Settings of how a run says where it is."""

from dataclasses import dataclass, field

from distill.base.setting_rules import NOT_NEGATIVE, allowed


@dataclass
class ProgressConfig:
    """How a run says where it is."""

    every_seconds: float = field(default=30.0, metadata=allowed(NOT_NEGATIVE))
    """Seconds from one line of long work in the log to the next; 0: none. On a terminal there is a bar instead."""
