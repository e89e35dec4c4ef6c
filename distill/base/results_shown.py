"""What a command found, printed as text or as JSON, and the page that it writes beside it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from distill.base.standard_output import say
from distill.base.terminal_text import plain
from distill.errors import ConfigError


def show(found: str | Mapping[str, object], write: Callable[[Path], None], page: str | None, usual: str) -> None:
    """Print what was found, and write its page.

    Args:
        found: as text, beside which a page is written; or for JSON, beside which none is but that which is named.
        write: the page, into a file.
        page: the file that is named for it.
        usual: the file where none is named.

    Raises:
        ConfigError: the page cannot be written.
        DataError: nor standard output.
    """
    if isinstance(found, str):
        page = page or usual
        say(plain(found) + "\n")
    else:
        say(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    if page is None:
        return
    write_page(page, write)
    if isinstance(found, str):
        say(plain(f"page: {page}\n"))


def write_page(page: str, write: Callable[[Path], None]) -> None:
    """Write a page into the file that a setting names.

    Raises:
        ConfigError: it cannot be written.
    """
    try:
        write(Path(page).expanduser())
    except OSError as error:
        raise ConfigError(f"page={page} cannot be written ({error.strerror})") from error
