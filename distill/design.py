"""``python -m distill.design budget.latency_ms=5``: which student to try first."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import logging
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from distill.base import library_caches, signals
from distill.base.early_signals import NOTHING
from distill.base.signals import Interrupted
from distill.config import compose, messages, user_cards
from distill.config.design import DesignConfig, check, settings_of_runs
from distill.config.named_columns import named
from distill.config.schema import StudentConfig
from distill.ending import stop, while_it_is_read
from distill.errors import ConfigError, DistillError
from distill.launch import card_folders

if TYPE_CHECKING:
    from distill.designer.candidates import Candidate

log = logging.getLogger("distill.design")  # also when it is started as __main__


@while_it_is_read()
def main() -> None:
    """Run the command line: exit code 1 where no student fits, 2 after a user's mistake, with one message."""
    if {"-m", "--multirun"} & set(sys.argv[1:]):
        stop("-m: students are proposed for one budget at a time; leave it out", 2)
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # errors reach the lines below instead of Hydra's own printing
    try:
        with signals.heeded():
            compose.register()
            user_cards.inspect(sys.argv[1:])
            _hydra_main()
    except ConfigError as error:
        stop(str(error), 2)
    except Interrupted as error:
        stop(f"{error}; {NOTHING}", error.code)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        stop(messages.message(error, DesignConfig), 2)
    except (AssertionError, AttributeError) as error:
        if (said := messages.describe_null_append(error)) is None:
            raise
        stop(said, 2)


@hydra.main(version_base="1.3", config_path=str(Path(__file__).parent / "config"), config_name="design")
def _hydra_main(cfg: DictConfig) -> None:
    try:
        with signals.heeded():
            _job(compose.typed(cfg, DesignConfig))
    except DistillError as error:
        stop(str(error), 2)
    except OmegaConfBaseException as error:
        stop(messages.message(error, DesignConfig), 2)
    except Interrupted as error:
        stop(f"{error}; {NOTHING}", error.code)


def _job(config: DesignConfig) -> None:
    config.student = StudentConfig()  # a card may set what is looked for
    chosen = HydraConfig.get()
    overrides, folders = chosen.overrides.task, card_folders(chosen)
    config.data.exact += named(overrides, folders, chosen.runtime.choices)
    check(config, overrides, folders)
    for note in library_caches.ready(Path(config.store)):
        log.info("%s", note)
    from distill.designer import showing  # torch and its friends take seconds
    from distill.designer.cards import write
    from distill.designer.proposing import propose

    found, output = propose(config), Path(config.output).expanduser()
    if found.proposals:
        made = {
            each.name: (showing.remarks(found, each, measured), _card(each.candidate, config))
            for each, measured in found.proposals
        }
        write(output, made)
    log.info("%s", showing.text(found, lambda student: _command(str(output), overrides, student)))
    if not found.proposals:
        sys.exit(1)


def _card(candidate: "Candidate", config: DesignConfig) -> dict[str, Any]:
    """What a student's card sets: one made of one teacher follows its states, like ``half_layers`` and ``narrow``."""
    follows = candidate.init in ("teacher", "narrow") and not config.more_teachers
    return {"student": candidate.card, **({"distill": {"cka": {"weight": 1.0}}} if follows else {})}


def _command(output: str, overrides: Sequence[str], student: str) -> str:
    """The run that tries a student."""
    given = ["--config-dir", output, *settings_of_runs(overrides), f"student={student}"]
    return shlex.join(["python", "-m", "distill.run", *given])


if __name__ == "__main__":
    main()
