"""The table of checks, and the walk through it; adding one is a function and a line."""

import re
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


_END = re.compile(r"(?<! ); ")
"""What stands before the way out in messages; a semicolon after a space is one that they name."""
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
    text = plain(message)
    ends = [end for end in _END.finditer(text) if not _is_within(text[: end.start()])]
    said, fix = (text[: ends[-1].start()], text[ends[-1].end() :]) if ends else (text, "")
    return Finding(name, FAIL, said, fix)


def _is_within(before: str) -> bool:
    """Whether a text goes on within quotes or brackets, such as those of a command."""
    return before.count('"') % 2 == 1 or before.count("(") > before.count(")")
