"""``python -m distill.predict`` as a process of its own: pipes, files of every kind, signals."""

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import forked
import pyarrow as pa
import pytest
from predicted import answers, inputs, jsonl
from pyarrow import parquet

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "distill.predict"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "latin-1"}
ROWS = [{"ticket": "T1", "text": "Zürich"}, {"ticket": "T2", "text": ""}, {"ticket": "T3", "text": "the tower"}]


def ran(*arguments, given=b"", code=0):
    """What a command writes: standard output in bytes, standard error as text."""
    done = forked.run([*COMMAND[1:], *arguments], given=given, env=ENVIRONMENT, timeout=120)
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr.decode()


def table(rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def packed(rows):
    out = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()
INPUTS = {
    "jsonl": LINES, "json": json.dumps(ROWS).encode(), "csv": table(ROWS), "parquet": packed(ROWS),
    "tsv": "ticket\ttext\nT1\tZürich\nT2\t\nT3\tthe tower\n".encode(),
}  # fmt: skip
"""The same rows in every kind of file."""
MANY = b"".join(json.dumps({"text": "the tower of Paris " * 20}).encode() + b"\n" for _ in range(600))
"""Rows that are more than what is read and answered together, but whose answers a pipe takes without a reader."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", INPUTS)
def test_a_pipe_answers_as_a_file_does(models, tmp_path, kind):
    """Nothing but answers is on standard output, in UTF-8 whatever the terminal has."""
    model = f"model={models('classification')}"
    source, target = tmp_path / f"in.{kind}", tmp_path / f"out.{kind}"
    source.write_bytes(INPUTS[kind])
    out, said = ran(model, f"input={source}", f"output={target}", "columns.id=ticket")
    assert said == ""
    assert out.decode().startswith("3 examples in ")
    given = (f"input_format={kind}", f"output_format={kind}") if kind != "jsonl" else ()
    piped, said = ran(model, "input=-", "output=-", "columns.id=ticket", *given, given=INPUTS[kind])
    assert piped == target.read_bytes()
    first, second = said.splitlines()
    assert first.endswith(": -")
    assert second == "1 of them have an error for an answer, the first 'T2': no text"


@pytest.mark.slow
def test_lines_of_text_are_answered_one_by_one_and_packed(models, tmp_path):
    source = tmp_path / "in.txt.gz"
    source.write_bytes(gzip.compress(b"der Turm\n\nwho built it ?\n"))
    for name in ("translation", "classification", "dialogue"):
        ran(f"model={models(name)}", f"input={source}", f"output={tmp_path}/out.json.gz")
        one, empty, two = json.loads(gzip.decompress((tmp_path / "out.json.gz").read_bytes()))
        assert (one["id"], empty, two["id"]) == (1, {"id": 2, "error": "no text"}, 3)
        assert set(one) == set(two) > {"id"}
    _, said = ran(f"model={models('pair_classification')}", f"input={source}", f"output={tmp_path}/out.csv", code=2)
    assert "line 1 of " in said
    assert "has no pair; it has text" in said


@pytest.mark.slow
def test_a_reader_that_leaves_ends_the_command_without_a_word(models, tmp_path):
    source = jsonl(tmp_path / "in.jsonl", inputs("classification") * 1000)
    command = [*COMMAND, f"model={models('classification')}", f"input={source}", "output=-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
        assert json.loads(process.stdout.readline())["id"] == 1
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (0, b"")


@pytest.mark.slow
def test_answers_to_a_pipe_come_before_it_ends(models):
    command = [*COMMAND, f"model={models('classification')}", "input=-", "output=-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT) as process:
        process.stdin.write(MANY)
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        process.stdin.close()
        assert len(process.stdout.readlines()) == 599


@pytest.mark.slow
@pytest.mark.parametrize(("output", "then"), [
    ("out.csv", "nothing was written"),
    ("-", "standard output has what was answered before"),
])  # fmt: skip
def test_an_interruption_leaves_no_half_of_a_file(models, tmp_path, output, then):
    """The input does not end, so that the command waits for more of it when the signal comes."""
    where = output if output == "-" else f"{tmp_path}/{output}"
    command = [*COMMAND, f"model={models('classification')}", "input=-", f"output={where}"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=ENVIRONMENT, **pipes) as process:
        process.stdin.write(MANY)
        process.stdin.flush()
        if output == "-":
            assert process.stdout.readline()
        else:
            deadline = time.monotonic() + 60
            while not any(tmp_path.iterdir()) and time.monotonic() < deadline:
                time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1].decode()
        assert (process.returncode, said) == (130, f"distill: interrupted; {then}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_run_and_its_teacher_are_asked_by_their_folders(finished, tmp_path):
    """What the small run of all tests has made: its own folder, and its stages in the store."""
    command, _ = finished
    source = jsonl(tmp_path / "in.jsonl", [{"text": "a very good film"}, {"text": ""}])
    report = json.loads((command.folder / "run" / "report.json").read_text())
    stages = {entry["name"]: Path(entry["folder"]) for entry in report["stages"]}
    told = {}
    for name, model in {
        "run": command.folder / "run",
        "export": stages["export"],
        "student": stages["distill"] / "model",
        "teacher": stages["finetune"] / "model",
    }.items():
        ran(f"model={model}", f"input={source}", f"output={tmp_path}/out.jsonl")
        told[name] = answers(tmp_path / "out.jsonl")
        assert told[name][0]["label"] in ("negative", "positive")
        assert told[name][1] == {"id": 2, "error": "no text"}
    assert told["run"] == told["export"]
    assert told["run"][0] == pytest.approx(told["student"][0], abs=1e-4)
    assert told["teacher"] != told["run"]
