"""``python -m distill.compare RUN_OR_FOLDER ...``: finished runs side by side, in a table and on a page."""

if __name__ == "__main__":
    from distill.base import early_signals

    early_signals.heed(early_signals.NOTHING)  # what is imported below takes half a second

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from distill.base import library_caches
from distill.base.early_signals import NOTHING
from distill.base.results_shown import write_page
from distill.base.terminal_text import plain
from distill.comparison import columns, results, runs
from distill.comparison.pairs import Pair
from distill.comparison.table import Comparison, compare
from distill.config.compare import CompareConfig, read
from distill.config.gate import listed
from distill.ending import in_one_sentence
from distill.errors import ConfigError, DistillError
from distill.pipeline.store_contents import is_store, run_folders
from distill.report import listed_short

_USAGE = """python -m distill.compare RUN_OR_FOLDER ... [--csv | --json | --markdown] [NAME=VALUE ...]

  RUN_OR_FOLDER  the folder of a run, of a sweep, or any other that holds finished runs, however deep; a store stands
                 for the runs that wrote there; patterns such as 'outputs/trec*' too
  --csv          prints a line for each model of each row instead of the table, and writes no page unless it is named
  --json         the same as JSON, with all that the table and the page say
  --markdown     one table for a text, with a line for each row: what it scores, what it gained, what it costs; here
                 alone the runs may be of several tasks
  page           the page that is written (comparison.html)
  examples       how many examples that two runs answer differently are shown (50)
  slices         of two runs, parts of the rows, with commas: columns of the data, length, contains:WORD

Runs that differ only in their seed are one row. Of two rows on the same test rows, the difference of their students is
given with an interval, over all seeds where there are several, by label and by length, and the examples that they
answer differently. Runs that were scored on different rows stand in tables of their own.
"""
_PAGE = "comparison.html"


@in_one_sentence(NOTHING)
def main() -> None:
    """Run the command line; a user's mistake ends it with one message and exit code 2."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        sys.stdout.write(_USAGE)
        return
    places, printed, config = read(sys.argv[1:], _USAGE)
    folders = runs.find(_without_stores(places))
    comparison = compare([runs.read(folder) for folder in folders], several_tasks=printed == "markdown")
    pair, comparison = _pair(comparison, config)
    page = config.page if printed or config.page else _PAGE
    sys.stdout.write(_printed(comparison, printed, pair))
    if page is not None:
        _write_page(comparison, page, pair)
        if printed is None:
            sys.stdout.write(plain(f"page: {page}\n"))


def _without_stores(places: Sequence[str]) -> list[str]:
    """Put in the place of a store the runs that wrote there."""
    folders: list[str] = []
    for place in places:
        root = Path(place).expanduser()
        if not is_store(root):
            folders.append(place)
            continue
        found = [run for run in run_folders(root, root.resolve().parent) if (run / "report.json").is_file()]
        if not found:
            raise ConfigError(f"{place} is a store, and no finished run is found that wrote there")
        folders += map(str, found)
    return folders


def _pair(comparison: Comparison, config: CompareConfig) -> tuple[Pair | None, Comparison]:
    """Return how two rows, or two seeds of one, differ on the same examples; the comparison says why, where unknown."""
    sides = [(row.title, row.runs) for row in comparison.rows]
    if len(sides) == 1:
        sides = [(f"seed {run.seed}", [run]) for run in sides[0][1]]
    if len(sides) != 2 or len(comparison.groups) != 1 or comparison.groups[0].metric is None:
        return None, comparison
    library_caches.ready()
    from distill.pipeline.paired import paired  # torch takes seconds

    titles = [title for title, _ in sides]
    log = logging.getLogger("distill")
    level = log.level
    log.setLevel(logging.ERROR)  # the runs have said already what there is to say of their data
    try:
        return paired([runs for _, runs in sides], titles, config.examples, listed(config.slices)), comparison
    except DistillError as error:
        return None, comparison.noting(f"The two runs are not compared example by example: {error}.")
    finally:
        log.setLevel(level)


def _printed(comparison: Comparison, printed: str | None, pair: Pair | None) -> str:
    if printed == "csv":
        return columns.as_csv(comparison)
    if printed == "json":
        return columns.as_json(comparison, pair=None if pair is None else pair.as_json())
    if printed == "markdown":
        return results.as_markdown(comparison)
    return columns.as_text(comparison) + (f"\n{plain(pair.as_text())}" if pair else "") + "\n"


def _title(comparison: Comparison) -> str:
    """Return the names of the runs, each once."""
    names = [str(run.report["name"]) for row in comparison.rows for run in row.runs]
    return listed_short(list(dict.fromkeys(names)))


def _write_page(comparison: Comparison, target: str, pair: Pair | None) -> None:
    from distill.comparison import page  # Jinja takes its time

    write_page(target, lambda path: page.write(comparison, _title(comparison), path, pair))


if __name__ == "__main__":
    main()
