"""Standard output on a full disk ends a command with one sentence, whatever wrote last."""

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
