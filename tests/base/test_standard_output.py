"""Standard output on a full disk ends a command with one sentence, and a terminal is shown nothing that acts on it."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

ENDED = """
import sys
from distill.base import standard_output
from distill.data.writing import printing
from distill.ending import in_one_sentence
with in_one_sentence("nothing more"):
    {}
"""
WRITTEN = {
    "what is said": "standard_output.say('text')",
    "what is held until the end": "sys.stdout.write('text')",
    "an answer": "with printing('jsonl') as sink: sink.write({'id': 1})",
}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is always full")
@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_a_full_disk_is_said_in_a_sentence(written, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-c", ENDED.format(written)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "distill: standard output cannot be written: No space left on device\n",
    )


def test_output_that_nobody_reads_any_more_ends_without_a_word():
    command = [sys.executable, "-c", ENDED.format("[standard_output.say('text ' * 100_000) for _ in range(9)]")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


HOSTILE = "\x1b[31mred\x1b]0;title\x07\x9b2J"
SHOWN = "\\x1b[31mred\\x1b]0;title\\x07\\x9b2J"
SAID = {
    "what is said": f"standard_output.say({HOSTILE!r})",
    "what is written": f"sys.stdout.write({HOSTILE!r})",
    "what is printed": f"print({HOSTILE!r})",
    "a table": f"with printing('tsv') as sink: sink.write({{'label': {HOSTILE!r}}})",
    "what is logged": f"import logging; logging.basicConfig(stream=sys.stdout); logging.warning({HOSTILE!r})",
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_escapes_reach_no_terminal_and_a_file_gets_what_is_said(said):
    command = [sys.executable, "-c", ENDED.format(said)]
    terminal, slave = pty.openpty()
    subprocess.run(command, stdout=slave, check=True)
    os.close(slave)
    shown = os.read(terminal, 10_000).decode()
    os.close(terminal)
    assert SHOWN in shown
    assert shown.replace("\r\n", "").isprintable()
    found = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
    assert HOSTILE in found
