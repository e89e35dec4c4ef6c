"""``python -m distill.predict model=FOLDER input=FILE output=FILE``: what a model says of new examples."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from omegaconf import MISSING, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from distill.base import library_caches, signals
from distill.base.early_signals import NOTHING
from distill.ending import in_one_sentence
from distill.errors import ConfigError

_USAGE = """python -m distill.predict model=FOLDER input=FILE output=FILE

  model        a folder that a run exported, or any Hugging Face folder
  input        JSON lines, TSV, CSV, Parquet or another file that training reads, plain or .gz; a column for each
               input of the task (text; text and pair; tokens; ...)
  output       JSONL or TSV, plain or .gz, other than the input; a line for each row of the input, in their order
               (blank lines are none), with the row's id first where it has a field of that name; it appears
               when all are answered: an error or Ctrl-C leaves nothing behind, and a file of that name as it was
  columns.X    name of the column that holds the input X, such as columns.text=sentence
  batch_size   texts read at once (32)
  task         what the model predicts, for a folder that does not say
  max_length   tokens of a text, for a folder that does not say
"""


@dataclass
class PredictConfig:
    """The command line."""

    model: str = MISSING
    input: str = MISSING
    output: str = MISSING
    columns: dict[str, str] = field(default_factory=dict)
    batch_size: int = 32
    task: str | None = None
    max_length: int | None = None


@in_one_sentence(NOTHING)
def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        sys.stdout.write(_USAGE)
        return
    predict(_config(sys.argv[1:]))


def predict(config: PredictConfig) -> None:
    """Answer the input row by row; blank lines of JSONL are none.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    library_caches.ready()
    from distill.data.streaming import read, refuse_target, writing

    source, target = Path(config.input).expanduser(), Path(config.output).expanduser()
    refuse_target(target, source)
    rows = read(source)
    from distill.inference.predictor import load  # torch and its friends take seconds

    model = load(
        Path(config.model), name=config.task, max_length=config.max_length, batch_size=config.batch_size
    )  # fmt: skip
    if "tags" in model.task.roles.values():
        rows = read(source, words=True)
    start, count = time.monotonic(), 0
    with writing(target) as sink:
        for answer in model.stream(rows, config.columns, str(source)):
            sink.write([answer])
            signals.check()
            count += 1
    seconds = time.monotonic() - start
    sys.stdout.write(f"{count:,} examples in {seconds:.1f} s ({count / seconds:,.0f} a second): {target}\n")


def _config(arguments: list[str]) -> PredictConfig:
    try:
        given = OmegaConf.create()
        for argument in arguments:
            key, sign, value = argument.partition("=")
            if not sign:
                raise ConfigError(f"{argument}: give it as NAME=VALUE\n\n{_USAGE}")
            OmegaConf.update(given, key, value)  # as it stands: a file's name need not be YAML
        merged = OmegaConf.merge(OmegaConf.structured(PredictConfig), given)
        if missing := [f"{name}=..." for name in ("model", "input", "output") if OmegaConf.is_missing(merged, name)]:
            raise ConfigError(f"give {' and '.join(missing)}\n\n{_USAGE}")
        config = cast(PredictConfig, OmegaConf.to_object(merged))
    except OmegaConfBaseException as error:
        raise ConfigError(f"{str(error).splitlines()[0]}\n\n{_USAGE}") from error
    if config.batch_size < 1:
        raise ConfigError(f"batch_size={config.batch_size}: allowed is a whole number from 1 up")
    return config


if __name__ == "__main__":
    main()
