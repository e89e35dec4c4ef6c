"""One job, one process group: the sweep around a job stays hidden from the ranks that Lightning starts."""

import logging
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig


class RunLog(logging.FileHandler):
    """A log file that a full or missing disk silences, after one sentence; the run's end says what came of it."""

    def __init__(self, filename: str, encoding: str) -> None:
        """Open ``filename`` when there is something to write."""
        super().__init__(filename, encoding=encoding, delay=True)
        self._failed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Say once that it cannot be written."""
        if not self._failed:
            self._failed = True
            sys.stderr.write(f"distill: {self.baseFilename} cannot be written ({sys.exc_info()[1]})\n")


@contextmanager
def one_job() -> Iterator[Path]:
    """Yield this job's folder, with ``sys.argv`` being this one job.

    Lightning starts ranks 1.. by running ``sys.argv`` again. Inside a sweep that would be the whole sweep, and the
    environment and process group of one job would leak into the next.
    """
    hydra, holder = HydraConfig.get(), HydraConfig.instance()
    folder = Path(hydra.runtime.output_dir)
    argv, environ, kept = sys.argv[:], dict(os.environ), holder.cfg
    sys.argv[1:] = _arguments(hydra, folder)
    holder.cfg = None
    try:
        yield folder
    finally:
        _leave_process_group()
        holder.cfg = kept
        sys.argv[:] = argv
        os.environ.clear()
        os.environ.update(environ)


def command() -> str:
    """The command that repeats this job alone, without the sweep around it."""
    hydra = HydraConfig.get()
    flags = [flag for path in card_folders(hydra) for flag in ("--config-dir", path)]
    return shlex.join(["python", "-m", "distill.run", *flags, *hydra.overrides.task])


def _arguments(hydra: HydraConf, folder: Path) -> list[str]:
    flags = [flag for path in card_folders(hydra) for flag in ("--config-dir", path)]
    searched = [given for given in hydra.overrides.hydra if given.startswith("hydra.searchpath")]
    here = [f'hydra.run.dir="{folder}"', "hydra/job_logging=other_ranks"]
    return [*flags, *hydra.overrides.task, *searched, *here]


def card_folders(hydra: HydraConf) -> list[str]:
    """The user's own folders of cards, given with --config-dir."""
    return [source.path for source in hydra.runtime.config_sources if source.provider == "command-line"]


def _leave_process_group() -> None:
    distributed = sys.modules.get("torch.distributed")
    if distributed and distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()
