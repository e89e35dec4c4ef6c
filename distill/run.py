"""``python -m distill.run experiment=sst2_tiny``: from a config to a student on disk."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.GOES_ON)  # what is imported below takes half a second

import logging
import os
import sys
import traceback
from pathlib import Path
from typing import NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from distill.base import disk, library_caches, signals
from distill.base.early_signals import GOES_ON
from distill.base.signals import Interrupted
from distill.config import compose, messages, user_cards
from distill.config.named_columns import named
from distill.config.schema import Config
from distill.config.validate import check
from distill.ending import stop, while_it_is_read
from distill.errors import ConfigError, DistillError
from distill.launch import card_folders, command, one_job

log = logging.getLogger("distill.run")  # also when it is started as __main__


@while_it_is_read()
def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    signals.end_with_the_parent()
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # errors reach the lines below instead of Hydra's own printing
    try:
        with signals.heeded():
            compose.register()
            user_cards.inspect(sys.argv[1:])
            _hydra_main()
    except ConfigError as error:
        stop(str(error), 2)
    except Interrupted as error:
        stop(f"{error}; {GOES_ON}", error.code)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        stop(messages.message(error), 2)
    except OSError as error:
        if _in_the_job(error) or (said := disk.refused(error)) is None:
            raise
        stop(f"{said}; give another folder with hydra.run.dir=FOLDER", 2)
    except (AssertionError, AttributeError) as error:
        if (said := messages.describe_null_append(error)) is None:
            raise
        stop(said, 2)


# Left to itself, Hydra would take the package's own folders for groups of cards when it is started as `distill`.
@hydra.main(version_base="1.3", config_path=str(Path(__file__).parent / "config"), config_name="config")
def _hydra_main(cfg: DictConfig) -> None:
    try:
        with signals.heeded():
            _job(compose.typed(cfg, Config))
    except DistillError as error:
        _stop(str(error), 2)
    except OmegaConfBaseException as error:
        _stop(messages.message(error), 2)
    except Interrupted as error:
        _stop(f"{error}; {GOES_ON}", error.code)


def _job(config: Config) -> None:
    hydra = HydraConfig.get()
    config.data.exact += named(hydra.overrides.task, card_folders(hydra), hydra.runtime.choices)
    check(config, hydra.overrides.task)
    repeat = command()
    with one_job() as folder:
        for note in library_caches.ready(Path(config.store)):
            log.info("%s", note)
        from distill.pipeline.runner import (
            walk,  # torch and its friends take seconds: only a config that holds pays them
        )

        walk(config, folder, repeat)


def _in_the_job(error: OSError) -> bool:
    """Whether an error is one of the job's own, and not of what is made for it before: its folder."""
    return any(frame.f_code is _job.__code__ for frame, _ in traceback.walk_tb(error.__traceback__))


def _stop(message: str, code: int) -> NoReturn:
    """End a job, whose log keeps its sentence, too."""
    log.error("distill: %s", message)
    sys.exit(code)


if __name__ == "__main__":
    main()
