"""The table of checks, and the walk through it; adding one is a function and a line."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from distill.base.findings import FAIL, SKIPPED, Finding
from distill.base.terminal_text import plain
from distill.diagnosis import machine, models, settings, texts, timing
from distill.diagnosis.case import Case
from distill.errors import DistillError
from distill.pipeline import data_checks

Make: TypeAlias = Callable[[Case], Iterable[Finding]]
"""Makes a check; an error of this package is a finding that fails."""


class Check(NamedTuple):
    """A check, or several that belong together.

    Attributes:
        name: its name in the answer.
        needs: name of the check without which it cannot be made; empty where it needs none.
        make: makes it.
    """

    name: str
    needs: str
    make: Make


CHECKS = (
    Check("settings", "", settings.settings),
    Check("hub", "", machine.hub),
    Check("trackers", "", machine.trackers),
    Check("devices", "settings", machine.devices),
    Check("data", "settings", texts.data),
    Check("texts", "data", lambda case: data_checks.findings(case.spec)),
    Check("models", "data", models.models),
    Check("stages", "models", models.stages),
    Check("unlabelled text", "models", texts.unlabelled),
    Check("tokenizer", "models", texts.tokenizer),
    Check("teacher", "stages", models.teacher),
    Check("disk", "stages", machine.disk),
    Check("memory", "stages", machine.memory),
    Check("terms", "stages", timing.terms),
    Check("time", "stages", timing.time_of_stages),
)


def diagnose(case: Case) -> Iterator[Finding]:
    """Make one check after the other; what needs one that failed is left out, and said."""
    failed: set[str] = set()
    for check in CHECKS:
        if check.needs in failed:
            failed.add(check.name)
            yield Finding(check.name, SKIPPED, f"not checked, since it needs what fails above: {check.needs}")
            continue
        try:
            for finding in check.make(case):
                if finding.level == FAIL:
                    failed.add(check.name)
                yield finding
        except DistillError as error:
            failed.add(check.name)
            yield failure(check.name, str(error))


def failure(name: str, message: str) -> Finding:
    """Return the finding of an error, whose message ends in the way out.

    >>> failure("data", "FILE is no file; give another with data.path=FILE").fix
    'give another with data.path=FILE'
    """
    said, _, fix = plain(message).rpartition("; ")
    return Finding(name, FAIL, said or fix, fix if said else "")
