"""``python -m distill.run experiment=sst2_tiny``: from a config to a student on disk."""

import logging
import os
import sys
from pathlib import Path
from typing import NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from distill import caches
from distill.config import cards, explain
from distill.config.check import check
from distill.config.schema import Config
from distill.errors import DistillError
from distill.launch import command, one_job

log = logging.getLogger("distill.run")  # also when it is started as __main__


def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    cards.register()
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # errors reach the lines below instead of Hydra's own printing
    try:
        _hydra_main()
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        sys.stderr.write(f"distill: {explain.message(error)}\n")
        sys.exit(2)
    except (AssertionError, AttributeError) as error:
        if (said := explain.added_to_nothing(error)) is None:
            raise
        sys.stderr.write(f"distill: {said}\n")
        sys.exit(2)


# Left to itself, Hydra would take the package's own folders for groups of cards when it is started as `distill`.
@hydra.main(version_base="1.3", config_path=str(Path(__file__).parent / "config"), config_name="config")
def _hydra_main(cfg: DictConfig) -> None:
    try:
        _job(cards.typed(cfg, Config))
    except DistillError as error:
        _stop(str(error), 2)
    except OmegaConfBaseException as error:
        _stop(explain.message(error), 2)
    except KeyboardInterrupt:
        _stop("interrupted; the same command goes on from the last checkpoint", 130)


def _job(config: Config) -> None:
    check(config, HydraConfig.get().overrides.task)
    repeat = command()
    with one_job() as folder:
        for note in caches.ready(Path(config.store)):
            log.info("%s", note)
        from distill.chain import walk  # torch and its friends take seconds: only a config that holds pays them

        walk(config, folder, repeat)


def _stop(message: str, code: int) -> NoReturn:
    log.error("distill: %s", message)
    sys.exit(code)


if __name__ == "__main__":
    main()
