"""State how two runs differ on the same test rows: by headline, label and length, and where their answers part."""

import textwrap
from typing import Any, NamedTuple

from distill.report import console


class Line(NamedTuple):
    """A difference: examples behind it, both scores, and the difference with its interval, as text."""

    name: str
    examples: str
    first: str
    second: str
    difference: str


class Part(NamedTuple):
    """A table of differences; ``what`` its lines are."""

    title: str
    what: str
    lines: list[Line]


class Flip(NamedTuple):
    """An example that the two answer differently, and which of them is right."""

    text: str
    reference: str
    first: str
    second: str
    right: str


class Pair(NamedTuple):
    """Two runs' students on the same rows.

    Attributes:
        first: the title of the first.
        second: the title of the second.
        sentence: the difference in the metric that leads.
        parts: tables of differences.
        flipped: how many examples flipped, and in whose favour.
        flips: those examples, as far as they are shown.
    """

    first: str
    second: str
    sentence: str
    parts: list[Part]
    flipped: str
    flips: list[Flip]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        parts = [{**part._asdict(), "lines": [line._asdict() for line in part.lines]} for part in self.parts]
        return {**self._asdict(), "parts": parts, "flips": [flip._asdict() for flip in self.flips]}

    def as_text(self) -> str:
        """Return it as plain text, without the examples themselves."""
        blocks = [
            "\n".join((f"first: {self.first}", f"second: {self.second}", *textwrap.wrap(self.sentence, console.WIDTH)))
        ]
        for part in self.parts:
            head = (part.what, "examples", "first", "second", "difference")
            blocks.append(f"{part.title}\n{console.aligned([head, *(tuple(line) for line in part.lines)])}")
        if self.flips:
            blocks.append("\n".join(textwrap.wrap(self.flipped, console.WIDTH)))
        return "\n".join(blocks).replace("\N{MINUS SIGN}", "-")
