"""Make every check of a run, and print what is found."""

import sys
import time
from collections.abc import Sequence

from distill.base import work_shown
from distill.base.findings import FAIL
from distill.config.schema import Config
from distill.diagnosis import showing
from distill.diagnosis.case import Case
from distill.diagnosis.checks import diagnose
from distill.diagnosis.rehearsal import errors_alone


def report(config: Config, overrides: Sequence[str], command: str, start: float, *, as_json: bool) -> bool:
    """Print each finding as soon as it is known, or all of them as JSON; return whether a check failed.

    Args:
        config: the settings, composed.
        overrides: of the command line.
        command: of the run that is looked at.
        start: the time at which the command began.
        as_json: whether JSON is printed.
    """
    findings = []
    with errors_alone(), work_shown.shown(0):
        for finding in diagnose(Case(config, overrides)):
            findings.append(finding)
            if not as_json:
                work_shown.write(showing.lines(finding) + "\n")
    seconds = time.monotonic() - start
    if as_json:
        sys.stdout.write(showing.as_json(findings, command, seconds) + "\n")
    else:
        sys.stdout.write(f"{showing.summary(findings, seconds)}\nrun it: {command}\n")
    return any(finding.level == FAIL for finding in findings)
