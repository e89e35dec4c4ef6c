"""What a check has found, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

OK, WARN, FAIL, SKIPPED = "OK", "WARN", "FAIL", "SKIP"
"""All is well; it may cost quality or time; a run would fail; the check could not be made, and the finding says why."""


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        check: its name.
        level: ``OK``, ``WARN``, ``FAIL`` or ``SKIP``.
        said: what was found, a sentence without its full stop.
        fix: what to do about it; empty where nothing has to be done, or the sentence says it.
        facts: the numbers behind it, as JSON takes them.
    """

    check: str
    level: str
    said: str
    fix: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


def verdict(check: str, bad: bool, said: str, fix: str, facts: Mapping[str, object] | None = None) -> Finding:
    """Return a finding that warns where something is ``bad``, and else has nothing to mend."""
    return Finding(check, WARN if bad else OK, said, fix if bad else "", facts or {})
