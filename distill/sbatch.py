"""Write the script by which SLURM runs what a command line says: ``python -m distill.run --sbatch … > job.sh``.

A sweep becomes an array of jobs. Options of ``sbatch`` on its command line come before those in the script, so that
time, partition and account are given there.
"""

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra import compose as composed
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser

from distill.base.early_signals import HEEDED
from distill.config import compose, sweeps
from distill.config.schema import Config
from distill.config.validate import check
from distill.errors import ConfigError

_FLAG = "--sbatch"
_SOON = HEEDED[-1]
"""The signal before the time is over, at which a run keeps a checkpoint and ends."""
_SECONDS = 120
_HEAD = """#!/bin/bash
# Written by: {command}
#SBATCH --job-name={name}
#SBATCH --nodes={nodes}
#SBATCH --ntasks-per-node={devices}
#SBATCH --cpus-per-task={cpus}
{more}#SBATCH --time=24:00:00
#SBATCH --signal={signal}@{seconds}
#SBATCH --requeue
#SBATCH --open-mode=append
"""
_TAIL = """
srun python -m distill.run {flags}"${{job[@]}}" {folder}
code=$?
# {signal} came before the time was over: the run has kept a checkpoint, from which it goes on in the queue.
if [ "$code" -eq {stopped} ]; then scontrol requeue "$SLURM_JOB_ID"; fi
exit "$code"
"""


@dataclass(frozen=True)
class _Jobs:
    """The jobs of a command line: the overrides of each, its flags, and the settings of the first."""

    overrides: Sequence[Sequence[str]]
    flags: Sequence[str]
    config: Config
    swept: Sequence[str]


def write(arguments: Sequence[str]) -> None:
    """Write the script to standard output.

    Args:
        arguments: of ``distill.run``, without the flag itself.

    Raises:
        ConfigError: the settings of a job make no sense, or do not say on how many devices it runs.
    """
    sys.stdout.write(script(arguments))


def script(arguments: Sequence[str]) -> str:
    """Return the script; every job's settings are checked."""
    jobs = _jobs(arguments)
    trainer, workers = jobs.config.trainer, jobs.config.data.workers
    array = len(jobs.overrides) > 1
    more = [] if trainer.accelerator == "cpu" else [f"--gpus-per-node={trainer.devices}"]
    more += [f"--array=0-{len(jobs.overrides) - 1}"] if array else []
    head = _HEAD.format(
        command=shlex.join(["python", "-m", "distill.run", _FLAG, *arguments]).replace("\n", " "),
        name=jobs.config.name,
        nodes=trainer.num_nodes,
        devices=trainer.devices,
        cpus=1 + workers,
        more="".join(f"#SBATCH {option}\n" for option in more),
        signal=_SOON.name.removeprefix("SIG"),
        seconds=_SECONDS,
    )
    folder = "slurm-$SLURM_JOB_ID"
    folder = f"outputs/{jobs.config.name}/{folder}" if not array else "outputs/sweeps/slurm-$SLURM_ARRAY_JOB_ID/"
    tail = _TAIL.format(
        flags="".join(f"{shlex.quote(flag)} " for flag in jobs.flags),
        folder=_folder(jobs, folder + ("$SLURM_ARRAY_TASK_ID" if array else "")),
        signal=_SOON.name,
        stopped=128 + _SOON,
    )
    return head + _choice(jobs, array) + tail


def _choice(jobs: _Jobs, array: bool) -> str:
    """Return the lines that choose a job's overrides by its number in the array."""
    each = [shlex.join(overrides) for overrides in jobs.overrides]
    if not array:
        return f"\njob=({each[0]})\n"
    cases = "".join(f"  {number}) job=({overrides}) ;;\n" for number, overrides in enumerate(each))
    announced = shlex.quote(json.dumps(list(jobs.swept)))
    return f'\nexport {sweeps.VARIABLE}={announced}\ncase "$SLURM_ARRAY_TASK_ID" in\n{cases}esac\n'


def _folder(jobs: _Jobs, folder: str) -> str:
    """Return the folder of a job, one for all its processes, unless the command line gives one."""
    given = any(override.lstrip("+").startswith("hydra.run.dir=") for override in jobs.overrides[0])
    return "" if given else f'"hydra.run.dir={folder}"'


def _jobs(arguments: Sequence[str]) -> _Jobs:
    """Read a command line as Hydra does, and check the settings of each job.

    Raises:
        ConfigError: see ``write``.
    """
    read = get_args_parser().parse_args(list(arguments))
    _refuse_of_sweeps(read.overrides)
    swept = sweeps.keys(read.overrides, {})
    if swept and not read.multirun:
        raise ConfigError(f"{', '.join(swept)}: several values are a sweep; give -m, too")
    flags = ["--config-dir", read.config_dir] if read.config_dir else []
    overrides: list[list[str]] = [list(read.overrides)]
    if read.multirun:
        overrides = _each(read.overrides)
    configs = [_config(job, read.config_dir) for job in overrides]
    if not configs:
        raise ConfigError(f"{', '.join(swept)}: there is nothing to sweep over; a glob() finds no card")
    first = configs[0]
    for config in configs:
        if (config.trainer.devices, config.trainer.num_nodes) != (first.trainer.devices, first.trainer.num_nodes):
            raise ConfigError("trainer.devices, trainer.num_nodes: an array has one size; write a script for each")
    if not isinstance(first.trainer.devices, int) or first.trainer.devices < 1:
        raise ConfigError(f"trainer.devices={first.trainer.devices}: how many a node has is not known; give a number")
    return _Jobs(overrides, flags, first, swept)


def _refuse_of_sweeps(overrides: Sequence[str]) -> None:
    """Refuse what Hydra's own sweeper would read: the jobs of an array are no sweep of its, and would pass it by.

    Raises:
        ConfigError: there is such an override.
    """
    for override in overrides:
        if override.lstrip("+~").startswith(("hydra.sweep.", "hydra.sweeper.")):
            raise ConfigError(
                f"{override}: the jobs of a script read nothing of hydra.sweep and hydra.sweeper; give the values that "
                "are swept over as NAME=A,B, and a folder as hydra.run.dir"
            )


def _each(overrides: Sequence[str]) -> list[list[str]]:
    """Return the overrides of each job of a sweep."""
    with compose.composing():
        parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())  # glob() asks for cards
        parsed = parser.parse_overrides(overrides=list(overrides))
        return [list(job) for job in BasicSweeper.split_arguments(parsed, max_batch_size=None)[0]]


def _config(overrides: Sequence[str], cards: str | None) -> Config:
    """Return the checked settings of a job, with cards of a folder of the user's own."""
    of_hydra = [f"hydra.searchpath=[{_quoted(f'file://{Path(cards).resolve()}')}]"] if cards else []
    with compose.composing():
        settings = [each for each in overrides if not each.startswith("hydra.")]
        config = compose.typed(composed("config", overrides=[*settings, *of_hydra]), Config)
    check(config, settings)
    return config


def _quoted(text: str) -> str:
    """Return a text as a value in which commas and brackets stand for themselves.

    >>> _quoted("a, [b]")
    '"a, [b]"'
    """
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'
