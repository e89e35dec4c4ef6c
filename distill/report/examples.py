"""Show the examples on which teacher and student part, and write them beside the report for other tools."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from distill.base.disk import replacing
from distill.report import JsonObject, Report, listed, number, of_role, percent

FILE = "disagreements.jsonl"
_NOT_MODELS = ("id", "kind", "inputs", "gold")
_MEASURES = ("probability", "nll", "tokens")
"""Fields of an answer that say how sure it is."""
_LONGEST = 2000
"""Characters of an input that the page shows; the file has all."""
_AROUND = 60
"""Characters that the page shows on both sides of an answer in its context."""
_OUTSIDE = "O"


class Piece(NamedTuple):
    """A part of a text; one with a ``label``, or that is ``marked``, stands out, and more so where it is ``wrong``."""

    text: str
    label: str = ""
    marked: bool = False
    wrong: bool = False


class Line(NamedTuple):
    """What one model, or the data, says of an example; ``note`` is how sure it is."""

    who: str
    pieces: Sequence[Piece]
    note: str = ""


class Shown(NamedTuple):
    """An example as the page shows it; ``labels`` are the numbers of those that it is found under."""

    id: str
    kind: str
    labels: Sequence[int]
    inputs: Sequence[tuple[str, Sequence[Piece]]]
    lines: Sequence[Line]


class Gallery(NamedTuple):
    """All examples that the page shows, and by what they can be filtered."""

    sentence: str
    kinds: Sequence[str]
    labels: Sequence[str]
    examples: Sequence[Shown]


def write(rows: Sequence[JsonObject], folder: Path) -> None:
    """Write an example a line, whole or not at all; without examples no file is left from an earlier run either."""
    if not rows:
        (folder / FILE).unlink(missing_ok=True)
        return
    with replacing(folder / FILE) as hidden:
        hidden.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def summary(report: Report) -> str:
    """Return how often teacher and student part, and in which ways; nothing where that is not known."""
    found = report.get("disagreements")
    if not found:
        return ""
    count, whole, split = number(found["part"], 0), number(found["examples"], 0), found["split"]
    if not found["part"]:
        return f"Teacher and student part on none of {whole} examples of {split}."
    kinds = "; ".join(f"{number(times, 0)} {kind}" for kind, times in found["kinds"].items())
    return f"Teacher and student part on {count} of {whole} examples of {split}: {kinds}."


def gallery(report: Report, rows: Sequence[JsonObject]) -> Gallery | None:
    """Return what the page shows of the examples; none where there are none."""
    if not rows:
        return None
    labels = sorted({label for row in rows for label in _labels(row["gold"], row)})
    places = {label: place for place, label in enumerate(labels)}
    found = report.get("disagreements") or {}
    shown = found.get("shown", len(rows))
    more = f" The {number(shown, 0)} where they part most stand here." if shown < found.get("part", shown) else ""
    teachers = of_role(report, "teacher")[:1]
    order = [*teachers, *of_role(report, "student"), *of_role(report, "control")]
    examples = [
        Shown(
            str(row["id"]),
            row["kind"],
            sorted({places[label] for label in _labels(row["gold"], row)}),
            [(role, _input(value, row["gold"])) for role, value in row["inputs"].items()],
            list(_lines(row, [name for name in order if name in row])),
        )
        for row in rows
    ]
    return Gallery(summary(report) + more, list(dict.fromkeys(row["kind"] for row in rows)), labels, examples)


def _labels(gold: object, row: JsonObject) -> set[str]:
    """Return the labels that an example is found under: its own, or the types of its entities."""
    if _tags(row) is not None and isinstance(gold, list):
        return {_type(tag) for tag in gold if tag != _OUTSIDE}
    if isinstance(gold, str) and any("label" in model for model in _models(row)):
        return {gold}
    if isinstance(gold, list) and any("labels" in model for model in _models(row)):
        return set(gold)
    return set()


def _models(row: JsonObject) -> list[Mapping[str, Any]]:
    return [value for name, value in row.items() if name not in _NOT_MODELS and isinstance(value, Mapping)]


def _tags(row: JsonObject) -> Sequence[str] | None:
    return next((model["tags"] for model in _models(row) if "tags" in model), None)


def _input(value: object, gold: object) -> list[Piece]:
    """Return an input as text: words with spaces between them, turns one after the other."""
    text = "\n".join(map(str, value)) if isinstance(value, list) else str(value)
    return [Piece(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")]


def _lines(row: JsonObject, names: Sequence[str]) -> Iterator[Line]:
    gold, inputs = row["gold"], row["inputs"]
    tokens = next((value for value in inputs.values() if isinstance(value, list)), [])
    is_tagged = _tags(row) is not None
    yield Line("gold", _tagged(tokens, gold, gold) if is_tagged else [Piece(text) for text in _gold(gold)])
    for name in names:
        record = row[name]
        if is_tagged:
            yield Line(name, _tagged(tokens, record["tags"], gold))
        elif "answer" in record:
            right = record["answer"] in gold if gold else not record["answer"]
            pieces = _in_context(str(inputs.get("context", "")), record["answer"], wrong=not right)
            yield Line(name, pieces, percent(record.get("probability"), 1))
        else:
            yield Line(name, [Piece(_said(record))], _sure(record))


def _gold(gold: object) -> list[str]:
    if isinstance(gold, list):
        return [" / ".join(dict.fromkeys(map(str, gold))) or "none"]
    return [f"{gold:g}" if isinstance(gold, float) else str(gold)]


def _said(record: Mapping[str, Any]) -> str:
    """Return what a model says, in a few words or in all that it wrote."""
    if "labels" in record:
        return listed(record["labels"]) if record["labels"] else "none"
    if "score" in record:
        return number(record["score"], 2)
    return str(next((value for key, value in record.items() if key not in _MEASURES), ""))


def _sure(record: Mapping[str, Any]) -> str:
    if "probability" in record:
        return percent(record["probability"], 1)
    if "labels" in record:
        return ", ".join(percent(record["probabilities"][label], 1) for label in record["labels"])
    if record.get("tokens"):
        return f"perplexity of the right text {number(math.exp(min(700.0, record['nll'] / record['tokens'])), 1)}"
    return ""


def _type(tag: str) -> str:
    prefix, dash, kind = tag.partition("-")
    return kind if dash and prefix in ("B", "I") else tag


def _tagged(tokens: Sequence[str], tags: Sequence[str], gold: Sequence[str]) -> list[Piece]:
    """Return the words with what is tagged marked; a span that the data does not have in the same place is wrong."""
    right = set(_spans(gold))
    pieces, after = [], 0
    for start, stop, kind in _spans(tags):
        pieces.append(Piece(" ".join(["", *tokens[after:start], ""] if start else [])))
        pieces.append(Piece(" ".join(tokens[start:stop]), kind, True, (start, stop, kind) not in right))
        after = stop
    return [*pieces, Piece(" ".join(["", *tokens[after:]]))]


def _spans(tags: Iterable[str]) -> list[tuple[int, int, str]]:
    """Return the spans that tags mark: first word, word after the last, and type.

    >>> _spans(["B-PER", "I-PER", "O", "B-LOC", "B-LOC"])
    [(0, 2, 'PER'), (3, 4, 'LOC'), (4, 5, 'LOC')]
    """
    spans: list[tuple[int, int, str]] = []
    for place, tag in enumerate(tags):
        goes_on = tag.startswith("I") and spans and spans[-1][1] == place and spans[-1][2] == _type(tag)
        if goes_on:
            spans[-1] = (spans[-1][0], place + 1, spans[-1][2])
        elif tag != _OUTSIDE:
            spans.append((place, place + 1, _type(tag)))
    return spans


def _in_context(context: str, answer: str, *, wrong: bool) -> list[Piece]:
    """Return an answer marked in what stands around it in the context."""
    if not answer:
        return [Piece("no answer", "", True, wrong)]
    start = context.find(answer)
    if start < 0:
        return [Piece(answer, "", True, wrong)]
    stop = start + len(answer)
    before, behind = context[max(0, start - _AROUND) : start], context[stop : stop + _AROUND]
    cut = "…" if start > _AROUND else "", "…" if stop + _AROUND < len(context) else ""
    return [Piece(cut[0] + before), Piece(answer, "", True, wrong), Piece(behind + cut[1])]
