"""``python -m distill.label experiment=… labeller=openai output=FILE``: labels of an LLM, a command or a model."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import logging
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from distill.base import library_caches
from distill.base.installed import refuse_missing
from distill.config import compose
from distill.config.label import LabelConfig
from distill.config.label_checks import check
from distill.config.messages import describe_error
from distill.config.named_columns import named_roles
from distill.ending import errors_as_sentences, in_one_sentence
from distill.errors import ConfigError
from distill.launch import card_folders

_THEN = "what was answered is kept, and the same command goes on"

log = logging.getLogger("distill.label")  # also when it is started as __main__


def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    with in_one_sentence(_THEN, _describe):
        if {"-m", "--multirun"} & set(sys.argv[1:]):
            raise ConfigError("-m: texts are labelled by one labeller at a time; leave it out")
        sys.argv[1:] = compose.prepare_hydra(sys.argv[1:], LabelConfig)
        _hydra_main()


@hydra.main(version_base="1.3", config_path=str(Path(__file__).parent / "config"), config_name="label")
def _hydra_main(composed: DictConfig) -> None:
    with errors_as_sentences(_THEN, _describe):
        _label(compose.typed(composed, LabelConfig))


def _describe(error: Exception) -> str | None:
    return describe_error(error, LabelConfig)


def _label(config: LabelConfig) -> None:
    """Check the settings, and ask for the labels of the texts.

    Raises:
        DistillError: the user can mend it, and the message says how; what was answered is kept.
    """
    hydra = HydraConfig.get()
    config.data.exact += named_roles(hydra.overrides.task, card_folders(hydra), hydra.runtime.choices)
    check(config, hydra.overrides.task)
    if config.labeller.kind == "openai":
        refuse_missing("labeller=openai", "httpx", extra="labels")
    for note in library_caches.ready(Path(config.store)):
        log.info("%s", note)
    from distill.pipeline.label_texts import label_texts  # datasets takes its time, and torch seconds

    label_texts(config, lambda note: log.info("%s", note))


if __name__ == "__main__":
    main()
