"""Settings of where a run is tracked."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from distill.base.installed import installed
from distill.base.setting_rules import NOT_EMPTY, NOT_NEGATIVE, POSITIVE, Rule, allowed, one_of
from distill.tracking import TRACKERS

PROJECT: Rule = (lambda value: bool(value) and not set(value) & set("/\\#?%:")), "a name without / \\ # ? % :"
"""The rule for the name of a project."""
_NONE = "none"
_LOGGERS: Rule = (
    lambda names: (
        set(names) <= {*TRACKERS, _NONE} and len(set(names)) == len(names) and (_NONE not in names or len(names) == 1)
    ),
    f"a list of {', '.join(TRACKERS)}, each once, or [{_NONE}]",
)


@dataclass
class TrackingConfig:
    """Where a run is tracked besides its own folder."""

    logger: list[str] = field(default_factory=lambda: ["wandb"], metadata=allowed(_LOGGERS))
    """Who gets the curves and what was found, several at once if you like: wandb, tensorboard, trackio; [none] nobody.
    """
    wandb: str = field(default="auto", metadata=allowed(one_of("auto", "online", "offline", "disabled")))
    """auto | online | offline | disabled. auto: online when logged in and reachable, else offline."""
    project: str = field(default="distill", metadata=allowed(PROJECT))
    """Project on W&B and on Trackio."""
    entity: str | None = field(default=None, metadata=allowed(NOT_EMPTY))
    """User or team on W&B; none: whoever is logged in."""
    artifact_limit_mb: float = field(default=100.0, metadata=allowed(NOT_NEGATIVE))
    """Megabytes (of 1,000,000 bytes) up to which W&B gets the files of a teacher, a student or an export; larger ones,
    and the teacher's outputs, are named by where they lie in the store. 0: nothing is copied."""
    finish_seconds: float = field(default=60.0, metadata=allowed(POSITIVE))
    """Seconds that the end of a stage waits for what W&B has still to send; the rest stays on disk, and what follows
    does, too."""

    @property
    def trackers(self) -> list[str]:
        """Return the names of those who track the run."""
        return [name for name in self.logger if name != _NONE and (name != "wandb" or self.wandb != "disabled")]


def tracking_problems(section: TrackingConfig) -> Iterator[str]:
    """Name a tracker whose package is not installed."""
    for name in section.trackers:
        if name in TRACKERS and not installed(name):
            yield f"tracking.logger: {name} is not installed; pip install 'distill[track]' brings it"
