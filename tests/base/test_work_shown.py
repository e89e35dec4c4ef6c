"""Bars on a real terminal, lines elsewhere."""

import io
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from distill.base import long_work, work_shown
from distill.base.long_work import Stage, announced, stage, work

ROOT = Path(__file__).parents[2]
PROGRAM = """
import logging, sys, time
from distill.base import long_work, signals, work_shown
from distill.ending import in_one_sentence
handler = work_shown.ConsoleHandler(sys.stdout)
logging.basicConfig(level="INFO", handlers=[handler, logging.FileHandler("run.log")], format="%(message)s")
with in_one_sentence("the same command goes on"), work_shown.shown(0.05):
    with long_work.stage(long_work.Stage("distill", 4, 7)), long_work.work("training", 40, "steps") as steps:
        for step in range(1, 11):
            time.sleep(0.03)
            steps.at(step, lambda: {"soft": 0.5})
            if step == 5:
                logging.info("an epoch is over")
        while "wait" in sys.argv:
            time.sleep(0.05)
            steps.at(11)
"""


def on_a_terminal(folder, *arguments, until=None):
    """Run the program with a terminal of its own; all that it wrote there, and its exit code."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "60"}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=folder, env=environment,
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    read = b""
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # so a terminal ends on Linux
            break
        read += part
        if not part:
            break
        if until is not None and until in read:
            until = None
            process.send_signal(signal.SIGINT)
    os.close(ours)
    return read.decode(), process.wait(30)


def screen(written):
    """The lines that are left on the screen, with what was erased taken away."""
    lines, row = [""], 0
    for part in written.replace("\r\n", "\n").replace("\x1b[K", "\x00").replace("\x1b[1A", "\x01"):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x00":
            lines[row] = ""
        elif part == "\x01":
            row -= 1
        elif part != "\r":
            lines[row] += part
    return [line for line in lines if line]


def test_a_terminal_has_a_bar_and_a_line_for_the_chain_and_neither_is_left(tmp_path):
    written, code = on_a_terminal(tmp_path)
    assert code == 0
    assert "[....................] training 0 of 40 steps" in written
    assert "distill 4/7" in written
    assert screen(written) == ["an epoch is over"]
    logged = (tmp_path / "run.log").read_text(encoding="utf-8")
    assert "an epoch is over\n" in logged
    assert "of 40 steps, about " in logged
    assert "\x1b" not in logged
    assert "\r" not in logged


def test_after_ctrl_c_the_terminal_holds_sentences_alone(tmp_path):
    written, code = on_a_terminal(tmp_path, "wait", until=b"training 11 of 40")
    assert code == 130
    assert screen(written) == ["an epoch is over", "distill: interrupted; the same command goes on"]


def test_what_a_signal_interrupts_while_it_is_drawn_is_taken_away():
    class Interrupting(io.StringIO):
        def flush(self):
            if self.getvalue().endswith("steps"):
                raise KeyboardInterrupt

    stream = Interrupting()
    bars = work_shown.Bars(stream)
    with pytest.raises(KeyboardInterrupt), long_work.observed(bars), long_work.work("training", 40, "steps"):
        pass
    bars.erase()
    assert stream.getvalue().endswith("training 0 of 40 steps\r\x1b[K")
    assert long_work.innermost() is None, "what is interrupted is over"


def test_in_a_pipe_there_are_lines_and_nothing_of_a_terminal(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr
    assert " of 40 steps, about " in done.stdout
    assert "(distill 4/7)" in done.stdout


@pytest.mark.parametrize(("every", "lines"), [(0, 0), (10, 3)])
def test_lines_come_every_so_many_seconds_or_not_at_all(monkeypatch, caplog, every, lines):
    now = [0.0]
    monkeypatch.setattr(work_shown.time, "monotonic", lambda: now[0])
    with (
        caplog.at_level("INFO", "distill"),
        work_shown.shown(every),
        stage(Stage("teach", 3, 7, start=0.0)),
        work("storing", 50, "batches") as batches,
    ):
        for count in range(1, 36):
            now[0] += 1
            batches.at(count)
    assert len(caplog.messages) == lines
    assert caplog.messages[:1] == ["storing 10 of 50 batches, about 40 s left (teach 3/7)"][:lines]


def test_a_step_without_a_count_is_told_when_it_begins(caplog):
    with (
        caplog.at_level("INFO", "distill"),
        work_shown.shown(1000),
        stage(Stage("export", 7, 7)),
        work("exporting", 3, "formats"),
        announced("tracing the ONNX graph"),
    ):
        pass
    assert caplog.messages == ["tracing the ONNX graph (export 7/7)"]


def test_a_bar_shows_a_step_at_once_and_then_the_work_around_it():
    bars = work_shown.Bars(stream := io.StringIO())
    with long_work.observed(bars), work("exporting", 3, "formats"):
        with announced("tracing the ONNX graph"):
            assert stream.getvalue().endswith("tracing the ONNX graph")
        assert stream.getvalue().endswith("] exporting 0 of 3 formats")
