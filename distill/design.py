"""``python -m distill.design budget.latency_ms=5``: which student to try first."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from distill.base import library_caches
from distill.base.early_signals import NOTHING
from distill.config import compose
from distill.config.design import DesignConfig, check, settings_of_runs
from distill.config.messages import describe_error
from distill.config.named_columns import named_roles
from distill.config.student import StudentConfig
from distill.ending import errors_as_sentences, in_one_sentence
from distill.errors import ConfigError
from distill.launch import card_folders

if TYPE_CHECKING:
    from distill.designer.candidates import Candidate

STATIC_DROPOUT = 0.3
"""With which a student without layers learns, see the card ``static``."""

log = logging.getLogger("distill.design")  # also when it is started as __main__


def main() -> None:
    """Run the command line: exit code 1 where no student fits, 2 after a user's mistake, with one message."""
    with in_one_sentence(NOTHING, _describe):
        if {"-m", "--multirun"} & set(sys.argv[1:]):
            raise ConfigError("-m: students are proposed for one budget at a time; leave it out")
        sys.argv[1:] = compose.prepare_hydra(sys.argv[1:], DesignConfig)
        _hydra_main()


@hydra.main(version_base="1.3", config_path=str(Path(__file__).parent / "config"), config_name="design")
def _hydra_main(composed: DictConfig) -> None:
    with errors_as_sentences(NOTHING, _describe):
        _propose_students(compose.typed(composed, DesignConfig))


def _describe(error: Exception) -> str | None:
    return describe_error(error, DesignConfig)


def _propose_students(config: DesignConfig) -> None:
    """Check the settings, look for students, and show and write those that fit."""
    config.student = StudentConfig()  # a card may set what is looked for
    hydra = HydraConfig.get()
    overrides, folders = hydra.overrides.task, card_folders(hydra)
    config.data.exact += named_roles(overrides, folders, hydra.runtime.choices)
    check(config, overrides, folders)
    for note in library_caches.ready(Path(config.store)):
        log.info("%s", note)
    from distill.designer import showing  # torch and its friends take seconds
    from distill.designer.cards import write
    from distill.designer.proposing import propose

    design, output = propose(config), Path(config.output).expanduser()
    if design.proposals:
        cards = {
            student.name: (showing.remarks(design, student, measured), _card(student.candidate, config, design.formats))
            for student, measured in design.proposals
        }
        write(output, cards)
    log.info("%s", showing.text(design, lambda student: _command(str(output), overrides, student)))
    if not design.proposals:
        sys.exit(1)


def _card(candidate: "Candidate", config: DesignConfig, formats: Sequence[str]) -> dict[str, object]:
    """Return what a student's card sets; it learns as those of ``students`` do.

    One made of one teacher follows its states, like ``half_layers``; one without layers has the dropout of ``static``.

    Args:
        candidate: the student.
        config: of the run that it is for.
        formats: of the export, where the student was designed for one of them.
    """
    follows = candidate.init in ("teacher", "narrow") and not config.more_teachers
    learning: dict[str, object] = {"cka": {"weight": 1.0}} if follows else {}
    if candidate.init == "static":
        learning = {"dropout": STATIC_DROPOUT}
    return {
        "student": candidate.card,
        **({"distill": learning} if learning else {}),
        **({"export": {"formats": list(formats)}} if formats else {}),
    }


def _command(output: str, overrides: Sequence[str], student: str) -> str:
    """Return the command that tries a student."""
    arguments = ["--config-dir", output, *settings_of_runs(overrides), f"student={student}"]
    return shlex.join(["python", "-m", "distill.run", *arguments])


if __name__ == "__main__":
    main()
