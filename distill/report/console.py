"""Show a report as plain text, the table at the end of a run."""

import textwrap
import unicodedata
from collections.abc import Mapping, Sequence

from distill.base.terminal_text import plain
from distill.report import (
    ABSENT,
    JsonObject,
    Report,
    comparison,
    duration,
    examples,
    exports,
    ledger,
    present,
    pretraining,
    refresh,
    reliability,
    seeds,
    slices,
    tables,
    targets,
    tie,
    trained,
)
from distill.report.facts import grid_timed, rows_and_labels, stand_in, timed, title
from distill.report.sentences import verdict

WIDTH = 100
_LABEL = 28
"""Columns that a label has, so that its scores find room beside it."""


def table(report: Report, paths: Mapping[str, str] | None = None) -> str:
    """Return the report as ASCII text of at most 100 columns.

    Args:
        report: content of report.json.
        paths: what to name at the end, such as ``{"report": "outputs/…/report.html"}``.
    """
    data = report["data"]
    blocks = [f"{title(report)}: {data['name']} ({data['source']}), {rows_and_labels(report)}"]
    if warning := stand_in(report):
        blocks.append(f"NOTE: {warning}")
    by_label = [(_cut(label), *cells) for label, *cells in tables.in_text(report)]
    blocks += [_columns(report), aligned(seeds.table(report)), aligned(by_label), tables.note_in_text(report)]
    if how := report.get("scored_by"):
        blocks.append(f"Scored by {how}")
    blocks += [conditions for conditions in (timed(report), grid_timed(report)) if conditions]
    blocks += ledger.lines(report)
    blocks += pretraining.lines(report)
    if learnt := trained.sentence(report):
        blocks.append(f"Trained: {learnt}")
    blocks += [f"Export: {sentence}" for sentence in exports.summaries(report)]
    blocks.append(reliability.sentence(report))
    blocks += [f"NOTE: {warning}" for warning in report.get("warnings") or ()]
    blocks += [
        seeds.sentence(report),
        verdict(report),
        targets.sentence(report),
        examples.summary(report),
        *slices.far_off(report),
        *refresh.lines(report),
        _seconds(report["stages"]),
    ]
    lines = [line for block in blocks if block for line in _wrapped(block)]
    lines += [f"{name}: {path}" for name, path in (paths or {}).items()]
    text = "\n".join(line.rstrip() for line in lines)
    return plain(text).replace("\N{MINUS SIGN}", "-").replace(ABSENT, "-")


def _wrapped(text: str) -> list[str]:
    if "\n" in text:
        return text.split("\n")
    lines = textwrap.wrap(tie(text), WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def _columns(report: Report) -> str:
    lines = [("", *present(report))]
    lines += [(f"{row.group} {row.label}".strip(), *row.cells) for row in comparison(report)]
    return aligned(lines) if len(lines[0]) > 1 else ""


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells in columns, the first column to the left; nothing for no lines.

    Columns that find no room beside the others follow below them.
    """
    if not lines:
        return ""
    first, *others = (max(map(_width, column)) for column in zip(*lines, strict=True))
    half = len(others) // 2
    if half and 2 + first + sum(width + 3 for width in others) > WIDTH:
        parts = slice(1, 1 + half), slice(1 + half, None)
        left, right = ([(line[0], *line[part]) for line in lines] for part in parts)
        return aligned(left) + aligned(right)
    placed = (
        "  "
        + line[0]
        + " " * (first - _width(line[0]))
        + "".join(" " * (width + 3 - _width(cell)) + cell for cell, width in zip(line[1:], others, strict=True))
        for line in lines
    )
    return "\n".join(("", *placed, ""))


def _cut(label: str) -> str:
    """Return a label cut to its beginning where it does not fit; the page shows it whole."""
    if _width(label) <= _LABEL:
        return label
    while _width(label) > _LABEL - 1:
        label = label[:-1]
    return f"{label}\N{HORIZONTAL ELLIPSIS}"


def _width(text: str) -> int:
    """Return the columns of a text in a terminal: Chinese characters and their like take two, marks on others none."""
    drawn = (character for character in text if unicodedata.category(character) not in ("Mn", "Me", "Cf"))
    return sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in drawn)


def _seconds(stages: Sequence[JsonObject]) -> str:
    parts = [
        f"{stage['name']} {'reused' if stage['status'] == 'reused' else duration(stage['seconds'])}" for stage in stages
    ]
    return f"Stages: {', '.join(parts)}" if parts else ""
