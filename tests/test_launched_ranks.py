"""Ranks that a launcher has started say who they are, and leave no folder: the first one alone writes."""

import json
import re
import subprocess
import sys

import pytest
from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from distill.base.launcher_rank import launcher_rank
from distill.config import compose as cards

TORCHRUN = {"TORCHELASTIC_RUN_ID": "any", "RANK": "1", "WORLD_SIZE": "2"}
SLURM = {"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "distil", "SLURM_PROCID": "1"}
RANKS = {
    "nobody": ({}, 0),
    "what a launcher left of its variables": ({"RANK": "1", "SLURM_PROCID": "1"}, 0),
    "torchrun": (TORCHRUN, 1),
    "torchrun, the first one": ({**TORCHRUN, "RANK": "0"}, 0),
    "torchrun inside of a job": ({**SLURM, **TORCHRUN, "RANK": "0"}, 0),
    "srun": (SLURM, 1),
    "a shell of a job": ({**SLURM, "SLURM_JOB_NAME": "bash"}, 0),
    "no number": ({**TORCHRUN, "RANK": "one"}, 0),
}


@pytest.fixture
def launched(monkeypatch):
    """Say of the environment what a launcher would; afterwards settings are those of a process of its own again."""
    for name in {**TORCHRUN, **SLURM}:
        monkeypatch.delenv(name, raising=False)

    def by(environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    yield by
    GlobalHydra.instance().clear()
    monkeypatch.undo()
    cards.prepare_hydra([])


@pytest.mark.parametrize("case", RANKS)
def test_the_rank_is_the_one_that_the_launcher_gives(launched, case):
    environment, rank = RANKS[case]
    launched(environment)
    assert launcher_rank() == rank


@pytest.mark.parametrize("rank", [0, 1])
def test_a_rank_above_0_makes_no_folder_and_says_its_number(launched, rank):
    launched({**TORCHRUN, "RANK": str(rank)})
    cards.prepare_hydra([])
    with cards.composing():
        made = compose("config", overrides=["experiment=sst2_tiny"], return_hydra_config=True).hydra
    folder = OmegaConf.to_container(made.run, resolve=False)["dir"]
    logging = OmegaConf.to_container(made.job_logging, resolve=False)
    assert (folder == ".") is (rank == 1)
    assert ("file" in logging["handlers"]) is (rank == 0)
    assert (logging["formatters"]["plain"]["format"] == "rank 1: %(message)s") is (rank == 1)


@pytest.mark.slow
@pytest.mark.long
def test_under_torchrun_every_stage_is_made_in_one_folder_and_told_once(distill, small, free_port):
    given = [*small, f"store={distill.store}", "trainer.accelerator=cpu", "trainer.devices=2"]
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={free_port}"]
    done = subprocess.run(
        [sys.executable, *launcher, "-m", "distill.run", *given], cwd=distill.folder, env=distill.environment(),
        capture_output=True, text=True, timeout=570,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = (distill.folder / "outputs" / "sst2_tiny").iterdir()
    assert sorted(path.name for path in distill.folder.iterdir()) == ["outputs", "store"]
    stages = json.loads((folder / "report.json").read_text(encoding="utf-8"))["stages"]
    assert {each["status"] for each in stages} == {"done"}
    for text in (done.stdout, (folder / "run.log").read_text(encoding="utf-8")):
        assert len(re.findall(r"\bdata: 192 train", text)) <= 1
        assert [len(re.findall(rf"\b{each['name']}: done in", text)) for each in stages] == [1] * len(stages)
    out = distill("trainer.devices=2", "trainer.accelerator=cpu")
    assert len(re.findall(r"^\w+: reused in", out, re.MULTILINE)) == len(stages)
