"""Choose texts to have labelled next: ``python -m distill.select model=RUN input=FILE output=FILE count=100``."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base import library_caches, signals, standard_output
from distill.base.early_signals import NOTHING
from distill.base.progress import Progress
from distill.base.terminal_text import plain
from distill.config.command_line import refuse_values, settings_of
from distill.config.select import SelectConfig
from distill.ending import in_one_sentence
from distill.errors import DataError

if TYPE_CHECKING:
    from distill.selection.pool import Pool

_USAGE = """python -m distill.select model=RUN input=FILE output=FILE count=100

  model       a run, a folder that it exported, the model of a stage in the store, or any Hugging Face folder
  input       a file of texts: JSON, JSON lines, TSV, CSV, Parquet, .txt (a text a line), plain or .gz
  output      JSON, JSON lines, TSV, CSV or Parquet: the chosen rows, the most telling first, with what the model says
              (predicted) and how unsure it is (uncertainty, from 0 to 1); distill.label takes it as rows=FILE
  count       how many texts are chosen (100)
  method      badge: unsure and unlike each other; coreset: unlike each other and the labelled; margin, entropy: unsure
              alone; random (badge; coreset for scores)
  labelled    a file of texts that have labels already, which are left out
  columns.X   name of the column that holds the input X, such as columns.text=sentence
  seed        of whatever is drawn (42)
  pool        texts among which is chosen, drawn where the file has more (100000)
  drop_bad    whether rows that cannot be used are left out (false)
  batch_size  texts read at once (32)
  task        what the model predicts, for a folder that does not say
  max_length  tokens of a text, for a folder that does not say
"""


def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    with in_one_sentence(NOTHING):
        if {"-h", "--help"} & set(sys.argv[1:]):
            standard_output.say(_USAGE)
            return
        config = settings_of(SelectConfig, sys.argv[1:], _USAGE)
        refuse_values(config)
        select(config)


def select(config: SelectConfig) -> None:
    """Choose texts, write them, and say how many there were to choose from.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    library_caches.ready()
    from distill.data.writing import refuse_target, writing

    source, target = Path(config.input).expanduser(), Path(config.output).expanduser()
    refuse_target(target, source)
    files = [source, *([Path(config.labelled).expanduser()] if config.labelled else [])]
    for file in (each for each in files if not each.is_file()):
        raise DataError(f"{file}: there is no such file")
    from distill.selection.choosing import Chooser  # torch takes seconds

    chooser = Chooser(
        Path(config.model),
        config.method,
        config.seed,
        task=config.task,
        max_length=config.max_length,
        batch_size=config.batch_size,
    )
    texts, *known = (chooser.file(file, config.columns, drops_bad=config.drop_bad) for file in files)
    labelled = [row for file in known for row in file.rows()]
    pool = chooser.pool(texts, labelled, config.pool)
    with Progress("texts") as progress:
        chosen = chooser.choose(pool.rows, labelled, config.count, lambda count: _tick(progress, count))
    with writing(target) as sink:
        for line in chosen:
            sink.write(line)
    standard_output.say(plain(_summary(pool, texts.dropped, len(chosen), chooser.method, config)))


def _tick(progress: Progress, count: int) -> None:
    progress.at(count)
    signals.check()


def _summary(pool: "Pool", dropped: int, chosen: int, method: str, config: SelectConfig) -> str:
    """Return how many texts were chosen by which method, and what was left out before."""
    left = [
        f"{pool.repeated:,} stand twice" if pool.repeated else "",
        f"{pool.labelled:,} are labelled already" if pool.labelled else "",
        f"{dropped:,} cannot be used" if dropped else "",
    ]
    out = ", ".join(filter(None, left))
    few = f"; there are no more than that, though count={config.count}" if chosen < config.count else ""
    said = f"{chosen:,} of {len(pool.rows):,} texts by {method}: {config.output}{few}\n"
    return said + (f"left out of {config.input}: {out}\n" if out else "")


if __name__ == "__main__":
    main()
