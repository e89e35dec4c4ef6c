"""Write text into tables so that no spreadsheet that opens them runs it."""

import re

_RUN = ("=", "+", "-", "@")
"""How a cell begins that a spreadsheet takes for a formula."""
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def inert(text: str) -> str:
    r"""Return a text as a cell that is only read: on one line, and behind an apostrophe where it would be run.

    >>> inert("=1+1"), inert("-1.5"), inert("-x"), inert("a@b"), inert("one\n\ttwo")
    ("'=1+1", '-1.5', "'-x", 'a@b', 'one two')
    """
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(_RUN) and not _NUMBER.fullmatch(line) else line
