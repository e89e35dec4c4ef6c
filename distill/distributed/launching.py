"""The other ranks of a machine: who starts them, what they say, how one that dies ends all, and that none is left."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch.distributed as dist
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.lsf import LSFEnvironment
from lightning_fabric.plugins.environments.mpi import MPIEnvironment
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from distill.base import signals
from distill.base.disk import run_folder
from distill.base.early_signals import GOES_ON
from distill.base.signals import PARENT, Interrupted
from distill.errors import ConfigError, RankError

log = logging.getLogger(__name__)

_LOOK = 0.2
"""Seconds between looks at the other ranks."""
_GRACE = 10.0
"""Seconds that a rank has to end by itself when another one has died or was told to end."""
_LAUNCHERS: dict[type[ClusterEnvironment], str] = {
    TorchElasticEnvironment: "torchrun",  # first, since it is used inside SLURM as well
    SLURMEnvironment: "SLURM",
    LSFEnvironment: "LSF",
    MPIEnvironment: "mpirun",
}


def refuse_other_launch(devices: int, nodes: int) -> None:
    """Find out before the work whether a launcher has started as many processes as the settings ask for.

    Raises:
        ConfigError: it has not, so that some would train alone, or wait for others that never come.
    """
    launcher, started = _launched()
    per_node = _per_node(started)
    alike = started == devices * nodes and (launcher != "SLURM" or per_node == devices)
    if not started or alike:
        return
    whole = started % per_node == 0
    settings = f"give trainer.devices={per_node} trainer.num_nodes={started // per_node}, or " if whole else ""
    other = {
        "torchrun": f"start torchrun --nnodes={nodes} --nproc-per-node={devices}",
        "SLURM": f"start srun --nodes={nodes} --ntasks-per-node={devices}",
    }.get(launcher, f"start {devices * nodes}")
    raise ConfigError(
        f"{launcher} says that it has started {started} process{'es' if started > 1 else ''} ({per_node} a node), but "
        f"trainer.devices={devices} and trainer.num_nodes={nodes} ask for {devices * nodes}: {settings}{other}"
    )


def _launched() -> tuple[str, int]:
    """The launcher that Lightning finds, and how many processes it says it has started; 0 where it says nothing."""
    try:
        for kind, name in _LAUNCHERS.items():
            if kind.detect():
                return name, kind().world_size()
        manual = LightningEnvironment().creates_processes_externally
        return "the environment (WORLD_SIZE)", int(os.environ.get("WORLD_SIZE", "0")) if manual else 0
    except (RuntimeError, ValueError, KeyError) as error:
        first = (str(error).strip() or repr(error)).splitlines()[0]
        raise ConfigError(f"the launcher's settings cannot be used: {first}") from error


def _per_node(started: int) -> int:
    """How many of them a launcher has started on each machine, as far as it tells."""
    told = (os.environ.get(name, "") for name in ("LOCAL_WORLD_SIZE", "SLURM_NTASKS_PER_NODE"))
    nodes = os.environ.get("SLURM_NNODES", "1")
    spread = started // int(nodes) if nodes.isdecimal() and int(nodes) else started
    return next((int(each) for each in told if each.isdecimal() and int(each)), max(spread, 1))


@contextmanager
def other_ranks(environment: ClusterEnvironment, devices: int, nodes: int, folder: Path) -> Iterator[None]:
    """Start this machine's other ranks, unless a launcher has, watch them, and leave none behind.

    Raises:
        RankError: one of them has died.
    """
    if environment.creates_processes_externally:
        with _of_a_launcher(devices * nodes):
            yield
        return
    started = _Others(devices * nodes, _start(environment, devices, nodes, folder))
    with signals.telling(started.tell, started.kill):
        threading.Thread(target=started.watch, daemon=True, name="ranks").start()
        try:
            yield
        except Exception as error:
            if not _broken(error) or (said := started.died(wait=_GRACE)) is None:
                raise
            raise RankError(said) from error
        finally:
            started.end()


@contextmanager
def _of_a_launcher(world: int) -> Iterator[None]:
    """Say in a sentence that another rank is gone: which one, its launcher knows."""
    try:
        yield
    except Exception as error:
        if not _broken(error):
            raise
        raise RankError(f"another of the {world} processes has ended: its own output says why; {GOES_ON}") from error


def _broken(error: Exception) -> bool:
    """Whether an error says that another rank is no longer there."""
    said = str(error).lower()
    return isinstance(error, dist.DistError) or any(word in said for word in ("gloo", "nccl", "connection closed"))


@dataclass
class _Other:
    """A rank that was started: its number, its process, and where what it says is written."""

    rank: int
    process: subprocess.Popen[bytes]
    said: Path


@dataclass
class _Others:
    """All ranks that were started.

    Attributes:
        world: number of ranks.
        every: of those started here.
        over: set when this rank no longer waits for them.
    """

    world: int
    every: list[_Other]
    over: threading.Event = field(default_factory=threading.Event)

    def tell(self, number: int) -> None:
        """Hand a signal on: the others are no part of the terminal's group."""
        for each in self.every:
            each.process.send_signal(number)

    def kill(self) -> None:
        """End them at once."""
        for each in self.every:
            each.process.kill()

    def watch(self) -> None:
        """End all when one has died, even where this rank waits for it in a library that hears nothing."""
        while not self.over.wait(_LOOK):
            if (said := self.died()) is None:
                continue
            if (number := signals.pending()) is None:
                self.kill()
            if not self.over.wait(_GRACE):
                self.kill()
                log.error("distill: %s", said if number is None else f"{Interrupted(number)}; {GOES_ON}")
                os._exit(2 if number is None else Interrupted(number).code)
            return

    def died(self, wait: float = 0.0) -> str | None:
        """What is said of the first that has ended with an error; looked for as long as ``wait`` seconds."""
        until = time.monotonic() + wait
        while True:
            for each in self.every:
                if code := each.process.poll():
                    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
                    return f"rank {each.rank} of {self.world} {how}: what it said is in {each.said}; {GOES_ON}"
            if time.monotonic() >= until:
                return None
            time.sleep(_LOOK)

    def end(self) -> None:
        """Wait for them, not for long; remove what a rank that ended well has not said."""
        self.over.set()
        until = time.monotonic() + _GRACE
        for each in self.every:
            try:
                each.process.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                each.process.kill()
                each.process.wait()
            if not each.process.returncode and each.said.is_file() and not each.said.stat().st_size:
                each.said.unlink()


def _start(environment: ClusterEnvironment, devices: int, nodes: int, folder: Path) -> list[_Other]:
    """Run this command again for each further device, with the environment that Lightning's own launcher gives."""
    here, node = os.environ, environment.node_rank()
    here["MASTER_ADDR"], here["MASTER_PORT"] = environment.main_address, str(environment.main_port)
    here["NODE_RANK"], here["LOCAL_RANK"], here["WORLD_SIZE"] = str(node), "0", str(devices * nodes)
    command = ["-m", "distill.run"]  # whatever has started this one: the script of the package, or Python
    made = []
    for number in range(1, devices):
        said = folder / f"rank-{node * devices + number}.log"
        given = {**here, "LOCAL_RANK": str(number), PARENT: str(os.getpid())}
        arguments = [sys.executable, *command, *sys.argv[1:]]
        with run_folder(folder).writing(), said.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 - this very command
                arguments, env=given, stdin=subprocess.DEVNULL, stdout=out, stderr=out, process_group=0
            )
        made.append(_Other(node * devices + number, process, said))
    return made
