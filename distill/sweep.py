"""Around a sweep: its jobs learn what is swept over, and at its end they stand side by side."""

import sys
from pathlib import Path

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from distill.base.terminal_text import plain
from distill.config import sweeps
from distill.errors import ConfigError


class CompareJobs(Callback):
    """Hydra calls it in the process that starts the sweep, whatever launcher runs the jobs."""

    def on_run_start(self, config: DictConfig, **kwargs: object) -> None:
        """Forget a sweep that ended before its end in the same process."""
        sweeps.forget()

    def on_multirun_start(self, config: DictConfig, **kwargs: object) -> None:
        """Say what is swept over."""
        sweeps.announce(sweeps.keys(config.hydra.overrides.task, config.hydra.sweeper.get("params") or {}))

    def on_multirun_end(self, config: DictConfig, **kwargs: object) -> None:
        """Write the comparison of the jobs into the sweep's folder, and show it."""
        sweeps.forget()
        folder = Path(config.hydra.sweep.dir)
        try:
            text = _compared(folder)
        except (ConfigError, OSError) as error:
            text = f"the runs of {folder} are not compared: {error}\n"
        sys.stdout.write(plain(text))


def _compared(folder: Path) -> str:
    """Write ``sweep.html`` and ``sweep.json``, and return the table."""
    from distill.base.disk import replacing
    from distill.comparison import columns, page, runs
    from distill.comparison.table import compare

    comparison = compare([runs.read(each) for each in runs.find([str(folder)])])
    page.write(comparison, folder.name, folder / "sweep.html")
    with replacing(folder / "sweep.json") as hidden:
        hidden.write_text(columns.as_json(comparison), encoding="utf-8")
    return f"\n{columns.as_text(comparison)}\nsweep: {folder / 'sweep.html'}\n"
