"""State in sentences how a run was made: its data, its objective, and how latencies were measured."""

from distill.report import JsonObject, Report, listed, number, percent

_BUSY = 0.8
"""The fraction of the measured time that the models had the processor, below which other work is reported."""


def title(report: Report) -> str:
    """Return the name of a run, with its values of what a sweep swept over."""
    swept = ", ".join(f"{key}={value}" for key, value in (report.get("swept") or {}).items())
    return f"{report['name']} ({swept})" if swept else str(report["name"])


def timed(report: Report) -> str | None:
    """Return under which conditions latencies were measured, or none where they were not."""
    if not (latency := report.get("latency")):
        return None
    threads = f"{latency['threads']} thread{'s' * (latency['threads'] != 1)}"
    sentence = (
        f"Latency: one text at a time, a median of {latency['tokens']:g} tokens, {threads} of {latency['processor']}."
    )
    if busy(latency):
        sentence += (
            f" Other work kept this machine busy: the models had {percent(latency['cpu_share'], 0)} of the time that"
            " was measured, so these latencies, and how many times as fast the student is, are not to be relied on."
        )
    return sentence


def busy(latency: JsonObject | None) -> bool:
    """Return whether other work kept the machine busy while latencies were measured under these conditions."""
    return bool(latency and latency.get("threads") == 1 and latency.get("cpu_share", 1.0) < _BUSY)


def grid_timed(report: Report) -> str | None:
    """Return under which conditions batches of some sizes were timed, or none where they were not."""
    if not (latency := report.get("latency_grid")):
        return None
    flags = f" with {', '.join(latency['flags'])}" if latency.get("flags") else ""
    sentence = f"Latency of whole batches: all texts of one length, 1 thread of {latency['processor']}{flags}."
    if latency.get("cpu_share", 1.0) < _BUSY:
        sentence += f" The models had {percent(latency['cpu_share'], 0)} of the time that was measured."
    return sentence


def made_with(report: Report) -> str:
    """Return the versions that made a model, such as ``distill 0.1.0, torch 2.13.0``."""
    return ", ".join(f"{name} {version}" for name, version in report["environment"]["versions"].items())


def stand_in(report: Report) -> str | None:
    """Return the warning that stand-in data replaces the data set that the run is named after, or none."""
    data = report["data"]
    if not (name := data.get("stands_in_for")):
        return None
    return (
        f"This is not {name}: {data['source']} data stands in for it, so these numbers say nothing about {name}"
        " and must not be compared with published ones."
    )


def rows_and_labels(report: Report) -> str:
    """Return how many rows and labels the data has, such as ``600 train and 100 test rows; 2 labels``."""
    data = report["data"]
    parts = [f"{number(count, 0)} {split}" for split, count in data["rows"].items() if count]
    labels = f"; {len(data['labels'])} labels" if data.get("labels") else ""
    return f"{listed(parts or ['no'])} rows{labels}"


def objective(report: Report) -> str | None:
    """Return the weighted terms that the student was trained on, or none where the report has no objective."""
    if not (goal := report.get("objective")):
        return None
    shares, schedules = goal.get("shares") or {}, goal.get("schedules") or {}
    if shares:
        whole = sum(shares.values())
        terms = [f"{fraction / whole:.0%} {name}" for name, fraction in shares.items()]
    else:
        sign = "\N{MULTIPLICATION SIGN}"
        terms = [f"{_moving(weight, schedules.get(name))} {sign} {name}" for name, weight in goal["terms"].items()]
    sentence = " + ".join(terms) + (" of the gradient" if shares else "")
    if goal["temperature"] is not None:
        sentence += f", temperature {_moving(goal['temperature'], goal.get('temperature_schedule'))}"
    return f"{sentence}; {_teachers(goal['teachers'])}" if goal.get("teachers") else sentence


def _teachers(ensemble: JsonObject) -> str:
    """Return how several teachers were combined, such as ``67% first + 33% second of the probabilities``."""
    weighted = " + ".join(f"{weight:.0%} {name}" for name, weight in ensemble["weights"].items())
    if ensemble["combine"] == "confidence":
        return f"taught by the most confident of {weighted}"
    return f"taught by {weighted} of the {ensemble['combine']}"


def _moving(start: float, schedule: JsonObject | None) -> str:
    """Return a number and where its schedule takes it, such as ``4 to 1 (linear)``."""
    if schedule is None:
        return f"{start:g}"
    first, last = (0.0, start) if schedule["kind"] == "warmup" else (start, schedule["end"])
    return f"{first:g} to {last:g} ({schedule['kind']})"
