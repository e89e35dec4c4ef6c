"""Settings of ``python -m distill.store``: which store, and where the runs are that name its stages."""

from dataclasses import dataclass, field

from distill.base.setting_rules import FOLDER, allowed, at_least


@dataclass
class StoreConfig:
    """Which store is looked at, and what may be removed from it."""

    store: str = field(default="outputs/store", metadata=allowed(FOLDER))
    """Folder of finished stages."""
    runs: str | None = None
    """Folder below which runs are looked for; none: the one that holds the store. Runs elsewhere are known to the
    store since they wrote there."""
    keep_hours: float = field(default=1.0, metadata=allowed(at_least(0)))
    """What was used within so many hours is kept: a run that has just begun may need it."""
    yes: bool = False
    """Whether to remove without asking on a terminal; elsewhere nothing is removed without it."""
