"""Start a machine's other ranks, watch them, end all when one dies, and leave none behind."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.lsf import LSFEnvironment
from lightning_fabric.plugins.environments.mpi import MPIEnvironment
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from distill.base import parent, signals
from distill.base.disk import run_folder
from distill.base.early_signals import GOES_ON
from distill.base.process_state import StopWatch
from distill.distributed.lost_ranks import is_broken, leave
from distill.errors import ConfigError, RankError

_LOOK = 0.2
"""Seconds between looks at the other ranks."""
_GRACE = 10.0
"""Seconds that a rank has to end by itself when another one has died or was told to end."""
_BRIEF = 2.0
"""Seconds that the others have to end where all do by a signal: the first rank has kept all there is to keep."""
_SLOW = 25.0
"""Seconds that it has where the others have ended by a signal as all agreed, so that it waits for none of them."""
_LAUNCHERS: dict[type[ClusterEnvironment], str] = {
    TorchElasticEnvironment: "torchrun",  # first, since it is used inside SLURM as well
    SLURMEnvironment: "SLURM",
    LSFEnvironment: "LSF",
    MPIEnvironment: "mpirun",
}


def refuse_other_launch(devices: int, nodes: int) -> None:
    """Refuse a launcher that has started another number of processes than the settings ask for.

    Raises:
        ConfigError: it has, so that some would train alone, or wait for others that never come.
    """
    launcher, started = _launched()
    per_node = _per_node(started)
    as_asked = started == devices * nodes and (launcher != "SLURM" or per_node == devices)
    if not started or as_asked:
        return
    whole = started % per_node == 0
    settings = f"give trainer.devices={per_node} trainer.num_nodes={started // per_node}, or " if whole else ""
    relaunch = {
        "torchrun": f"start torchrun --nnodes={nodes} --nproc-per-node={devices}",
        "SLURM": f"start srun --nodes={nodes} --ntasks-per-node={devices}",
    }.get(launcher, f"start {devices * nodes}")
    raise ConfigError(
        f"{launcher} says that it has started {started} process{'es' if started > 1 else ''} ({per_node} a node), but "
        f"trainer.devices={devices} and trainer.num_nodes={nodes} ask for {devices * nodes}: {settings}{relaunch}"
    )


def _launched() -> tuple[str, int]:
    """Return the launcher that Lightning finds, and how many processes it has started; 0 where it does not tell."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*`srun` command is available.*")  # a node where people log in has it
            for kind, name in _LAUNCHERS.items():
                if kind.detect():
                    return name, kind().world_size()
        manual = LightningEnvironment().creates_processes_externally
        return "the environment (WORLD_SIZE)", int(os.environ.get("WORLD_SIZE", "0")) if manual else 0
    except (RuntimeError, ValueError, KeyError) as error:
        first = (str(error).strip() or repr(error)).splitlines()[0]
        raise ConfigError(f"the launcher's settings cannot be used: {first}") from error


def _per_node(started: int) -> int:
    """Return how many processes a launcher has started on each machine, as far as it tells."""
    reported = (os.environ.get(name, "") for name in ("LOCAL_WORLD_SIZE", "SLURM_NTASKS_PER_NODE"))
    nodes = os.environ.get("SLURM_NNODES", "1")
    spread = started // int(nodes) if nodes.isdecimal() and int(nodes) else started
    return next((int(count) for count in reported if count.isdecimal() and int(count)), max(spread, 1))


@contextmanager
def other_ranks(environment: ClusterEnvironment, devices: int, nodes: int, folder: Path) -> Iterator[None]:
    """Start this machine's other ranks, unless a launcher has, watch them, and leave none behind.

    Raises:
        RankError: one of them has died.
    """
    if environment.creates_processes_externally:
        with signals.telling(parent.tell, lambda: None), _of_a_launcher(devices * nodes):
            yield
        return
    ranks = _Ranks(devices * nodes, _start(environment, devices, nodes, folder))
    with signals.telling(ranks.tell, ranks.kill):
        watching = threading.Thread(target=ranks.watch, daemon=True, name="ranks")
        watching.start()
        try:
            yield
        except Exception as error:
            if not is_broken(error) or (message := ranks.died(wait=_GRACE)) is None:
                raise
            raise RankError(message) from error
        finally:
            ranks.end()
            watching.join()
            ranks.close()


@contextmanager
def _of_a_launcher(world: int) -> Iterator[None]:
    """Say in a sentence that another rank is gone; which one, its launcher knows, unless it was rank 0 itself."""
    try:
        yield
    except Exception as error:
        if not is_broken(error):
            raise
        another = f"another of the {world} processes has ended: its own output says why; {GOES_ON}"
        raise RankError(parent.lost_parent(wait=_BRIEF) or another) from error


