"""A signal to a run keeps a checkpoint within seconds; one to a single rank ends all, with a sentence that names it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest
import torch

pytestmark = [pytest.mark.slow, pytest.mark.long]

GOES_ON = "the same command goes on from the last checkpoint"
WITHIN, KEPT_WITHIN = 30.0, 10.0
STOPPED = "as by SIGSTOP, so that the others waited for nothing"
ENDED = f"distill: ended by SIGTERM; {GOES_ON}"


@pytest.fixture(params=["trainer.devices", "torchrun"])
def training(request, distill, small, free_port):
    """A run of two ranks in the midst of a training, the number of its second one, and who has started it."""
    given = [*small, f"store={distill.store}", "stages=[pretrain]", "pretrain.max_epochs=2000"]
    given += ["trainer.accelerator=cpu", "trainer.devices=2", f"hydra.run.dir={distill.folder}/run"]
    launcher = []
    if request.param == "torchrun":
        launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={free_port}"]
    process = subprocess.Popen(
        [sys.executable, *launcher, "-m", "distill.run", *given], cwd=distill.folder, env=distill.environment(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    begun = next((line for line in process.stdout if line.startswith("pretrain: epoch 1/")), None)
    said = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], text=True, capture_output=True)  # noqa: S607
    (second,) = (int(pid) for pid in said.stdout.split() if rank_of(pid) == 1)
    assert begun
    yield process, second, request.param
    process.kill()


def rank_of(pid):
    """The number of a rank, by its environment; none of a process that is no rank."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            variables = dict(each.partition(b"=")[::2] for each in file.read().split(b"\0"))
    except OSError:
        return None
    number = variables.get(b"RANK", variables.get(b"LOCAL_RANK"))
    return None if number is None else int(number)


def ended(process):
    """What was said until all have ended, the exit code, and after how many seconds."""
    since = time.monotonic()
    out, _ = process.communicate(timeout=120)
    return out, process.returncode, time.monotonic() - since


def test_one_that_is_stopped_is_named_and_ends_all(training):
    process, second, launcher = training
    os.kill(second, signal.SIGSTOP)
    out, code, seconds = ended(process)
    who = f"rank 1 of 2 is stopped (process {second}), {STOPPED}"
    if launcher == "torchrun":
        who = f"rank 1 of 2 (process {second} on {socket.gethostname()}) is stopped, {STOPPED}"
    assert re.findall(r"^distill: .*$", out, re.MULTILINE) == [f"distill: {who}; {GOES_ON}"]
    assert code == (1 if launcher == "torchrun" else 2)
    assert seconds < WITHIN
    assert launcher == "torchrun" or "Traceback" not in out
    assert not os.path.exists(f"/proc/{second}")


def test_one_that_is_told_to_end_alone_ends_all_as_if_all_had_been(training):
    process, second, launcher = training
    os.kill(second, signal.SIGTERM)
    out, code, seconds = ended(process)
    assert re.findall(r"^distill: .*$", out, re.MULTILINE) == [ENDED]
    assert re.search(r"^kept in .*: of pretrain all up to step \d+$", out, re.MULTILINE)
    assert code == (1 if launcher == "torchrun" else 143)
    assert seconds < WITHIN
    assert launcher == "torchrun" or "Traceback" not in out


@pytest.mark.parametrize(
    ("number", "said", "code"),
    [
        (signal.SIGINT, "interrupted", 130),
        (signal.SIGTERM, "ended by SIGTERM", 143),
        (signal.SIGUSR1, "ended by SIGUSR1", 138),
    ],
)
def test_a_signal_in_the_midst_of_a_training_keeps_all_of_it_within_ten_seconds(number, said, code, distill):
    given = ("stages=[pretrain]", "checkpoint.every_n_train_steps=1000000", f"hydra.run.dir={distill.folder}/run")
    process = distill.start(*given, "pretrain.max_epochs=2000")
    begun = next((line for line in process.stdout if line.startswith("pretrain: epoch 2/")), None)
    process.send_signal(number)
    out, found, seconds = ended(process)
    assert begun
    assert out.strip().splitlines()[-1] == f"distill: {said}; {GOES_ON}"
    assert (found, "Traceback" in out) == (code, False)
    assert seconds < KEPT_WITHIN
    kept = re.search(r"^kept in .*: of pretrain all up to step (\d+)$", out, re.MULTILINE)
    (checkpoint,) = distill.store.glob(".pretrain-*.partial/resume/last.ckpt")
    assert torch.load(checkpoint, weights_only=True)["global_step"] == int(kept[1])
