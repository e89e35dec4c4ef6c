"""``python -m distill.search experiment=… search=CARD trials=N``: which settings of the student are best."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.GOES_ON)  # what is imported below takes half a second

import logging
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from distill.base import library_caches
from distill.base.installed import refuse_missing
from distill.config import compose
from distill.config.messages import describe_error
from distill.config.named_columns import named_roles
from distill.config.search import SearchConfig, check, settings_of_runs
from distill.ending import errors_as_sentences, in_one_sentence
from distill.errors import ConfigError
from distill.launch import card_folders

GOES_ON = "what is finished stays, and the same command goes on with the rest"
_SPACE = "search.space."
log = logging.getLogger("distill.search")  # also when it is started as __main__


def main() -> None:
    """Run the command line: exit code 2 after a user's mistake, or where every trial fails, with one message."""
    with in_one_sentence(GOES_ON, _describe):
        if {"-m", "--multirun"} & set(sys.argv[1:]):
            raise ConfigError("-m: a search tries settings by itself; leave it out, and give search.space.KEY=[...]")
        sys.argv[1:] = [f"++{each}" if each.startswith(_SPACE) else each for each in sys.argv[1:]]
        sys.argv[1:] = compose.prepare_hydra(sys.argv[1:], SearchConfig)
        _hydra_main()


@hydra.main(version_base="1.3", config_path=str(Path(__file__).parent / "config"), config_name="search")
def _hydra_main(composed: DictConfig) -> None:
    with errors_as_sentences(GOES_ON, _describe):
        _search(compose.typed(composed, SearchConfig))


def _describe(error: Exception) -> str | None:
    sentence = describe_error(error, SearchConfig)
    return None if sentence is None else sentence.replace(f"++{_SPACE}", _SPACE)


def _search(config: SearchConfig) -> None:
    """Check the settings, search, and show and write what came of it."""
    hydra = HydraConfig.get()
    overrides, folders = hydra.overrides.task, card_folders(hydra)
    config.data.exact += named_roles(overrides, folders, hydra.runtime.choices)
    check(config, overrides, folders)
    refuse_missing("a search", "optuna", "plotly", extra="search")
    card = hydra.runtime.choices.get("search")
    if config.search.name is None:
        config.search.name = re.sub(r"[^A-Za-z0-9_.-]+", "_", "_".join(filter(None, (config.name, card))))
    for note in library_caches.ready(Path(config.store)):
        log.info("%s", note)
    from distill.searching import cards  # torch takes seconds
    from distill.searching.conduct import carry_out
    from distill.searching.writing import write

    output = Path(config.output).expanduser()
    cards.refuse_to_replace(output, config.search.name)
    found = carry_out(config)
    base = hydra.runtime.choices.get("experiment")
    log.info("%s", write(found, output, base, lambda name: _command(config.output, overrides, name)))


def _command(output: str, overrides: Sequence[str], experiment: str) -> str:
    """Return the command that makes a whole run of a trial."""
    arguments = ["--config-dir", output, f"experiment={experiment}", *settings_of_runs(overrides)]
    return shlex.join(["python", "-m", "distill.run", *arguments])


if __name__ == "__main__":
    main()
