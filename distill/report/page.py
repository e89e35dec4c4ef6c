"""Write the report as one page that opens anywhere, and as the JSON it was made from."""

import json
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import jinja2

from distill import report as words
from distill.base.disk import replacing
from distill.base.terminal_text import names
from distill.report import (
    by_label,
    costs,
    curves,
    differences,
    examples,
    exports,
    facts,
    fronts,
    ledger,
    lineage,
    pretraining,
    refresh,
    reliability,
    seeds,
    sentences,
    slices,
    tables,
    targets,
    templates,
    trained,
)

_log = logging.getLogger(__name__)
_Item = TypeVar("_Item")


def write(
    report: words.Report, rows: words.Curves, folder: Path | str, parted: Sequence[words.JsonObject] = ()
) -> None:
    """Write report.json and report.html into ``folder``, each whole or not at all.

    Numbers that are not finite become null, since JSON has no word for them.

    Args:
        report: content of report.json.
        rows: the curves of each stage.
        folder: takes both.
        parted: examples on which teacher and student part, which stand on the page alone.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "report.json": json.dumps(finite(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        "report.html": render(report, rows, parted),
    }
    for name, text in files.items():
        with replacing(folder / name) as hidden:
            hidden.write_text(text, encoding="utf-8")


def render(report: words.Report, rows: words.Curves, parted: Sequence[words.JsonObject] = ()) -> str:
    """Return the report as an HTML page without script, font or picture from elsewhere.

    The only script filters the examples that are ``parted``; without it they are all in sight.
    """
    report = seeds.leading(finite(report))
    template = _environment().get_template("report.html")
    return template.render(
        report=report,
        title=facts.title(report),
        models=words.present(report),
        tones={name: words.role(report, name) for name in words.present(report)},
        headline=words.headline(report),
        verdict=sentences.verdict(report),
        seeds=seeds.sentence(report),
        by_seed=seeds.table(report),
        interval=_picture(report.get("gain")),
        beside_teacher=_picture(sentences.against_teacher(report, "student")),
        aim=targets.sentence(report),
        targets=targets.table(report),
        parted_summary=examples.summary(report),
        gallery=examples.gallery(report, parted),
        timed=[words for words in (facts.timed(report), facts.grid_timed(report)) if words],
        export_details=[exports.details(report, export) for export in report.get("exports") or ()],
        stand_in=facts.stand_in(report),
        amounts=facts.rows_and_labels(report),
        labels=names(report["data"].get("labels") or ()),
        objective=facts.objective(report),
        trained=trained.sentence(report),
        comparison=_grouped(words.comparison(report), "group"),
        label_gains=by_label.gains(report),
        sliced=slices.table(report),
        refreshed=refresh.page(report),
        confusion=by_label.confusion(report),
        label_tables=[table for split in words.splits(report) if (table := tables.by_label(report, split))],
        fronts=fronts.fronts(report),
        front_note=fronts.chance(report),
        reliable=reliability.reliabilities(report),
        pictures=_grouped(curves.draw(rows), "stage"),
        ledgers=ledger.pages(report),
        pretrained=pretraining.lines(report),
        costs=costs.costs(report),
        lineage=lineage.steps(report),
        metric=words.metric,
        difference=words.difference,
        improvement=differences.improvement,
        lower_is_better=words.LOWER_IS_BETTER,
    )


def _environment() -> jinja2.Environment:
    """Return what fills in the page: with the filters that write numbers, and everything escaped."""
    filled = templates.environment("report")
    filters = (
        tables.averaged,
        words.duration,
        words.milliseconds,
        words.number,
        words.percent,
        words.size,
        words.tie,
        words.tiny,
    )
    filled.filters |= {filter.__name__: filter for filter in filters}
    return filled


def finite(report: words.Report) -> words.JsonObject:
    """Return a copy of ``report`` with null for every number that is not finite; the log names each."""
    return {key: _finite(value, key) for key, value in report.items()}


def _finite(value: object, path: str) -> object:
    if isinstance(value, Mapping):
        return {key: _finite(part, f"{path}.{key}") for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part, f"{path}[{n}]") for n, part in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        _log.warning("%s has no finite value (%s): null is written", path, value)
        return None
    return value


def _grouped(items: Iterable[_Item], field: str) -> list[tuple[str, list[_Item]]]:
    return [(key, list(group)) for key, group in groupby(items, attrgetter(field))]


def _picture(gain: words.JsonObject | None) -> dict[str, dict[str, float | str]] | None:
    """Return zero, a difference and the ends of its interval: their ``place`` on a line, in percent, and their text."""
    better = differences.improvement(gain) if gain else {}
    if gain is None or len(better) < 3:
        return None
    low, high = min(0.0, *better.values()), max(0.0, *better.values())
    margin = 0.24 * (high - low) or 1.0  # room for the numbers at the ends
    length = high - low + 2 * margin
    texts = {key: words.difference(gain["metric"], value).removesuffix(" points") for key, value in better.items()}
    return {
        key: {"place": round(100 * (value - low + margin) / length, 2), "text": texts.get(key, "")}
        for key, value in {**better, "zero": 0.0}.items()
    }
