"""Findings as lines, and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from textwrap import wrap

from distill.base.findings import FAIL, SKIPPED, WARN, Finding
from distill.base.terminal_text import plain

_WIDTH = 100
_LEVEL, _NAME = 4, 24


def lines(finding: Finding) -> str:
    """Return a finding as lines of text, with what to do about it below."""
    indent = " " * (_LEVEL + 2)
    texts = [f"{finding.level:<{_LEVEL}}  {finding.check}: {finding.said}"]
    if finding.fix:
        texts.append(f"{indent}fix: {finding.fix}")
    return plain("\n".join(line for text in texts for line in _wrapped(text, indent)))


def _wrapped(text: str, indent: str) -> list[str]:
    return wrap(text, _WIDTH, subsequent_indent=indent + "  ", break_long_words=False, break_on_hyphens=False) or [text]


def summary(findings: Sequence[Finding], seconds: float) -> str:
    """Return how many findings there are of what has to be looked at."""
    counts = {level: sum(each.level == level for each in findings) for level in (FAIL, WARN, SKIPPED)}
    words = ", ".join(f"{count} {level}" for level, count in counts.items() if count)
    verdict = "the run would fail" if counts[FAIL] else "nothing stands in the way of the run"
    return f"{verdict}: {words or 'all OK'} of {len(findings)} checks, in {seconds:.0f} s"


def as_json(findings: Sequence[Finding], command: str, seconds: float) -> str:
    """Return findings as JSON."""
    content = {
        "command": command,
        "ok": not any(each.level == FAIL for each in findings),
        "seconds": round(seconds, 1),
        "checks": [asdict(each) for each in findings],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, default=str)
