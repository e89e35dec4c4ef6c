"""A signal ends the work at a safe place, with the exit code that shells expect, and is never lost."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from distill.base import signals
from distill.base.signals import Interrupted


def send(number=signal.SIGINT):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(
    ("number", "said", "code"),
    [
        (signal.SIGINT, "interrupted", 130),
        (signal.SIGTERM, "ended by SIGTERM", 143),
        (signal.SIGUSR1, "ended by SIGUSR1", 138),
    ],
)
def test_a_signal_is_raised_at_once_with_its_exit_code(number, said, code):
    done = []
    with pytest.raises(Interrupted) as stop, signals.heeded():  # noqa: PT012 - what comes after it is the point
        send(number)
        done.append("more")
    assert (str(stop.value), stop.value.code, done) == (said, code, [])


def test_where_it_is_deferred_it_only_sets_a_flag_that_the_outermost_end_reads():
    done = []
    with pytest.raises(Interrupted), signals.heeded():  # noqa: PT012
        with signals.deferred():
            with signals.deferred():
                send()
                done.append(signals.pending())
            done.append("inside")
        done.append("after")
    assert done == [signal.SIGINT, "inside"]


class Destroyed:
    def __del__(self):
        send()


def test_one_that_a_destructor_swallows_is_raised_at_the_next_safe_place(capsys):
    done = []
    with pytest.raises(Interrupted), signals.heeded():  # noqa: PT012
        Destroyed()
        done.append("on")
        signals.check()
        done.append("more")
    assert done == ["on"]
    assert "Interrupted" not in capsys.readouterr().err


def test_one_that_is_turned_into_an_error_ends_as_what_it_is():
    with pytest.raises(Interrupted), signals.heeded():  # noqa: PT012
        try:
            send()
        except BaseException as error:  # as a library does with what its callback raises
            raise RuntimeError("callback failed") from error


def test_what_was_there_before_is_there_again():
    before = [signal.getsignal(number) for number in signals.HEEDED]
    with pytest.raises(Interrupted), signals.heeded():
        send(signal.SIGTERM)
    assert [signal.getsignal(number) for number in signals.HEEDED] == before
    assert signals.pending() is None
    with signals.heeded(), signals.heeded():
        assert [signal.getsignal(number) for number in signals.HEEDED] != before
    assert [signal.getsignal(number) for number in signals.HEEDED] == before


def test_a_signal_that_the_process_was_started_to_ignore_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.heeded():
            send(signal.SIGHUP)
            assert signals.pending() is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_heeds_nothing_and_breaks_nothing():
    found = []

    def work():
        with signals.heeded():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGTERM)]


SLOW = """
import sys, time
from distill.base import signals
with signals.heeded(), signals.deferred():
    print("ready", flush=True)
    while not signals.pending():
        time.sleep(0.01)
    print("asked", flush=True)
    time.sleep(60)
"""


def test_a_second_signal_ends_the_process_at_once():
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    for expected in ("ready", "asked"):
        assert process.stdout.readline().strip() == expected
        process.send_signal(signal.SIGINT)
        threading.Event().wait(0.7)
        if expected == "ready":
            assert process.poll() is None
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said == "distill: ended at once; the same command goes on from the last checkpoint\n"


CHILD = """
import os, subprocess, sys, time
from distill.base import parent
if len(sys.argv) > 1:
    parent.end_with_the_parent()
    print("here", flush=True)
    time.sleep(60)
child = subprocess.Popen([sys.executable, __file__, "child"], env={**os.environ, parent.PARENT: str(os.getpid())})
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_helper_ends_with_its_parent_however_that_one_ends(tmp_path):
    (tmp_path / "program.py").write_text(CHILD)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, tmp_path / "program.py"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, env=environment, text=True, **pipes)
    first = {process.stdout.readline().strip(), process.stdout.readline().strip()}
    assert "here" in first
    process.kill()
    assert process.stdout.read() == "", "the pipe closes when the helper is gone as well"
    said = f"distill: rank 0 (process {process.pid}) has ended; the same command goes on from the last checkpoint\n"
    assert process.stderr.read() == said
    process.wait()


ENDING = """
import os, signal, time
os.kill(os.getpid(), getattr(signal, os.environ["SENT"]))
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("command", "imported", "then"),
    [
        ("distill.run", "hydra", "the same command goes on from the last checkpoint"),
        ("distill run", "hydra", "the same command goes on from the last checkpoint"),
        ("distill.design", "hydra", "nothing was written"),
        ("distill.predict", "omegaconf", "nothing was written"),
        ("distill.convert", "torch", "nothing was written"),
    ],
)
def test_a_signal_ends_a_command_in_a_sentence_also_while_it_imports(command, imported, then, tmp_path):
    (tmp_path / f"{imported}.py").write_text(ENDING)
    (tmp_path / "config.json").write_text("{}")
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    sentences = {
        "SIGINT": ("interrupted", 130),
        "SIGTERM": ("ended by SIGTERM", 143),
        "SIGUSR1": ("ended by SIGUSR1", 138),
    }
    for sent, (said, code) in sentences.items():
        given = [f"model={tmp_path}", f"output={tmp_path}/made"] if command == "distill.convert" else []
        done = subprocess.run(
            [sys.executable, "-m", *command.split(), *given], env={**os.environ, "PYTHONPATH": path, "SENT": sent},
            text=True, capture_output=True, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stderr, done.stdout) == (code, f"distill: {said}; {then}\n", "")


TWICE = """
import atexit, os, signal, time
from distill import ending
from distill.base import early_signals
early_signals.heed("nothing was written")
atexit.register(os.kill, os.getpid(), signal.SIGTERM)
with ending.in_one_sentence("nothing was written"):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
"""


def told(program):
    """What a program of several lines says on stderr, and its exit code."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, timeout=60)
    return done.returncode, done.stderr


def test_a_signal_to_a_command_that_ends_already_changes_neither_its_sentence_nor_its_exit_code():
    assert told(TWICE) == (143, "distill: ended by SIGTERM; nothing was written\n")


RENDEZVOUS = """
import logging, os, signal, subprocess, sys, threading, time
from pathlib import Path
from distill.base import signals
from distill.distributed import started_ranks
logging.basicConfig(format="%(message)s")
started_ranks.GRACE = 0.2
with signals.heeded(), signals.deferred():
    os.kill(os.getpid(), signal.SIGTERM)
    other = subprocess.Popen([sys.executable, "-c", "import sys; sys.exit(143)"])
    silent = open(os.devnull, "rb", buffering=0)
    ranks = started_ranks.StartedRanks(2, [started_ranks.StartedRank(1, other, Path("rank-1.log"), silent)])
    threading.Thread(target=ranks.watch, daemon=True).start()
    time.sleep(60)
"""


def test_a_signal_ends_a_rank_that_waits_for_one_which_the_signal_has_ended_before_they_met():
    said = "distill: ended by SIGTERM; the same command goes on from the last checkpoint\n"
    assert told(RENDEZVOUS) == (143, said)
