"""What a run under torchrun says when it is told to end: one sentence a rank, and no traceback but torchrun's own."""

import re
import signal
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.long]

SAID = "distill: ended by SIGTERM; the same command goes on from the last checkpoint"


def test_each_rank_ends_with_one_sentence_when_torchrun_is_ended(distill, small, free_port):
    given = [*small, f"store={distill.store}", "stages=[pretrain]", "trainer.accelerator=cpu", "trainer.devices=2"]
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={free_port}"]
    process = subprocess.Popen(
        [sys.executable, *launcher, "-m", "distill.run", *given, "pretrain.max_epochs=500"],
        cwd=distill.folder, env=distill.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    begun = next((line for line in process.stdout if line.startswith("pretrain: epoch 1/")), None)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=120)
    assert begun, out
    assert sorted(line for line in out.splitlines() if "distill: " in line) == [SAID, f"rank 1: {SAID}"]
    assert len(re.findall(r"^kept in .*: of pretrain all up to step \d+$", out, re.MULTILINE)) == 1
    frames = re.findall(r'^  File "(.+?)"', out, re.MULTILINE)
    assert [each for each in frames if "torch/distributed/" not in each and not each.startswith("<frozen")] == []
