"""``python -m distill.dashboard RUN_OR_FOLDER ...``: a saved view and a report on Weights & Biases, for some runs."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base import library_caches
from distill.base.early_signals import NOTHING
from distill.base.installed import installed
from distill.base.terminal_text import plain
from distill.comparison import runs
from distill.comparison.runs import Run
from distill.config.dashboard import DashboardConfig, read
from distill.ending import in_one_sentence
from distill.errors import ConfigError
from distill.report import listed_short

if TYPE_CHECKING:
    from distill.tracking.workspace import Dashboard

_USAGE = """python -m distill.dashboard RUN_OR_FOLDER ... [NAME=VALUE ...]

  RUN_OR_FOLDER  the folder of a run, of a sweep, or any other that holds finished runs; patterns, too
  project        project on W&B (that of the first run)
  entity         user or team on W&B (that of the first run, or whoever is logged in)
  mode           online saves the view and the report on W&B, offline writes their specs; auto: online when logged in
                 and reachable (auto)
  output         folder that takes the specs (dashboard)

The view has panels for losses, shares, validation, stages, gain, and quality against cost; what a sweep sweeps over
stands in columns.
"""


@in_one_sentence(NOTHING)
def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        sys.stdout.write(_USAGE)
        return
    places, config = read(sys.argv[1:], _USAGE)
    found = [runs.read(folder) for folder in runs.find(places)]
    if not installed("wandb_workspaces"):
        raise ConfigError(
            "a dashboard takes wandb-workspaces, which is not installed; pip install 'distill[track]' brings it"
        )
    for line in _made(found, config):
        sys.stdout.write(plain(f"{line}\n"))


def _made(found: Sequence[Run], config: DashboardConfig) -> list[str]:
    """Save the dashboard, or write its specs; return where it is."""
    library_caches.ready()
    from distill.tracking.reach import wandb_mode
    from distill.tracking.shown import shown
    from distill.tracking.workspace import Dashboard  # takes seconds

    settings = found[0].settings
    project = config.project or settings.get("tracking.project") or "distill"
    entity = config.entity or settings.get("tracking.entity")
    names = list(dict.fromkeys(str(run.report["name"]) for run in found))
    content = shown([run.report for run in found], [run.curves for run in found])
    dashboard = Dashboard(content, f"distill: {listed_short(names)}", project, entity)
    if wandb_mode(config.mode) == "online":
        return dashboard.save()
    return [f"specs: {path}" for path in _written(dashboard, Path(config.output).expanduser())]


def _written(dashboard: "Dashboard", folder: Path) -> list[Path]:
    try:
        return dashboard.write(folder)
    except OSError as error:
        raise ConfigError(f"output={folder} cannot be written ({error.strerror})") from error


if __name__ == "__main__":
    main()
