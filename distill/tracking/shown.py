"""Decide which names the dashboard of some runs shows, without any library."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distill.report import Report, first_of, headline, present
from distill.report.seeds import leading

_TABLES = ("models", "per_label", "disagreements", "stages")
_PICTURES = ("quality_against_latency", "quality_against_size")


@dataclass(frozen=True)
class Contents:
    """The names that panels show, as ``names.py`` has them.

    Attributes:
        losses: of the terms.
        shares: of the terms in the loss and in its gradient.
        rates: learning rates.
        validation: metrics after each epoch.
        seconds: of the stages.
        quality: the leading metric of each model.
        student: the leading metric of the student, or none.
        costs: of the student: a title and a name each.
        gain: of the student over the control, the mean over seeds where a run has several.
        swept: settings that a sweep sweeps over.
        tables: of the last job.
        pictures: of the last job.
        confusion: the matrices of the last job.
        sentence: what the report leads with, in words.
    """

    losses: Sequence[str]
    shares: Sequence[str]
    rates: Sequence[str]
    validation: Sequence[str]
    seconds: Sequence[str]
    quality: Sequence[str]
    student: str | None
    costs: Mapping[str, str]
    gain: Sequence[str]
    swept: Sequence[str]
    tables: Sequence[str]
    pictures: Sequence[str]
    confusion: Sequence[str]
    sentence: str


def shown(reports: Sequence[Report], curves: Sequence[Sequence[Mapping[str, Any]]]) -> Contents:
    """Return what the dashboard of some runs shows.

    Args:
        reports: content of the ``report.json`` of each.
        curves: rows of the ``metrics.csv`` of each.
    """
    logged = _once(row["name"] for rows in curves for row in rows)
    train = [name for name in logged if name.startswith("train/")]
    shares = [name for name in train if name.startswith(("train/share/", "train/loss_share/"))]
    rates = [name for name in train if name == "train/lr"]
    student = _once(
        _leading(report, name) for report in reports if (name := first_of(report, "student")) and headline(report)
    )
    return Contents(
        losses=[name for name in train if name not in {*shares, *rates}],
        shares=shares,
        rates=rates,
        validation=[name for name in logged if name.startswith("validation/")],
        seconds=_once(f"stages/{stage['name']}/seconds" for report in reports for stage in report["stages"]),
        quality=_once(_leading(report, name) for report in reports if headline(report) for name in present(report)),
        student=student[0] if student else None,
        costs={
            "milliseconds for one text": "models/student/latency_ms/p50",
            "bytes of weights": "models/student/bytes",
            "parameters": "models/student/parameters",
        },
        gain=_once(_gain(report) for report in reports if leading(report).get("gain")),
        swept=_once(key for report in reports for key in report.get("swept") or ()),
        tables=[f"tables/{name}" for name in _TABLES],
        pictures=[f"pictures/{name}" for name in _PICTURES],
        confusion=_once(
            f"confusion_matrix/{name}"
            for report in reports
            for name in (report.get("confusion") or {}).get("models") or ()
        ),
        sentence=_sentence(reports),
    )


def _leading(report: Report, model: str) -> str:
    metric, split = headline(report) or ("", "")
    return f"models/{model}/metrics/{split}/{metric}"


def _gain(report: Report) -> str:
    return "seeds/gain/difference" if report.get("seeds") else "gain/difference"


def _sentence(reports: Sequence[Report]) -> str:
    metrics = _once(f"{found[0]} on {found[1]}" for report in reports if (found := headline(report)))
    count = f"{len(reports)} runs" if len(reports) > 1 else "One run"
    return f"{count}; what leads: {', '.join(metrics) or 'nothing was evaluated'}."


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
