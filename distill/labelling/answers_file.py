"""The file of answers: a line of JSON for each row that has been answered, in the order of the rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distill.base.disk import replacing
from distill.base.terminal_text import shown
from distill.errors import DataError
from distill.labelling.budget import Budget
from distill.labelling.cache import Cache
from distill.labelling.questions import Reply, Row
from distill.labelling.reading import joined

Answer = dict[str, Any]
_ERROR = "error"
"""Stands for any row without an answer, which may be asked again."""


@dataclass(frozen=True)
class Count:
    """What a file of answers holds.

    Attributes:
        rows: that are in it.
        abstained: rows about which the labeller could not tell.
        unreadable: rows of which no answer can be read in what was said.
        failed: rows about which nothing was said.
        first: the first error, with the row it is of.
    """

    rows: int = 0
    abstained: int = 0
    unreadable: int = 0
    failed: int = 0
    first: str = ""


def answers(
    rows: Sequence[Row], votes: int, cache: Cache, budget: Budget | None, *, failed: bool = True
) -> list[Answer]:
    """Return the answer to each row of which every asking has a reply, in the order of the rows.

    Args:
        rows: to be labelled.
        votes: how often each is asked.
        cache: the replies.
        budget: says what tokens cost; none leaves the cost out.
        failed: whether rows about which nothing was said have a line, too.
    """
    lines = []
    for row in rows:
        replies = [cache.get(row.key, asking) for asking in range(votes)]
        said = [reply for reply in replies if reply is not None]
        if len(said) == votes and (failed or all(reply.lasting for reply in said)):
            name = {} if row.id is None else {"id": row.id}
            lines.append({**name, **row.inputs, **_answer(said, budget)})
    return lines


def count(lines: Sequence[Answer]) -> Count:
    """Return what the answers are."""
    bad = [line for line in lines if "error" in line]
    unreadable = sum("raw" in line for line in bad)
    abstained = sum(_abstains(line["answer"]) for line in lines) - len(bad)
    first = "" if not bad else f"{bad[0]['error']}{': ' + shown(bad[0]['raw']) if 'raw' in bad[0] else ''}"
    return Count(len(lines), abstained, unreadable, len(bad) - unreadable, first)


def write(file: Path, lines: Sequence[Answer]) -> None:
    """Write answers as JSON lines; the file appears whole, or stays as it was.

    Raises:
        DataError: it cannot be written.
    """
    try:
        with replacing(file) as hidden, hidden.open("w", encoding="utf-8", newline="\n") as out:
            out.writelines(f"{json.dumps(line, ensure_ascii=False, allow_nan=False)}\n" for line in lines)
    except OSError as error:
        raise DataError(f"{file} cannot be written: {error.strerror or error}") from error


def refuse_foreign(file: Path, known: Sequence[Answer]) -> None:
    """Refuse to write over a file that holds anything but answers that are kept elsewhere, too.

    Args:
        file: that is to be written.
        known: the answers that this labeller has given, which are written again.

    Raises:
        DataError: the file is not this labeller's.
    """
    if not file.exists():
        return
    kept = {_ERROR, *(_line_key(line) for line in known)}
    try:
        with file.open(encoding="utf-8") as lines:
            foreign = next((number for number, line in enumerate(lines, start=1) if _key_of(line) not in kept), None)
    except (OSError, UnicodeDecodeError):
        foreign = 1
    if foreign is not None:
        raise DataError(
            f"output={file}: line {foreign} is no answer that this labeller gave to these rows; give another output, "
            "or overwrite=true"
        )


def _answer(replies: Sequence[Reply], budget: Budget | None) -> Answer:
    """Return the fields of an answer: of several askings those that could be read, if any could."""
    good = [reply.answer for reply in replies if reply.error is None]
    cost = {} if budget is None else {"cost": sum(budget.cost(reply.tokens) for reply in replies)}
    if good:
        return {"answer": joined(good), **cost}
    bad = next((reply for reply in replies if reply.raw is not None), replies[0])
    raw = {} if bad.raw is None else {"raw": bad.raw}
    return {"answer": None, "error": bad.error, **raw, **cost}


def _abstains(answer: object) -> bool:
    return answer is None or (isinstance(answer, list) and bool(answer) and all(vote is None for vote in answer))


def _line_key(line: Mapping[str, object]) -> str:
    """Return what two lines of the same answer have in common: all but its cost, as the prices may be others now."""
    same = {name: value for name, value in line.items() if name != "cost"}
    return json.dumps(same, sort_keys=True)


def _key_of(line: str) -> str:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(read, dict):
        return ""
    return _ERROR if read.get("error") is not None else _line_key(read)
