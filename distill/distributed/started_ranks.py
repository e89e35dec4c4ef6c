"""Ranks of this machine that were started here: told of signals, watched, and ended."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment

from distill.base import parent, signals
from distill.base.disk import run_folder
from distill.base.early_signals import GOES_ON
from distill.base.process_state import StopWatch
from distill.distributed.lost_ranks import leave

_LOOK = 0.2
"""Seconds between looks at the other ranks."""
GRACE = 10.0
"""Seconds that a rank has to end by itself when another one has died or was told to end."""
BRIEF = 2.0
"""Seconds that the others have to end where all do by a signal: the first rank has kept all there is to keep."""
_SLOW = 25.0
"""Seconds that it has where the others have ended by a signal as all agreed, so that it waits for none of them."""


@dataclass
class StartedRank:
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
class StartedRanks:
    """All ranks that were started by this one.

    Attributes:
        world: the number of ranks of the run.
        every: the ranks that were started here.
        over: set when this rank no longer waits for them.
        stopped: a sentence on the first rank that was found stopped; none where none was.
    """

    world: int
    every: list[StartedRank]
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
        return _SLOW if agreed else GRACE

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
        until = time.monotonic() + (GRACE if signals.pending() is None else BRIEF)
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


def start_ranks(environment: ClusterEnvironment, devices: int, nodes: int, folder: Path) -> list[StartedRank]:
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
        ranks.append(StartedRank(node * devices + local_rank, process, log_file, os.fdopen(heard, "rb", buffering=0)))
    return ranks
