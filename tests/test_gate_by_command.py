"""The gate's command line: one message, and exit code 2, for whatever cannot be compared."""

import json
from functools import partial

import pytest

from distill import gate as command


@pytest.fixture
def called(ended):
    return partial(ended, command.main)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give new=... and old=..."),
        (("new=a",), "give old=..."),
        (("a", "b"), "a: give it as NAME=VALUE"),
        (("new=a", "old=b", "--csv"), "--csv: there is --json"),
        (
            ("new=a", "old=b", "slice=length"),
            "slice: unknown setting; did you mean slices? there are new, old, slices, ",
        ),
        (("new=a", "old=b", "tolerance=-1"), "tolerance=-1.0: allowed is a number from 0 to 100"),
        (("new=a", "old=b", "tolerance=much"), "tolerance=much: allowed is a number from 0 to 100"),
        (("new=a", "old=b", "level=0"), "level=0.0: allowed is a number between 0 and 1"),
        (("new=a", "old=b", "format=tflite"), "format=tflite: allowed is one of "),
        (("new=nowhere", "old=b"), "nowhere: there is no such folder"),
        (("new=empty", "old=b"), "empty is neither the folder of a finished run, which has a report.json, nor of an "),
        (("new=model", "old=model"), "new=model and old=model are both exported models, which hold no test rows"),
        (("new=broken", "old=model"), "broken/report.json is no report of a run"),
    ],
)
def test_a_mistake_is_one_message(called, tmp_path, words, message):
    for name, file in (("empty", "notes.txt"), ("model", "config.json"), ("broken", "report.json")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(json.dumps({}), encoding="utf-8")
    code, out, err = called(*words)
    assert (code, out) == (2, "")
    assert err.startswith(f"distill: {message}")
