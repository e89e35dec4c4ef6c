"""Start a machine's other ranks, unless a launcher has, and leave none behind."""

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.lsf import LSFEnvironment
from lightning_fabric.plugins.environments.mpi import MPIEnvironment
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from distill.base import parent, signals
from distill.base.early_signals import GOES_ON
from distill.distributed.lost_ranks import is_broken
from distill.distributed.started_ranks import BRIEF, GRACE, StartedRanks, start_ranks
from distill.errors import ConfigError, RankError

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
    ranks = StartedRanks(devices * nodes, start_ranks(environment, devices, nodes, folder))
    with signals.telling(ranks.tell, ranks.kill):
        watching = threading.Thread(target=ranks.watch, daemon=True, name="ranks")
        watching.start()
        try:
            yield
        except Exception as error:
            if not is_broken(error) or (message := ranks.died(wait=GRACE)) is None:
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
        raise RankError(parent.lost_parent(wait=BRIEF) or another) from error
