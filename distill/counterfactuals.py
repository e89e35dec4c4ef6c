"""``python -m distill.counterfactuals model=RUN``: what models say of texts that differ by a name or gender alone."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base import library_caches, signals
from distill.base.early_signals import NOTHING
from distill.base.results_shown import show
from distill.base.standard_output import say
from distill.config.counterfactuals import CounterfactualsConfig, read
from distill.config.finished_run import teachers_and_length
from distill.config.gate import listed
from distill.ending import in_one_sentence
from distill.explanation.templates import OWN, exchanges

if TYPE_CHECKING:
    from distill.explanation.counterfactual_showing import Measurement

_USAGE = """python -m distill.counterfactuals model=RUN [templates=FILE] [--json] [NAME=VALUE ...]

  model      the folder of a run, whose teacher, student and control are asked; or any other finished model
  templates  a YAML file of texts with slots, and of the words that fill them by group (names, genders and places in
             sentences about films, which come along)
  models     which models of the run, with commas (all)
  label      whose probability is compared (the last of two labels, each of several)
  page       the page that is written (counterfactuals.html; with --json none, unless it is named)
  seed       of the draws of intervals (0)
  task, max_length   of a folder that does not say
  --json     prints everything as JSON
  --example  prints the templates that come along, to begin a file of one's own with
"""
_PAGE = "counterfactuals.html"


def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    with in_one_sentence(NOTHING):
        if {"-h", "--help"} & set(sys.argv[1:]):
            say(_USAGE)
        elif "--example" in sys.argv[1:]:
            say(OWN.read_text(encoding="utf-8"))
        else:
            compare(*read(sys.argv[1:], _USAGE))


def compare(config: CounterfactualsConfig, as_json: bool) -> None:
    """Print how the answers of models differ between groups, and write the page.

    Raises:
        DistillError: the user can mend it, and the message says how.
    """
    library_caches.ready()
    from distill.explanation import counterfactual_showing as showing  # torch takes seconds

    found = _measured(config)
    printed = showing.as_json(found) if as_json else showing.as_text(found)
    show(printed, partial(showing.write, found), config.page, _PAGE)


def _measured(config: CounterfactualsConfig) -> "Measurement":
    from distill.explanation import side_by_side
    from distill.explanation.counterfactual_showing import Measurement
    from distill.explanation.counterfactuals import measure, refuse_others

    folder = Path(config.model).expanduser()
    checkpoints, length = teachers_and_length(folder / "config.yaml")
    task, models = side_by_side.models_of(
        folder, checkpoints, length, listed(config.models), task=config.task, max_length=config.max_length, control=True
    )
    first = next(iter(models.values()))
    refuse_others(task, first.task)
    file = OWN if config.templates is None else Path(config.templates).expanduser()
    pairs = exchanges(file, list(first.task.inputs))
    lines = measure(models, pairs, config.label, signals.check, config.seed)
    return Measurement(str(folder), task, file.name if file == OWN else str(file), lines)


if __name__ == "__main__":
    main()
