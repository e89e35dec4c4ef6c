"""Settings of where training curves are sent."""

from dataclasses import dataclass, field

from distill.base.setting_rules import Rule, allowed, one_of

_PROJECT: Rule = (lambda value: bool(value) and not set(value) & set("/\\#?%:")), "a name without / \\ # ? % :"


@dataclass
class TrackingConfig:
    """Where curves go besides the CSV."""

    wandb: str = field(default="auto", metadata=allowed(one_of("auto", "online", "offline", "disabled")))
    """auto | online | offline | disabled. auto: online when logged in and reachable, else offline."""
    project: str = field(default="distill", metadata=allowed(_PROJECT))
    """Project on W&B."""
    entity: str | None = None
    """User or team on W&B; none: whoever is logged in."""
