"""The pages that users read, and what of them can be tried: commands, cards, settings, links."""

import re
import shlex
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")] + sorted(
    (ROOT / "docs").rglob("*.md")
)
FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`]+)`")
COMMAND = re.compile(r"(python|torchrun|make|pip|pre-commit|ruff|mypy)\s")

SHELL = ("|", "<", ">")
"""Words that end a command and begin what the shell does with it."""


def name(page):
    return page.relative_to(ROOT).as_posix()


def text(page):
    return page.read_text(encoding="utf-8")


def blocks(page):
    """What stands in fences."""
    return [match[1] for match in FENCE.finditer(text(page))]


def spans(page):
    """What stands in backquotes outside of fences, without line ends."""
    return [" ".join(match[1].split()) for match in INLINE.finditer(FENCE.sub("", text(page)))]


def commands(page):
    """Every command of a page, as words."""
    lines = [line for block in blocks(page) for line in block.splitlines()]
    every = [shlex.split(line, comments=True) for line in (*lines, *spans(page)) if COMMAND.match(line)]
    return [list(takewhile(lambda word: word not in SHELL, words)) for words in every]


def cards(page):
    """Every card of a page."""
    return [block for block in blocks(page) if block.startswith("# @package")]
