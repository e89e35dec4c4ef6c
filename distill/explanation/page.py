"""Write what was found of models as one page that opens anywhere, without script and network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from distill.base.disk import replacing
from distill.explanation.explainer import Explained
from distill.explanation.showing import completeness, exactness, says, signed, towards
from distill.explanation.side_by_side import Explanation
from distill.report import templates, tie

_FAINT = 0.1
"""Share of the largest sum of a text below which a word has its number in the table alone."""
_LEAST = 0.05
"""Sum below which no word has the full shade, whatever the others add."""


class Shade(NamedTuple):
    """A word as the page shows it: ``strength`` is its share of the largest sum; ``value`` as text, or empty."""

    input: str
    text: str
    sign: str
    strength: float
    value: str
    title: str


class Line(NamedTuple):
    """What a model says, and the words that made it say so."""

    who: str
    says: str
    towards: str
    change: str
    exactness: str
    inexact: bool
    inputs: Sequence[tuple[str, Sequence[Shade]]]
    tokens: Sequence[tuple[str, str]]


class Card(NamedTuple):
    """An example with a line for each number that a model says of it."""

    id: str
    kind: str
    gold: str
    lines: Sequence[Line]


def write(explanation: Explanation, path: Path) -> None:
    """Write the page of an explanation, whole or not at all."""
    cards = [
        Card(
            str(example.id),
            example.kind,
            "" if example.gold is None else _listed(example.gold),
            [
                _line(name, says(said[at].answer, each), each, explanation.rule.tolerance)
                for name, said in explanation.models.items()
                for each in said[at].explained
            ],
        )
        for at, example in enumerate(explanation.examples)
    ]
    baselines = sorted(set(explanation.baseline.values()))
    save(
        path,
        "explanation.html",
        title=explanation.source,
        task=explanation.task,
        cards=cards,
        completeness=completeness(explanation),
        baseline=" or ".join(baselines),
    )


def save(path: Path, template: str, **shown: Any) -> None:  # noqa: ANN401
    """Write a page of one of this room's templates, whole or not at all."""
    environment = templates.environment("explanation")
    environment.filters["tie"] = tie
    text = environment.get_template(template).render(shown)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as hidden:
        hidden.write_text(text, encoding="utf-8")


def _listed(gold: object) -> str:
    return (
        ", ".join(map(str, gold)) if isinstance(gold, list) else f"{gold:g}" if isinstance(gold, float) else str(gold)
    )


def _line(who: str, said: str, each: Explained, tolerance: float) -> Line:
    found, reading = each.attribution, each.reading
    sums = reading.by_word(found.values)
    largest = _largest(sums)
    names = list(dict.fromkeys(word.input for word in reading.words))
    shades = [_shade(word.input, word.text, value, largest) for word, value in zip(reading.words, sums, strict=True)]
    return Line(
        who,
        said,
        towards(each).removeprefix(", "),
        signed(found.difference),
        exactness(each),
        found.relative > tolerance,
        [(name if len(names) > 1 else "", [each for each in shades if each.input == name]) for name in names],
        [(token, signed(value)) for token, value in zip(reading.tokens, found.values.tolist(), strict=True)],
    )


def _largest(sums: Sequence[float | None]) -> float:
    """Return the sum that has the full shade: the largest of a text, unless all are as good as nothing.

    >>> _largest([2.0, None, -3.0]), _largest([0.001, -0.004])
    (3.0, 0.05)
    """
    return max(_LEAST, max((abs(value) for value in sums if value is not None), default=0.0))


def _shade(name: str, text: str, value: float | None, largest: float) -> Shade:
    if value is None:
        return Shade(name, text, "unread", 0.0, "", "cut off: the model did not read it")
    strength = abs(value) / largest
    sign = "plus" if value > 0 else "minus" if value < 0 else ""
    return Shade(name, text, sign, round(strength, 2), signed(value) if strength >= _FAINT else "", signed(value))
