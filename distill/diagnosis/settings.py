"""Whether the settings make sense."""

from collections.abc import Iterator

from distill.base.findings import FAIL, OK, Finding
from distill.config.unread_overrides import unread_override_problems
from distill.config.validate import problems
from distill.diagnosis.case import Case


def settings(case: Case) -> Iterator[Finding]:
    """Yield each problem of the settings."""
    found = [*problems(case.config), *unread_override_problems(case.config, case.overrides)]
    for problem in found:
        said, _, fix = problem.rpartition("; ")
        yield Finding("settings", FAIL, said or fix, fix if said else "")
    if not found:
        stages = ", ".join(case.config.stages)
        yield Finding("settings", OK, f"{case.config.name}: {case.config.task}, stages {stages}")
