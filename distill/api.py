"""The package as a library: runs from a notebook, and what they leave as objects."""

import json
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from distill.base import library_caches, signals
from distill.config import compose as cards
from distill.config.messages import describe_error
from distill.config.named_columns import named_roles
from distill.config.named_entries import spelled_out
from distill.config.overrides import inspect_overrides
from distill.config.schema import Config
from distill.config.user_cards import inspect_cards
from distill.config.validate import check
from distill.errors import ConfigError

if TYPE_CHECKING:
    from distill.inference.predictor import Predictor


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        folder: of the run, with ``report.html``, ``config.yaml`` and ``export``.
        report: the content of ``report.json``.
        stages: name of each stage to its folder in the store.
        student: the folder of its first exported format, that of Hugging Face; none where the run exported nothing.
    """

    folder: Path
    report: dict[str, Any]
    stages: dict[str, Path]
    student: Path | None

    def predictor(self) -> "Predictor":
        """Load the exported student, to be asked about texts.

        Raises:
            ConfigError: the run exported none.
        """
        from distill.inference.predictor import Predictor

        if self.student is None:
            raise ConfigError("the run exported no student: add export to stages=[...]")
        return Predictor.load(self.student)


def run_experiment(
    experiment: str, *overrides: str, folder: str | Path | None = None, config_dir: str | Path | None = None
) -> Run:
    """Run an experiment in this process, as ``python -m distill.run experiment=…`` does.

    What is logged goes to the logger ``distill``, which says nothing unless the caller sets logging up.

    Args:
        experiment: the name of a card, such as ``sst2_tiny``.
        overrides: settings as on the command line, such as ``distill.temperature=4``.
        folder: of the run; by default one under ``outputs``, as of the command.
        config_dir: a folder of cards, as with ``--config-dir``.

    Returns:
        The finished run.

    Raises:
        DistillError: the user can mend it, and the message says how; settings are looked at within a second.
        KeyboardInterrupt: the same call goes on from the last checkpoint.
    """
    _refuse_arguments(overrides, folder, config_dir)
    arguments, folders = [f"experiment={experiment}", *overrides], [str(config_dir)] if config_dir else []
    config = _composed(arguments, folders)
    started = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    run_folder = Path(folder) if folder else Path("outputs") / config.name / started
    run_folder.mkdir(parents=True, exist_ok=True)
    library_caches.ready(Path(config.store))
    from distill.pipeline.runner import walk  # torch and its friends take seconds

    flags = [flag for path in folders for flag in ("--config-dir", path)]
    try:
        with signals.heeded():
            walk(config, run_folder.resolve(), shlex.join(["python", "-m", "distill.run", *flags, *arguments]))
    except signals.Interrupted as stop:
        raise KeyboardInterrupt(f"{stop}; the same call goes on from the last checkpoint") from stop
    return _finished(run_folder)


def _refuse_arguments(overrides: Sequence[object], folder: str | Path | None, config_dir: str | Path | None) -> None:
    """Refuse what no setting can be, and folders that are none."""
    for override in overrides:
        if not isinstance(override, str):
            raise ConfigError(f"{override!r}: each setting is a text of its own, such as 'distill.temperature=4'")
        if re.match(r"[+~]*hydra[./]", override):
            raise ConfigError(
                f"{override}: run_experiment reads no settings of Hydra; folder=FOLDER is that of the run"
            )
        if override.startswith("-"):
            raise ConfigError(f"{override}: run_experiment takes settings and no flags")
    if folder is not None and Path(folder).exists() and not Path(folder).is_dir():
        raise ConfigError(f"folder={folder}: is no folder")
    if config_dir is not None and not Path(config_dir).is_dir():
        raise ConfigError(f"config_dir={config_dir}: there is no such folder")


def _composed(overrides: Sequence[str], folders: Sequence[str]) -> Config:
    """Compose settings and check them; whatever Hydra has been set up for by the caller is left as it was."""
    inspect_overrides(overrides)
    inspect_cards([f"--config-dir={each}" for each in folders])
    held = GlobalHydra.instance().hydra
    searched = [f"hydra.searchpath=[{','.join(f'file://{os.path.abspath(each)}' for each in folders)}]"]
    try:
        with cards.composing():
            composed = compose(
                "config", [*spelled_out(overrides), *(searched if folders else [])], return_hydra_config=True
            )
        chosen = dict(composed.hydra.runtime.choices)
        own = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
        config = cards.typed(own, Config)
    except Exception as error:
        if (sentence := describe_error(error)) is None:
            raise
        raise ConfigError(sentence) from error
    finally:
        GlobalHydra.instance().hydra = held
    config.data.exact += named_roles(list(overrides), folders, chosen)
    check(config, list(overrides))
    if config.trainer.devices != 1 or config.trainer.num_nodes != 1:
        raise ConfigError("run_experiment trains in this process: several start with python -m distill.run")
    return config


def _finished(folder: Path) -> Run:
    """Read what a run has left in its folder."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    paths = [folder / export["path"] for export in report["exports"]]
    stages = {stage["name"]: Path(stage["folder"]) for stage in report["stages"]}
    return Run(folder, report, stages, next(iter(paths), None))
