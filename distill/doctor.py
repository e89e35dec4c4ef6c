"""``python -m distill.doctor experiment=sst2_tiny``: what would go wrong with a run, and how long it takes."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from distill.base import library_caches
from distill.base.early_signals import NOTHING
from distill.config import compose
from distill.config.messages import describe_error
from distill.config.named_columns import named_roles
from distill.config.schema import Config
from distill.ending import errors_as_sentences, in_one_sentence
from distill.errors import ConfigError
from distill.launch import card_folders

JSON = "--json"
_as_json: list[bool] = [False]
"""Whether the findings are printed as JSON."""


def main() -> None:
    """Run the command line: exit code 1 where a check fails, 2 where the settings cannot be composed."""
    with in_one_sentence(NOTHING, describe_error):
        if {"-m", "--multirun"} & set(sys.argv[1:]):
            raise ConfigError("-m: one run is looked at at a time; leave it out")
        _as_json[0] = JSON in sys.argv
        sys.argv[1:] = [argument for argument in sys.argv[1:] if argument != JSON]
        sys.argv[1:] = compose.prepare_hydra(sys.argv[1:])
        _hydra_main()


@hydra.main(version_base="1.3", config_path=str(Path(__file__).parent / "config"), config_name="doctor")
def _hydra_main(composed: DictConfig) -> None:
    with errors_as_sentences(NOTHING, describe_error):
        config = compose.typed(composed, Config)
        hydra = HydraConfig.get()
        overrides, folders = hydra.overrides.task, card_folders(hydra)
        config.data.exact += named_roles(overrides, folders, hydra.runtime.choices)
        failed = _diagnose(config, overrides, _command(overrides, folders))
    if failed:
        sys.exit(1)


def _command(overrides: Sequence[str], folders: Sequence[str]) -> str:
    """Return the command of the run that is looked at."""
    flags = [flag for path in folders for flag in ("--config-dir", path)]
    return shlex.join(["python", "-m", "distill.run", *flags, *overrides])


def _diagnose(config: Config, overrides: Sequence[str], command: str) -> bool:
    """Make every check, print what it finds as soon as it is known, and return whether one failed."""
    start = time.monotonic()
    library_caches.ready(Path(config.store))
    from distill.diagnosis.report import report  # torch and its friends take seconds

    return report(config, overrides, command, start, as_json=_as_json[0])


if __name__ == "__main__":
    main()
