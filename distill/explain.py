"""``python -m distill.explain model=RUN``: which words make teacher and student say what they say, side by side."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base import library_caches, signals
from distill.base.early_signals import NOTHING
from distill.base.installed import refuse_missing
from distill.base.progress import Progress
from distill.base.results_shown import show
from distill.base.standard_output import say
from distill.config.explain import ExplainConfig, read
from distill.config.finished_run import teachers_and_length
from distill.config.gate import listed
from distill.ending import in_one_sentence

if TYPE_CHECKING:
    from distill.explanation.examples import Example
    from distill.explanation.side_by_side import Explanation
    from distill.inference.predictor import Predictor

_USAGE = """python -m distill.explain model=RUN [TEXT ... | input=FILE | differences=N] [--json] [NAME=VALUE ...]

  model        the folder of a run, whose teacher and student are shown side by side; or any other finished model
  TEXT         examples: an argument each, where the task reads a single text; else one for each of its inputs. One that
               begins like NAME= or -- follows after --
  input        a file of examples, of any kind that distill.predict reads; a column of labels says what is right
  differences  examples of the run's test rows on which teacher and student part (20, where nothing else is given)
  models       which models of the run, with commas (its teachers and its student)
  columns.X    name of the column that holds the input X, or the label, such as columns.text=sentence
  baseline     what stands for a text that says nothing: mask or pad tokens (mask)
  tolerance    how far sums of tokens may be from what they explain, as a share of it (0.02)
  steps        steps from the baseline to the text (32), which are doubled up to most_steps (1024) where that is not met
  page         the page that is written (explanation.html; with --json none, unless it is named)
  task, max_length   of a folder that does not say
  --json       prints everything as JSON
"""
_PAGE = "explanation.html"
_DIFFERENCES = 20


def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    with in_one_sentence(NOTHING):
        if {"-h", "--help"} & set(sys.argv[1:]):
            say(_USAGE)
            return
        config, texts, as_json = read(sys.argv[1:], _USAGE)
        refuse_missing("explaining models", "captum", extra="explain")
        explain(config, texts, as_json)


def explain(config: ExplainConfig, texts: Sequence[str], as_json: bool) -> None:
    """Print which words make the models say what they say, and write the page.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    library_caches.ready()
    from distill.explanation import page, showing  # torch takes seconds

    found = _found(config, texts)
    printed = showing.as_json(found) if as_json else showing.as_text(found)
    show(printed, partial(page.write, found), config.page, _PAGE)


def _found(config: ExplainConfig, texts: Sequence[str]) -> "Explanation":
    from distill.explanation import side_by_side
    from distill.explanation.attribution import Rule

    folder = Path(config.model).expanduser()
    checkpoints, length = teachers_and_length(folder / "config.yaml")
    task, models = side_by_side.models_of(
        folder, checkpoints, length, listed(config.models), task=config.task, max_length=config.max_length
    )
    examples = _examples(config, texts, folder, next(iter(models.values())))
    rule = Rule(config.steps, config.most_steps, config.tolerance)
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1
        progress.at(count)
        signals.check()

    with Progress("answers") as progress:
        return side_by_side.explain(str(folder), task, models, examples, rule, config.baseline, tick)


def _examples(config: ExplainConfig, texts: Sequence[str], folder: Path, model: "Predictor") -> "list[Example]":
    """Return the examples that are asked for, of which the model knows the inputs."""
    from distill.explanation import examples

    if texts:
        return examples.of_texts(model, texts)
    if config.input is not None:
        return examples.of_file(model, Path(config.input).expanduser(), config.columns)
    return examples.parted(folder, list(model.task.inputs), config.differences or _DIFFERENCES)


if __name__ == "__main__":
    main()
