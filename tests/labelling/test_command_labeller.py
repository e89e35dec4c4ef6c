"""A command that labels: in any order, in lines of JSON, and every way in which it can fail."""

import json
import sys
import time

import pytest

from distill.errors import ConfigError
from distill.labelling.budget import Budget
from distill.labelling.command import CommandLabeller
from distill.labelling.forms import OneLabel
from distill.labelling.questions import LabellerError, Row
from distill.labelling.session import Session

ROWS = [Row({"text": f"text {number}"}) for number in range(4)]
READ = "import json, sys, time\nrows = [json.loads(line) for line in sys.stdin]\n"
SAY = "print(json.dumps({'id': row['id'], 'answer': 'even' if row['text'][-1] in '02' else 'odd'}), flush=True)\n"


@pytest.fixture
def labelled(tmp_path):
    """Label the rows by a script; return the answers, and the summary or the error."""

    def label(script, *, timeout=20.0, rows=ROWS):
        (tmp_path / "script.py").write_text(script)
        command = f"{sys.executable} {tmp_path / 'script.py'}"
        session = Session(rows, 1, CommandLabeller(command, OneLabel(("even", "odd")), timeout), Budget())
        try:
            said = session.run(tmp_path / "answers.jsonl", tmp_path / "cache", overwrite=True)
        except LabellerError as error:
            said = str(error)
        file = tmp_path / "answers.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else [], said

    return label


def test_answers_may_come_in_any_order(labelled):
    lines, said = labelled(READ + "for row in reversed(rows):\n    " + SAY)
    assert [(line["text"], line["answer"]) for line in lines] == [
        ("text 0", "even"), ("text 1", "odd"), ("text 2", "even"), ("text 3", "odd"),
    ]  # fmt: skip
    assert said.endswith("4 of 4 rows; asked about 4 texts, 0 known before")


@pytest.mark.parametrize(
    ("then", "sentence"),
    [
        ("print('done')", "writes what is no line of JSON: 'done'; kept: 2 of 4 rows are answered in "),
        ("print('{}')", 'writes a line without "id" and "answer": \'{}\'; kept: 2 of 4'),
        ("print(json.dumps({'id': '1', 'answer': 'odd'}))", "answers an id that was not asked, or twice: "),
        ("sys.exit('no more')", "ended with code 1: 'no more'; kept: 2 of 4"),
        ("time.sleep(9)", "no answer within 2 s (labeller.timeout); kept: 2 of 4"),
    ],
)
def test_a_command_that_fails_keeps_what_it_said(labelled, then, sentence):
    start = time.monotonic()
    lines, said = labelled(READ + f"for row in rows[:2]:\n    {SAY}{then}\n", timeout=2 if "sleep" in then else 20)
    assert sentence in said
    assert len(lines) == 2
    assert time.monotonic() - start < 8


def test_what_is_left_without_an_answer_is_counted_and_asked_again(labelled):
    lines, said = labelled(READ + f"for row in rows[:3]:\n    {SAY}")
    assert lines[3] == {"text": "text 3", "answer": None, "error": "the command gave no answer"}
    assert "4 of 4 rows: 1 have no answer (the first error: the command gave no answer)" in said


def test_answers_that_are_none_and_errors_are_kept_apart(labelled):
    answers = "for row, answer in zip(rows, ({'a': 'b'}, None, 'maybe', {'even': 0.25, 'odd': 0.75})):\n"
    lines, _ = labelled(READ + answers + "    print(json.dumps({'id': row['id'], 'answer': answer}))")
    assert lines[0]["error"] == "no probabilities by label"
    assert lines[0]["raw"] == '{"a": "b"}'
    assert [line["answer"] for line in lines[1:]] == [None, "maybe", {"even": 0.25, "odd": 0.75}]
    lines, _ = labelled(READ + "for row in rows:\n    print(json.dumps({'id': row['id'], 'error': 'no quota'}))")
    assert {line["error"] for line in lines} == {"no quota"}


def test_another_script_under_the_same_name_is_asked_anew(labelled):
    labelled(READ + "for row in rows:\n    " + SAY)
    lines, said = labelled(READ + "for row in rows:\n    print(json.dumps({'id': row['id'], 'answer': 'odd'}))")
    assert [line["answer"] for line in lines] == ["odd"] * 4
    assert "asked about 4 texts" in said


def test_a_command_that_is_not_there_or_cannot_be_read_is_said(tmp_path):
    labeller = CommandLabeller("no-such-program x", OneLabel(("a", "b")), 1.0)
    with pytest.raises(LabellerError, match=r"no-such-program: cannot be started \(No such file or directory\)"):
        list(labeller.replies(iter(())))
    with pytest.raises(ConfigError, match="No closing quotation"):
        CommandLabeller("'a", OneLabel(("a", "b")), 1.0)
    with pytest.raises(ConfigError, match=r"labeller.command: give a command"):
        CommandLabeller(" ", OneLabel(("a", "b")), 1.0)
