"""As many processes as the settings ask for, whoever starts them, or none."""

import os
import re
import signal
import subprocess
import sys
import time
import warnings
from functools import partial
from types import SimpleNamespace

import pytest

from distill.base import parent, signals
from distill.base.process_state import StopWatch
from distill.distributed import launching, started_ranks
from distill.distributed.launching import other_ranks, refuse_other_launch
from distill.distributed.processes import joined
from distill.errors import ConfigError, RankError
from distill.training.trainer import TrainerSettings, trainer

TORCHRUN = {"TORCHELASTIC_RUN_ID": "1", "RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
SLURM = {
    "SLURM_JOB_ID": "71", "SLURM_JOB_NAME": "distil", "SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "2",
    "SLURM_NNODES": "1", "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0",
}  # fmt: skip
ALONE = {**SLURM, "SLURM_NTASKS": "1", "SLURM_NTASKS_PER_NODE": "1"}
BY_HAND = {"LOCAL_RANK": "0", "WORLD_SIZE": "4"}


@pytest.fixture(autouse=True)
def launched(monkeypatch):
    """Say of the environment what a launcher would."""
    for name in {**TORCHRUN, **SLURM}:
        monkeypatch.delenv(name, raising=False)

    def by(environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return by


REFUSED = {
    "torchrun, of one": (TORCHRUN, 1, 1, (
        "torchrun says that it has started 2 processes (2 a node), but trainer.devices=1 and trainer.num_nodes=1 ask "
        "for 1: give trainer.devices=2 trainer.num_nodes=1, or start torchrun --nnodes=1 --nproc-per-node=1"
    )),
    "torchrun, of four": (TORCHRUN, 2, 2, (
        "torchrun says that it has started 2 processes (2 a node), but trainer.devices=2 and trainer.num_nodes=2 ask "
        "for 4: give trainer.devices=2 trainer.num_nodes=1, or start torchrun --nnodes=2 --nproc-per-node=2"
    )),
    "srun -n1, of two": (ALONE, 2, 1, (
        "SLURM says that it has started 1 process (1 a node), but trainer.devices=2 and trainer.num_nodes=1 ask "
        "for 2: give trainer.devices=1 trainer.num_nodes=1, or start srun --nodes=1 --ntasks-per-node=2"
    )),
    "srun -n2, of one": (SLURM, 1, 1, (
        "SLURM says that it has started 2 processes (2 a node), but trainer.devices=1 and trainer.num_nodes=1 ask "
        "for 1: give trainer.devices=2 trainer.num_nodes=1, or start srun --nodes=1 --ntasks-per-node=1"
    )),
    "srun on two nodes, of one": ({**SLURM, "SLURM_NTASKS_PER_NODE": "1", "SLURM_NNODES": "2"}, 2, 1, (
        "SLURM says that it has started 2 processes (1 a node), but trainer.devices=2 and trainer.num_nodes=1 ask "
        "for 2: give trainer.devices=1 trainer.num_nodes=2, or start srun --nodes=1 --ntasks-per-node=2"
    )),
    "srun -n1, inside of what was asked for with two a node": ({**SLURM, "SLURM_NTASKS": "1"}, 1, 1, (
        "SLURM says that it has started 1 process (2 a node), but trainer.devices=1 and trainer.num_nodes=1 ask "
        "for 1: start srun --nodes=1 --ntasks-per-node=1"
    )),
    "srun without tasks a node": ({**SLURM, "SLURM_NTASKS_PER_NODE": None}, 2, 1, (
        "the launcher's settings cannot be used: You set `--ntasks=2` in your SLURM bash script, but this variable is "
        "not supported. HINT: Use `--ntasks-per-node=2` instead."
    )),
    "by hand": (BY_HAND, 2, 1, (
        "the environment (WORLD_SIZE) says that it has started 4 processes (4 a node), but trainer.devices=2 and "
        "trainer.num_nodes=1 ask for 2: give trainer.devices=4 trainer.num_nodes=1, or start 2"
    )),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_where_launcher_and_settings_differ_the_run_is_refused_with_what_to_give(launched, case):
    environment, devices, nodes, message = REFUSED[case]
    launched({name: value for name, value in environment.items() if value is not None})
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        refuse_other_launch(devices, nodes)


TAKEN = {
    "nobody": ({}, 2, 1),
    "torchrun": (TORCHRUN, 2, 1),
    "srun": (SLURM, 2, 1),
    "srun of one": (ALONE, 1, 1),
    "a job in which one works by hand": ({**ALONE, "SLURM_JOB_NAME": "interactive"}, 2, 1),
    "a shell of a job": ({**SLURM, "SLURM_JOB_NAME": "bash"}, 1, 1),
    "torchrun inside a job of one task": ({**ALONE, **TORCHRUN}, 2, 1),
    "what a launcher left of its variables": ({"WORLD_SIZE": "4"}, 1, 1),
    "by hand": (BY_HAND, 4, 1),
}


@pytest.mark.parametrize("case", TAKEN)
def test_where_they_agree_or_lightning_starts_the_ranks_the_run_goes_on(launched, case):
    environment, devices, nodes = TAKEN[case]
    launched(environment)
    refuse_other_launch(devices, nodes)


def test_a_machine_that_has_srun_is_no_reason_to_warn(launched, monkeypatch, tmp_path):
    (tmp_path / "srun").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refuse_other_launch(1, 1)


def test_fewer_ranks_than_were_asked_for_never_train(launched, tmp_path):
    """Whatever the launcher's variables say, what came together is counted."""
    launched(ALONE)
    settings = TrainerSettings("cpu", 2, 1, "ddp", "32-true", 1, None, 1, enable_progress_bar=False)
    message = "1 processes came together where 2 were asked for"
    with pytest.raises(RankError, match=message), joined(trainer(settings), 2, 1, tmp_path):
        pass


def test_slurm_does_not_requeue_by_checkpoints_of_its_own(launched):
    launched(ALONE)
    settings = TrainerSettings("cpu", 1, 1, "auto", "32-true", 1, None, 1, enable_progress_bar=False)
    made = trainer(settings)
    assert made._accelerator_connector.cluster_environment.auto_requeue is False


def silent():
    """Where a rank tells of its signals, which tells of none."""
    return open(os.devnull, "rb", buffering=0)


def rank(monkeypatch, code, tmp_path):
    """Another rank that is ``code``, with a launcher that would start this very command."""
    process = subprocess.Popen([sys.executable, "-c", code])
    other = started_ranks.StartedRank(1, process, tmp_path / "rank-1.log", silent())
    other.log.touch()
    monkeypatch.setattr(launching, "start_ranks", lambda *_: [other])
    return process


LIGHTNING = SimpleNamespace(creates_processes_externally=False)


@pytest.mark.parametrize(
    ("code", "how"),
    [("raise SystemExit(3)", "ended with exit code 3"), ("import os; os.kill(os.getpid(), 9)", "was ended by SIGKILL")],
)
def test_a_rank_that_dies_is_named_with_its_log(monkeypatch, tmp_path, code, how):
    rank(monkeypatch, code, tmp_path)

    def collective():
        with other_ranks(LIGHTNING, 2, 1, tmp_path):
            time.sleep(0.1)
            raise RuntimeError("[gloo/transport/tcp/pair.cc:534] Connection closed by peer")

    said = f"rank 1 of 2 {how}: what it said is in {tmp_path}/rank-1.log; the same command goes on from the last check"
    with pytest.raises(RankError, match=re.escape(said)):
        collective()


def test_a_signal_is_handed_on_and_no_rank_is_left_behind(monkeypatch, tmp_path):
    process = rank(monkeypatch, "import time; time.sleep(60)", tmp_path)
    with pytest.raises(signals.Interrupted), signals.heeded(), other_ranks(LIGHTNING, 2, 1, tmp_path):
        signal.raise_signal(signal.SIGTERM)
    assert process.returncode == -signal.SIGTERM


def test_a_signal_to_one_rank_alone_ends_the_first_one_and_the_others_where_they_do_not_meet(monkeypatch, tmp_path):
    ranks, tells = [], []
    for number in (1, 2):
        heard, tell = os.pipe()
        os.set_blocking(heard, False)
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        log = tmp_path / f"rank-{number}.log"
        ranks.append(started_ranks.StartedRank(number, process, log, os.fdopen(heard, "rb", buffering=0)))
        tells.append(tell)
    monkeypatch.setattr(launching, "start_ranks", lambda *_: ranks)
    monkeypatch.setattr(started_ranks, "BRIEF", 0.2)
    monkeypatch.setattr(parent, "_pipe", tells[0])

    def goes_over_the_data():
        parent.tell(signal.SIGTERM)  # as the handler of rank 1 does
        for _ in range(200):
            signals.check()  # as a pass does for each batch
            time.sleep(0.05)

    with pytest.raises(signals.Interrupted) as ended, signals.heeded(), other_ranks(LIGHTNING, 3, 1, tmp_path):
        goes_over_the_data()
    for tell in tells:
        os.close(tell)
    assert ended.value.code == 143
    assert ranks[1].process.returncode == -signal.SIGTERM, "handed on to the other one"
    assert ranks[0].process.returncode == -signal.SIGKILL, "which has got it, and is not told twice"


def test_a_rank_that_is_slow_to_end_by_a_signal_holds_nobody_up(monkeypatch, tmp_path):
    process = rank(monkeypatch, "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)", tmp_path)
    time.sleep(1)  # until it ignores the signal
    began = time.monotonic()
    with pytest.raises(signals.Interrupted), signals.heeded(), other_ranks(LIGHTNING, 2, 1, tmp_path):
        signal.raise_signal(signal.SIGTERM)
    assert process.returncode == -signal.SIGKILL or process.returncode == -signal.SIGTERM
    assert time.monotonic() - began < 9


@pytest.mark.parametrize(("code", "seconds"), [("raise SystemExit(143)", 25.0), ("raise SystemExit(2)", 10.0)])
def test_where_all_end_by_a_signal_a_slow_one_has_longer_than_one_that_may_wait_for_the_dead(tmp_path, code, seconds):
    process = subprocess.Popen([sys.executable, "-c", code])
    process.wait()
    ranks = started_ranks.StartedRanks(2, [started_ranks.StartedRank(1, process, tmp_path / "rank-1.log", silent())])
    assert ranks._grace() == 10.0
    found = []
    told = signals.telling(lambda _: found.append(ranks._grace()), ranks.kill)
    with pytest.raises(signals.Interrupted), signals.heeded(), told:
        signal.raise_signal(signal.SIGTERM)
    assert found == [seconds]


def test_what_another_launchers_rank_leaves_behind_is_a_sentence(tmp_path):
    def collective(words):
        with other_ranks(SimpleNamespace(creates_processes_externally=True), 2, 1, tmp_path):
            raise RuntimeError(words)

    with pytest.raises(RankError, match="another of the 2 processes has ended: its own output says why"):
        collective("[gloo/transport/tcp/pair.cc:534] Connection closed by peer")
    with pytest.raises(RuntimeError, match="mine"):
        collective("mine")


def test_rank_0_is_named_where_it_is_what_has_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(parent, "_parent", os.getppid() + 1)  # as of a process whose parent has ended
    said = f"rank 0 (process {os.getppid() + 1}) has ended; the same command goes on from the last checkpoint"
    with (
        pytest.raises(RankError, match=re.escape(said)),
        other_ranks(SimpleNamespace(creates_processes_externally=True), 3, 1, tmp_path),
    ):
        raise RuntimeError("[gloo/transport/tcp/pair.cc:534] Connection closed by peer")


def test_an_error_of_this_rank_is_not_put_down_to_one_that_follows_it(monkeypatch, tmp_path):
    rank(monkeypatch, "raise SystemExit(2)", tmp_path)

    def work():
        with other_ranks(LIGHTNING, 2, 1, tmp_path):
            time.sleep(0.1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()


def test_a_rank_that_is_stopped_is_named_and_ended_and_one_that_works_long_is_not(monkeypatch, tmp_path):
    """The watching thread ends the process only where the block does not end by itself; here it does, by an error."""
    monkeypatch.setattr(started_ranks, "StopWatch", partial(StopWatch, limit=0.5))
    process = rank(monkeypatch, "import time; time.sleep(60)", tmp_path)

    def collective():
        with other_ranks(LIGHTNING, 2, 1, tmp_path):
            time.sleep(1.5)
            assert process.poll() is None, "it works"
            process.send_signal(signal.SIGSTOP)
            assert process.wait(20) == -signal.SIGKILL
            raise RuntimeError("[gloo/transport/tcp/pair.cc:534] Connection closed by peer")

    said = f"rank 1 of 2 is stopped (process {process.pid}), as by SIGSTOP, so that the others waited for nothing; the "
    with pytest.raises(RankError, match=re.escape(said)):
        collective()


CHILD = """
import os, sys, time
from functools import partial
from distill.base import parent
from distill.base.process_state import StopWatch
parent.StopWatch = partial(StopWatch, limit=0.5)
parent.end_with_the_parent()
time.sleep(60)
"""
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], env={**os.environ, "DISTILL_PARENT": str(os.getpid())})
print(child.pid, flush=True)
child.wait()
"""


def test_a_rank_ends_with_a_sentence_where_the_first_one_stays_stopped():
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    parent.stdout.readline()
    parent.send_signal(signal.SIGSTOP)
    said = f"distill: rank 0 (process {parent.pid}) is stopped, as by SIGSTOP or Ctrl-Z; the same command goes on"
    assert parent.stderr.readline().startswith(said)
    parent.send_signal(signal.SIGCONT)
    assert parent.wait(60) == 0
