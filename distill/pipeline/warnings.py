"""Log before the first stage what is cheap to know and may cost quality or time."""

import logging

from distill.base.findings import FAIL, WARN
from distill.pipeline import data_checks, space
from distill.stages.job import RunSpec

log = logging.getLogger("distill.pipeline.runner")  # for its readers these are a part of the chain

_CHECKS = (data_checks.repeated, data_checks.contradictory, data_checks.balance, space.disk)
"""What neither the notes on the data nor the report say."""


def warn(spec: RunSpec) -> None:
    """Log each finding that has to be looked at, with what to do about it."""
    for finding in (check(spec) for check in _CHECKS):
        if finding.level in (WARN, FAIL):
            log.warning("%s; %s", finding.said, finding.fix)
