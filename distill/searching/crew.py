"""The workers of a search: this process is the first of them, and starts the others."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch

from distill.base import parent, signals
from distill.searching.worker import Search, work

log = logging.getLogger("distill.search")

_THREADS, _GPUS = "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES"
_END = 20.0
"""Seconds that workers have to leave a checkpoint after a signal."""
_LOOK = 0.2


def work_together(search: Search) -> None:
    """Make trials until there are enough, in this process and in others beside it.

    Raises:
        StoreError: the store is full or damaged.
        Interrupted: a signal has come; the other workers have ended, too.
    """
    workers = search.config.workers
    others = [_start(search.folder, number, workers) for number in range(1, workers)]
    try:
        if _THREADS not in os.environ:
            torch.set_num_threads(threads(workers))
        with logged_into(search.folder / "worker0.log"):
            work(search, 0)
        while any(each.poll() is None for each in others):
            signals.check()
            time.sleep(_LOOK)
    finally:
        _end(others)
    for number, each in enumerate(others, 1):
        if each.returncode:
            what = f"signal {-each.returncode}" if each.returncode < 0 else f"exit code {each.returncode}"
            log.warning("worker %d has ended with %s; see %s", number, what, search.folder / f"worker{number}.log")


def threads(workers: int) -> int:
    """Return how many threads each of some workers has."""
    return max(1, len(os.sched_getaffinity(0)) // workers)


def environment(given: Mapping[str, str], number: int, workers: int, gpus: int) -> dict[str, str]:
    """Return the variables of a worker: its threads, and one of the GPUs, unless they are given.

    >>> environment({"OMP_NUM_THREADS": "1"}, number=3, workers=4, gpus=2)["CUDA_VISIBLE_DEVICES"]
    '1'
    """
    there = [each for each in given.get(_GPUS, "").split(",") if each] or [str(each) for each in range(gpus)]
    own = {_GPUS: there[number % len(there)]} if len(there) > 1 else {}
    return {_THREADS: str(threads(workers)), **given, **own, parent.PARENT: str(os.getpid())}


def _start(folder: Path, number: int, workers: int) -> subprocess.Popen[bytes]:
    """Start a worker in a session of its own, since this process hands signals on."""
    variables = environment(os.environ, number, workers, torch.cuda.device_count())
    command = [sys.executable, "-m", "distill.searching", str(folder), str(number)]
    return subprocess.Popen(command, env=variables, start_new_session=True, stdin=subprocess.DEVNULL)  # noqa: S603


def _end(workers: list[subprocess.Popen[bytes]]) -> None:
    """Let workers leave a checkpoint and end; those that take too long are killed."""
    for each in workers:
        if each.poll() is None:
            each.terminate()
    until = time.monotonic() + _END
    for each in workers:
        try:
            each.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            each.kill()
            each.wait()


@contextmanager
def logged_into(path: Path) -> Iterator[None]:
    """Let all that trials say go into a file, and only what is said of the search to the console."""
    whole, own = logging.getLogger("distill"), logging.getLogger("distill.search")
    before, own.handlers, whole.propagate = own.handlers, logging.getLogger().handlers[:], False
    file = logging.FileHandler(path, encoding="utf-8", delay=True)
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    whole.addHandler(file)
    try:
        yield
    finally:
        whole.removeHandler(file)
        file.close()
        own.handlers, whole.propagate = before, True
