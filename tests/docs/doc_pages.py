"""The pages that users read, and what of them can be tried: commands, cards, settings, links."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")] + sorted(
    (ROOT / "docs").rglob("*.md")
)
FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`]+)`")
COMMAND = re.compile(r"(python|torchrun|make|pip|pre-commit|ruff|mypy)\s")


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
    return [shlex.split(line, comments=True) for line in (*lines, *spans(page)) if COMMAND.match(line)]


def cards(page):
    """Every card of a page."""
    return [block for block in blocks(page) if block.startswith("# @package")]
