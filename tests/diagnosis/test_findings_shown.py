"""Findings as text and as JSON."""

import json

from distill.base.findings import FAIL, OK, Finding
from distill.diagnosis import showing

FOUND = [
    Finding("data", OK, "80 rows", facts={"train": 80}),
    Finding("teacher", FAIL, "it gets \x1b[31m50% right " + "and so on " * 12, "give another"),
]


def test_a_line_says_level_check_and_fix_and_is_wrapped_and_plain():
    assert showing.lines(FOUND[0]) == "OK    data: 80 rows"
    text = showing.lines(FOUND[1])
    assert text.startswith("FAIL  teacher: it gets \\x1b[31m50% right and so on")
    assert text.endswith("\n      fix: give another")
    assert max(map(len, text.splitlines())) <= 110


def test_the_json_says_whether_the_run_may_begin():
    content = json.loads(showing.as_json(FOUND, "python -m distill.run", 1.23))
    assert (content["ok"], content["seconds"], content["command"]) == (False, 1.2, "python -m distill.run")
    assert content["checks"][0] == {
        "check": "data",
        "level": "OK",
        "said": "80 rows",
        "fix": "",
        "facts": {"train": 80},
    }


def test_the_last_line_counts_what_has_to_be_looked_at():
    assert showing.summary(FOUND, 4.2) == "the run would fail: 1 FAIL of 2 checks, in 4 s"
    assert showing.summary(FOUND[:1], 4.2) == "nothing stands in the way of the run: all OK of 1 checks, in 4 s"
