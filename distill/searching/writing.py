"""Write what came of a search: cards of the best, a page, and everything as JSON."""

import json
from collections.abc import Callable
from pathlib import Path

from distill.base.disk import replacing
from distill.errors import ConfigError
from distill.searching import cards, page, results
from distill.searching.results import Found


def write(found: Found, output: Path, base: str | None, command: Callable[[str], str]) -> str:
    """Write cards, page and JSON, and return what the console says of the search.

    Args:
        found: what came of the search.
        output: the folder that gets all of it.
        base: the experiment that the cards go on from; none where the command line gives its settings.
        command: returns the command that makes a run of the card of this name.

    Raises:
        ConfigError: the folder cannot be written.
    """
    remarks = [f"trial {each.number}, {_reached(found, each.values)} on validation, of {results.sentence(found)}"
               for each in found.best]  # fmt: skip
    values = [each.params for each in found.best]
    names = cards.write(output, found.name, base, values, found.looked, remarks)
    commands = [command(name) for name in names]
    folder = output / found.name
    try:
        page.write(found, commands, folder / "search.html")
        with replacing(folder / "search.json") as hidden:
            hidden.write_text(json.dumps(results.as_json(found), indent=2, allow_nan=False), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"output={output}: cannot be written ({error.strerror})") from error
    best = ["", "The best as cards; to make whole runs of them, which look at test:", *commands] if commands else []
    return "\n".join(
        [results.table(found), f"{results.sentence(found)}.", *best, "", f"page: {folder / 'search.html'}"]
    )


def _reached(found: Found, values: list[float]) -> str:
    parts = results.shown(found.metric, found.goal.names, values)
    return ", ".join(f"{head} {part}" for head, part in zip(results.heads(found), parts, strict=True))
