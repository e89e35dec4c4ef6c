"""The script for SLURM asks for what the settings say, and starts each job of a sweep as one of an array."""

import os
import subprocess

import pytest
from hydra.core.global_hydra import GlobalHydra

from distill import sbatch
from distill.config import compose
from distill.errors import ConfigError

compose.register()
FAKE = """#!/bin/bash
printf '%s\\n' "$@" > srun.txt
exit "${CODE:-0}"
"""


@pytest.fixture(autouse=True)
def no_composition_left():
    yield
    GlobalHydra.instance().clear()


def options(script):
    return [line.removeprefix("#SBATCH --") for line in script.splitlines() if line.startswith("#SBATCH")]


def started(script, folder, **variables):
    """Run a script with another srun and scontrol: what the former was given, the exit code, and what was printed."""
    for name, text in {"srun": FAKE, "scontrol": '#!/bin/bash\necho scontrol "$@"\n'}.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "SLURM_JOB_ID": "7", **variables}
    done = subprocess.run(["/bin/bash"], input=script, env=environment, cwd=folder, capture_output=True, text=True)
    assert not done.stderr
    return (folder / "srun.txt").read_text(encoding="utf-8").splitlines(), done.returncode, done.stdout


def test_a_run_asks_for_its_devices_and_writes_into_one_folder(tmp_path):
    given = ["experiment=sst2_tiny", "trainer.devices=2", "trainer.num_nodes=3", "data.workers=4"]
    script = sbatch.script(given)
    assert options(script) == [
        "job-name=sst2_tiny", "nodes=3", "ntasks-per-node=2", "cpus-per-task=5", "gpus-per-node=2", "time=24:00:00",
        "signal=USR1@120", "requeue", "open-mode=append",
    ]  # fmt: skip
    folder = "hydra.run.dir=outputs/sst2_tiny/slurm-7"
    assert started(script, tmp_path) == (["python", "-m", "distill.run", *given, folder], 0, "")


def test_a_job_is_put_into_the_queue_again_after_its_signal_alone(tmp_path):
    script = sbatch.script(["experiment=sst2_tiny", "trainer.accelerator=cpu", "hydra.run.dir=mine"])
    assert not any("gpus" in option for option in options(script))
    words, code, said = started(script, tmp_path, CODE="138")
    assert (words[-1], code, said) == ("hydra.run.dir=mine", 138, "scontrol requeue 7\n")
    assert started(script, tmp_path, CODE="2")[1:] == (2, "")


def test_a_sweep_is_an_array(tmp_path):
    given = ["-m", "experiment=sst2_tiny", "distill.temperature=1,4", "data.columns={text: text, label: label}"]
    script = sbatch.script(given)
    assert "array=0-1" in options(script)
    for number, temperature in enumerate((1, 4)):
        array = {"SLURM_ARRAY_JOB_ID": "5", "SLURM_ARRAY_TASK_ID": str(number)}
        words, *_ = started(script, tmp_path, **array)
        assert f"distill.temperature={temperature}" in words
        assert "data.columns={text:text,label:label}" in words
        assert words[-1] == f"hydra.run.dir=outputs/sweeps/slurm-5/{number}"


REFUSED = {
    "distill.temperature=1,4": "distill.temperature: several values are a sweep; give -m, too",
    "trainer.devices=auto": "trainer.devices=auto: how many a node has is not known; give a number",
    "-m trainer.devices=1,2": "trainer.devices, trainer.num_nodes: an array has one size; write a script for each",
    "data.batch_size=0": "data.batch_size=0: allowed is a whole number from 1 up",
}


@pytest.mark.parametrize("given", REFUSED)
def test_what_no_job_could_run_is_refused(given):
    with pytest.raises(ConfigError, match=REFUSED[given]):
        sbatch.script([*given.split(), "experiment=sst2_tiny"])


def test_a_sweep_over_cards_and_a_folder_with_a_comma_are_read_as_hydra_does(tmp_path):
    cards = tmp_path / "a, [b]"
    cards.mkdir()
    given = ["-m", "--config-dir", str(cards), "experiment=sst2_tiny", "trainer.devices=1", "student=glob(half*)"]
    assert "student=half_layers" in sbatch.script(given)


def test_a_folder_of_the_command_line_is_kept_however_it_is_given():
    assert "slurm-$" not in sbatch.script(["experiment=sst2_tiny", "trainer.devices=1", "++hydra.run.dir=mine"])


@pytest.mark.parametrize("given", ["hydra.sweep.dir=mine", "hydra.sweeper.params.seed='1,2'"])
def test_settings_of_sweeps_that_no_job_would_read_are_refused(given):
    with pytest.raises(ConfigError, match="the jobs of a script read nothing of"):
        sbatch.script(["-m", "experiment=sst2_tiny", "trainer.devices=1", given])


def test_a_sweep_over_no_card_is_refused():
    with pytest.raises(ConfigError, match="student: there is nothing to sweep over"):
        sbatch.script(["-m", "experiment=sst2_tiny", "trainer.devices=1", "student=glob(none*)"])
