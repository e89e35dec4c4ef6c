"""Ask teacher, student and control of a run about one example: ``python -m distill.ask model=RUN "a text"``."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import MISSING

from distill.base import library_caches
from distill.base.early_signals import NOTHING
from distill.base.terminal_text import plain
from distill.config.command_line import settings_of
from distill.config.finished_run import teachers_and_length
from distill.ending import in_one_sentence
from distill.errors import ConfigError

_USAGE = """python -m distill.ask model=RUN TEXT ...

  model          the folder of a run: its teacher, its student and its control answer, as far as they are in the store
  TEXT           the example: an argument for each input of the task, such as a text and its pair, or a context and a
                 question; the words of a sentence to be tagged stand in one argument, or in one each; so do the turns
                 of a dialogue, in one each. An argument that begins like NAME= follows after --
  runs           how often each model is asked for the time that is said, of which the median is taken (5)
"""
_SETTING = re.compile(r"(\w+)=")


@dataclass
class AskConfig:
    """The settings of the command line."""

    model: str = MISSING
    runs: int = 5


def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    with in_one_sentence(NOTHING):
        if {"-h", "--help"} & set(sys.argv[1:]):
            sys.stdout.write(_USAGE)
            return
        config, texts = _read(sys.argv[1:])
        ask(config, texts)


def ask(config: AskConfig, texts: Sequence[str]) -> None:
    """Print what each model of a run says of one example, how sure it is, and how long it takes.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    library_caches.ready()
    from distill.inference import side_by_side  # NumPy takes its time, and torch seconds

    folder = Path(config.model).expanduser()
    checkpoints, max_length = teachers_and_length(folder / "config.yaml")
    run, answers = side_by_side.models_of(folder, checkpoints), []
    for name, place in run.folders.items():
        model = side_by_side.opened(run, place, max_length if name in checkpoints else None)
        answers.append(side_by_side.answer(name, model, side_by_side.example(model, texts), config.runs))
    sys.stdout.write(plain(side_by_side.table(answers)) + "\n")


def _read(arguments: Sequence[str]) -> tuple[AskConfig, list[str]]:
    """Return the settings and the texts of a command line.

    Raises:
        ConfigError: there is no text, or a setting is none of what it may be.
    """
    place = arguments.index("--") if "--" in arguments else len(arguments)
    given, texts = arguments[:place], list(arguments[place + 1 :])
    settings = [each for each in given if (name := _SETTING.match(each)) and name[1] in AskConfig.__annotations__]
    texts = [each for each in given if each not in settings] + texts
    config = settings_of(AskConfig, settings, _USAGE)
    if not texts:
        raise ConfigError(f"give the example, a text for each input of the task\n\n{_USAGE}")
    if config.runs < 1:
        raise ConfigError(f"runs={config.runs}: allowed is a whole number from 1 up")
    return config, texts


if __name__ == "__main__":
    main()
