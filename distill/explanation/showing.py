"""Explanations as JSON and as lines of text."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from distill.explanation.explainer import Explained
from distill.explanation.side_by_side import Answered, Explanation
from distill.report import number, percent

SCHEMA = 1
_MOST_WORDS = 6
"""Words of an explanation that a line shows, those that weigh most."""
_MOST_CHARACTERS = 100
"""Characters of a text that a line shows."""


def as_json(explanation: Explanation) -> dict[str, Any]:
    """Return all that is known as JSON; see ``docs/explain.md``."""
    return {
        "schema": SCHEMA,
        "model": explanation.source,
        "task": explanation.task,
        "method": "integrated gradients",
        "baseline": dict(explanation.baseline),
        "completeness": {
            "tolerance": explanation.rule.tolerance,
            "most_steps": explanation.rule.most,
            "explained": len(explanation.every),
            "not_reached": explanation.inexact,
            "worst": _finite(explanation.worst),
        },
        "examples": [
            {
                "id": example.id,
                "kind": example.kind or None,
                "inputs": dict(example.row),
                "gold": example.gold,
                "models": {name: _answered(said[at]) for name, said in explanation.models.items()},
            }
            for at, example in enumerate(explanation.examples)
        ],
    }


def _answered(said: Answered) -> dict[str, Any]:
    return {"answer": said.answer, "targets": [_explained(each) for each in said.explained]}


def _explained(each: Explained) -> dict[str, Any]:
    found, reading = each.attribution, each.reading
    sums = reading.by_word(found.values)
    word = {"word": each.target.place} if "tokens" in {word.input for word in reading.words} else {}
    return {
        "label": each.target.label or None,
        **word,
        "value": found.value,
        "baseline_value": found.value - found.difference,
        "difference": found.difference,
        "sum": float(found.values.sum()),
        "error": found.error,
        "relative_error": _finite(found.relative),
        "steps": found.steps,
        "words": [
            {"input": word.input, "text": word.text, "value": value}
            for word, value in zip(reading.words, sums, strict=True)
        ],
        "tokens": [
            {"token": token, "value": value} for token, value in zip(reading.tokens, found.values.tolist(), strict=True)
        ],
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def as_text(explanation: Explanation) -> str:
    """Return an example after the other, with a line for each number that a model says of it."""
    lines: list[str] = []
    for at, example in enumerate(explanation.examples):
        known = [f"{example.id}:", example.kind, f"gold {_gold(example.gold)}" if example.gold is not None else ""]
        lines += ["", " ".join([known[0], "; ".join(filter(None, known[1:]))]).strip(), f"  {_short(example.row)}"]
        width = max(map(len, explanation.models))
        lines += [
            f"  {name:<{width}}  {line}" for name, said in explanation.models.items() for line in _lines(said[at])
        ]
    return "\n".join([*lines[1:], "", completeness(explanation)])


def _lines(said: Answered) -> Iterator[str]:
    for each in said.explained:
        found = each.attribution
        words = zip(each.reading.words, each.reading.by_word(found.values), strict=True)
        heavy = sorted(((word.text, value) for word, value in words if value), key=lambda pair: -abs(pair[1]))
        shown = ", ".join(f"{word} {signed(value)}" for word, value in heavy[:_MOST_WORDS])
        yield f"{says(said.answer, each)}{towards(each)} {signed(found.difference)} ({exactness(each)}): {shown}"


def says(answer: Mapping[str, Any], each: Explained) -> str:
    """Return what a model says, and how sure it is."""
    if "tags" in answer:
        return f"{each.reading.words[each.target.place].text}/{answer['tags'][each.target.place]}"
    if "labels" in answer:
        likely = answer["probabilities"]
        return ", ".join(f"{label} {percent(likely[label], 1)}" for label in answer["labels"]) or "none"
    if "label" in answer:
        return f"{answer['label']} {percent(answer['probability'], 1)}"
    return number(answer["score"], 3)


def towards(each: Explained) -> str:
    """Return the label that a number stands for."""
    return f", towards {each.target.label}" if each.target.label else ", score"


def exactness(each: Explained) -> str:
    """Return how far the sum over the tokens is from the difference, and after how many steps."""
    relative = each.attribution.relative
    error = percent(relative, 2) if math.isfinite(relative) else "no difference to compare with"
    return f"error {error}, {each.attribution.steps} steps"


def signed(value: float) -> str:
    """Return a number with its sign.

    >>> signed(0.5), signed(-1.25)
    ('+0.50', '\N{MINUS SIGN}1.25')
    """
    return number(value, 2, "+")


def completeness(explanation: Explanation) -> str:
    """Return how exactly the tokens add up to what is explained."""
    rule, count = explanation.rule, len(explanation.every)
    worst = percent(explanation.worst, 2) if math.isfinite(explanation.worst) else "beyond measure"
    sentence = f"Sums of tokens miss the differences by at most {worst} of them in {count} explanations"
    if not explanation.inexact:
        return f"{sentence}, which is within tolerance={rule.tolerance:g}."
    return (
        f"{sentence}; {explanation.inexact} of them miss by more than tolerance={rule.tolerance:g} after "
        f"{rule.most} steps, and are marked: raise most_steps."
    )


def _gold(gold: object) -> str:
    return " ".join(map(str, gold)) if isinstance(gold, list) else f"{gold:g}" if isinstance(gold, float) else str(gold)


def _short(row: Mapping[str, Any]) -> str:
    values = [
        " ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
        for value in row.values()
    ]
    text = " | ".join(" ".join(value.split()) for value in values)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"