@dataclass
class _Rank:
    """A rank that was started: its number, its process, the file of its output, and where it tells of its signals."""

    rank: int
    process: subprocess.Popen[bytes]
    log: Path
    signals: BinaryIO

    def signalled(self) -> int | None:
        """Return the number of a signal that has come to it since the last look; none where none has."""
        told = self.signals.read(1)
        return told[0] if told else None


@dataclass
class _Ranks:
    """All ranks that were started by this one.

    Attributes:
        world: the number of ranks of the run.
        every: the ranks that were started here.
        over: set when this rank no longer waits for them.
        stopped: a sentence on the first rank that was found stopped; none where none was.
    """

    world: int
    every: list[_Rank]
    over: threading.Event = field(default_factory=threading.Event)
    stopped: str | None = None

    def tell(self, number: int) -> None:
        """Hand a signal on: the other ranks do not belong to the terminal's group."""
        for rank in self.every:
            rank.process.send_signal(number)

    def kill(self) -> None:
        """End all ranks at once."""
        for rank in self.every:
            rank.process.kill()

    def watch(self) -> None:
        """End all when one has died, even where this rank waits for it in a library that hears nothing."""
        watches = [(rank, StopWatch(rank.process.pid)) for rank in self.every]
        while not self.over.wait(_LOOK):
            self._hear()
            lost = next((rank for rank, watch in watches if watch.is_lost()), None)
            if lost is not None:  # said here, since it has not ended, and is ended now
                how = f"is stopped (process {lost.process.pid}), as by SIGSTOP, so that the others waited for nothing"
                self.stopped = f"rank {lost.rank} of {self.world} {how}; {GOES_ON}"
            if (message := self.died()) is None:
                continue
            if signals.pending() is None:
                self.kill()
            if not self.over.wait(self._grace()):
                self.kill()
                leave(message)
            return

    def _hear(self) -> None:
        """Take a signal that has come to one rank alone for one to all: in a pass over the data they do not meet."""
        for rank in self.every:
            number = rank.signalled()
            if number is not None and signals.pending() is None:
                signals.hear(number)
                for other in self.every:
                    if other is not rank:
                        other.process.send_signal(number)

    def _grace(self) -> float:
        """Return the seconds that this rank has to end by itself: on a busy machine little happens in some."""
        number = signals.pending()
        agreed = number is not None and any(
            rank.process.returncode == signals.Interrupted(number).code for rank in self.every
        )
        return _SLOW if agreed else _GRACE

    def died(self, wait: float = 0.0) -> str | None:
        """Return a sentence on the first rank that is stopped or ended with an error, looked for ``wait`` seconds."""
        until = time.monotonic() + wait
        while True:
            if self.stopped is not None:
                return self.stopped
            for rank in self.every:
                if code := rank.process.poll():
                    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
                    return f"rank {rank.rank} of {self.world} {how}: what it said is in {rank.log}; {GOES_ON}"
            if time.monotonic() >= until:
                return None
            time.sleep(_LOOK)

    def end(self) -> None:
        """Wait for the ranks, not for long, and remove the empty logs of those that ended well."""
        self.over.set()
        until = time.monotonic() + (_GRACE if signals.pending() is None else _BRIEF)
        for rank in self.every:
            try:
                rank.process.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                rank.process.kill()
                rank.process.wait()
            if not rank.process.returncode and rank.log.is_file() and not rank.log.stat().st_size:
                rank.log.unlink()

    def close(self) -> None:
        """Listen to none any longer."""
        for rank in self.every:
            rank.signals.close()


def _start(environment: ClusterEnvironment, devices: int, nodes: int, folder: Path) -> list[_Rank]:
    """Run this command again for each further device, with the environment that Lightning's own launcher gives."""
    environ, node = os.environ, environment.node_rank()
    environ["MASTER_ADDR"], environ["MASTER_PORT"] = environment.main_address, str(environment.main_port)
    environ["NODE_RANK"], environ["LOCAL_RANK"], environ["WORLD_SIZE"] = str(node), "0", str(devices * nodes)
    command = ["-m", "distill.run"]  # whatever has started this one: the script of the package, or Python
    ranks = []
    for local_rank in range(1, devices):
        log_file = folder / f"rank-{node * devices + local_rank}.log"
        heard, tells = os.pipe()
        os.set_blocking(heard, False)
        of_parent = {parent.PARENT: str(os.getpid()), parent.SIGNALS: str(tells)}
        variables = {**environ, "LOCAL_RANK": str(local_rank), **of_parent}
        arguments = [sys.executable, *command, *sys.argv[1:]]
        with run_folder(folder).writing(), log_file.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 - this very command
                arguments,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                process_group=0,
                pass_fds=(tells,),
            )
        os.close(tells)
        ranks.append(_Rank(node * devices + local_rank, process, log_file, os.fdopen(heard, "rb", buffering=0)))
    return ranks
