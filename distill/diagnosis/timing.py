"""Whether every term counts, and how long the stages of a run take, by trying them on a few rows."""

from collections.abc import Iterator, Mapping

from distill.base.findings import OK, SKIPPED, WARN, Finding
from distill.base.per_object_cache import computed_once
from distill.diagnosis.case import Case
from distill.diagnosis.few_rows import Reduced
from distill.diagnosis.rehearsal import Rehearsal, Rehearsed, rehearse
from distill.objective.settings import active
from distill.pipeline.outlook import Outlook, trained_rows, validations
from distill.report import duration
from distill.stages.job import RunSpec

_LONG = 24 * 3600.0
"""Seconds of a run from which on a warning is due."""
_RESAMPLING_BEGUN = 300
"""Rows in whose time a resample of any size is begun and ended."""
_BASELINE_BEGUN = 100
"""Rows in whose time a baseline is begun and ended, whatever it learns from."""
_SHARES_OF = {
    "encoding": ("train", "validation", "test"),
    "scoring": ("validation", "test"),
    "writing": ("validation", "test"),
    "storing the teacher's outputs": ("train", "unlabelled"),
    "validating": ("validation",),
    "asking in other batches": ("validation",),
}
"""The splits whose rows decide how long each kind of work takes."""


def terms(case: Case) -> Iterator[Finding]:
    """Yield whether every term of the objective is more than 0 and moves the student."""
    if "distill" not in case.stages:
        yield Finding("terms", SKIPPED, "not checked: distill is none of the stages")
        return
    if case.finished("distill") is not None:
        yield Finding("terms", OK, "the student of these settings is finished in the store, so every term counted")
        return
    tried = _rehearsal(case)
    if tried.failed is not None:
        raise tried.failed[1]
    if "distill" in tried.left:
        yield Finding("terms", SKIPPED, "not checked: there was no time to try a step; the run does before it trains")
        return
    names = ", ".join(active(case.spec.config.distill))
    yield Finding("terms", OK, f"{names}: each is more than 0, and moves the student's weights")


def time_of_stages(case: Case) -> Iterator[Finding]:
    """Yield about how long each stage takes, and all of them."""
    tried = _rehearsal(case)
    if tried.failed is not None:
        title, error = tried.failed
        yield Finding("time", SKIPPED, f"not estimated: {title} fails on a few rows ({error})")
        return
    seconds = _seconds(case, tried)
    if tried.left and not tried.stages:
        yield Finding("time", SKIPPED, f"not estimated: there was no time to try {tried.left[0]} on a few rows")
        return
    if not seconds:
        yield Finding("time", OK, "all stages are in the store: only the report is written", facts={"seconds": 0.0})
        return
    parts = ", ".join(f"{title} {duration(each)}" for title, each in seconds.items())
    reused = f"; taken from the store: {', '.join(tried.finished)}" if tried.finished else ""
    guessed = f"; by the sizes of the models alone: {', '.join(tried.left)}" if tried.left else ""
    total = sum(seconds.values())
    said = f"about {duration(total)} here, as busy as the machine is now ({parts}{reused}{guessed})"
    fix = "lower data.limit.train or the epochs, take a smaller teacher, or a machine with a GPU"
    facts = {"seconds": round(total, 1), "stages": {title: round(each, 1) for title, each in seconds.items()}}
    yield Finding("time", WARN if total > _LONG else OK, said, fix if total > _LONG else "", facts)


def _calibrated(spec: RunSpec) -> int:
    """Return how many rows calibrate a model in 8 bits."""
    return min(spec.config.export.calibration_rows, len(spec.data.splits["train"]))


def _rehearsal(case: Case) -> Rehearsal:
    """Return the rehearsal of a run, made once."""
    return computed_once(case, "rehearsal", lambda: rehearse(case))


def _seconds(case: Case, tried: Rehearsal) -> dict[str, float]:
    """Return the estimated seconds of each stage that is to be made."""
    seconds = {title: _scaled(each, case.stages[title].stage) for title, each in tried.stages.items()}
    outlook = Outlook(case.stages, frozenset(tried.finished), dict(seconds))
    seconds |= {title: guess for title in tried.left if (guess := outlook.expected(title)) is not None}
    seconds |= _of_seeds(case, seconds)
    return {title: seconds[title] for title in [*case.stages, *case.of_seeds] if title in seconds}


def _of_seeds(case: Case, seconds: Mapping[str, float]) -> dict[str, float]:
    """Return the estimated seconds of the stages of further seeds: those of the run's own, of which one may be done."""
    found = {}
    for title in case.of_seeds:
        if case.finished(title) is not None:
            continue
        own = title.rpartition(":")[0]
        if own in seconds:
            found[title] = seconds[own]
        elif case.finished(own) is not None:
            found[title] = float(case.store.manifest(case.stages[own].name)["seconds"])
    return found


def _scaled(tried: Rehearsed, stage: str) -> float:
    """Return the seconds that a stage takes on all rows: what rose with the rows rises on, the rest stays."""
    fixed, rising = tried.seconds, 0.0
    for part in tried.parts:
        fixed -= part.rate * part.count
        rising += part.rate * part.count * _times(tried, part.what, stage)
    return max(0.0, fixed) + rising


def _times(tried: Rehearsed, what: str, stage: str) -> float:
    """Return how many times as much of some work the whole run has."""
    runs, whole = tried.runs, tried.runs.whole.config
    if what == "training":
        return trained_rows(runs.whole, stage) / max(1, trained_rows(runs.spec, stage)) / runs.whole.world
    if what == "timing":
        return whole.evaluate.latency_samples / max(1, runs.spec.config.evaluate.latency_samples)
    if what == "resampling":
        times = whole.evaluate.resamples / max(1, runs.spec.config.evaluate.resamples)
        return times * _beyond(runs, "test" if "test" in runs.whole.data.splits else "validation", _RESAMPLING_BEGUN)
    if what in ("measuring ranges", "calibrating"):
        return _calibrated(runs.whole) / max(1, _calibrated(runs.spec))
    if what.startswith("training "):  # a baseline
        return _beyond(runs, "train", _BASELINE_BEGUN)
    if what == "encoding" and stage in ("evaluate", "export"):
        return runs.rows_ratio("validation", "test") / runs.whole.world
    if what not in _SHARES_OF:
        return 1.0
    rows = runs.rows_ratio(*_SHARES_OF[what]) / runs.whole.world
    return rows * validations(runs.whole, stage) if what == "validating" else rows


def _beyond(runs: Reduced, split: str, begun: int) -> float:
    """Return how many times as long all rows of a split take where to begin takes as long as so many rows."""
    few, many = (len(spec.data.splits[split]) + begun for spec in (runs.spec, runs.whole))
    return many / few
