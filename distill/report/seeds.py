"""Say what came of several seeds: a report leads with the gain and the distances of all of them, not of one."""

from collections.abc import Callable, Sequence

from distill.report import JsonObject, Report, difference, first_of, known, listed, metric, of_role, percent
from distill.report.differences import improvement

_BEST = "best on validation"


def leading(report: Report) -> Report:
    """Return a report of several seeds with the gain and the distances from the teacher of all of them.

    An exported form is one of the best seed: it is as far from the mean student as from that one. Any other report is
    returned as it is.
    """
    seeds = report.get("seeds")
    if not seeds:
        return report
    over_seeds, of_best = seeds["against_teacher"], report.get("against_teacher") or {}
    (student, *_) = [*of_role(report, "student"), ""]
    if student in over_seeds and student in of_best:
        exports = [name for name in of_role(report, "export") if name in of_best]
        moved = {name: _moved(over_seeds[student], of_best[name], of_best[student]) for name in exports}
    else:
        moved = {}
    return {**report, "gain": seeds["gain"], "against_teacher": {**of_best, **over_seeds, **moved}}


def _moved(over_seeds: JsonObject, form: JsonObject, student: JsonObject) -> JsonObject:
    """Return the distance of all seeds' students from the teacher, moved by what a form differs from the best one."""
    if not (known(form.get("difference")) and known(student.get("difference"))):
        return {**over_seeds, "difference": None, "interval": None}
    step = form["difference"] - student["difference"]
    ends = [end + step if known(end) else None for end in over_seeds["interval"]]
    mean = over_seeds["difference"]
    return {**over_seeds, "difference": mean + step if known(mean) else None, "interval": ends}


def sentence(report: Report) -> str:
    """Return the means over seeds with their intervals, and which student is the one of the report."""
    seeds = report.get("seeds")
    if not seeds:
        return ""
    name, split = seeds["metric"], seeds["split"]
    means = [f"{model} {_mean(name, found, seeds['confidence'])}" for model, found in seeds["models"].items()]
    exported = ", and it is exported" if report.get("exports") else ""
    return (
        f"Trained with {len(seeds['seeds'])} seeds ({listed([str(seed) for seed in seeds['seeds']])}); mean {name} on "
        f"{split}: {', '.join(means)}. An interval over seeds covers other examples and other seeds. The student of "
        f"seed {seeds['best']} is the {_BEST}: it stands for the others in all that is said of one student{exported}."
    )


def _mean(name: str, found: JsonObject, confidence: float) -> str:
    return f"{metric(name, found['mean'])} ({percent(confidence, 0)} interval {_ends(name, found['interval'])})"


def _ends(name: str, interval: Sequence[float | None]) -> str:
    return " to ".join(metric(name, end).removesuffix(" %") for end in interval)


def table(report: Report) -> list[tuple[str, ...]]:
    """Return what each seed scored in the metric that leads, then mean, interval and standard deviation; a head first.

    Nothing for a report of one seed.
    """
    seeds = report.get("seeds")
    if not seeds:
        return []
    columns = [_seeds(seeds), *_validation(report, seeds), *_scores(seeds), *_differences(report, seeds)]
    return list(zip(*columns, strict=True))


def _seeds(seeds: JsonObject) -> list[str]:
    names = [f"{seed}, {_BEST}" if seed == seeds["best"] else str(seed) for seed in seeds["seeds"]]
    return ["seed", *names, "mean", f"{percent(seeds['confidence'], 0)} interval", "standard deviation"]


def _validation(report: Report, seeds: JsonObject) -> list[list[str]]:
    """Return the column by which the best seed was chosen, where another split leads."""
    student, name = first_of(report, "student"), seeds["metric"]
    if student is None or seeds["split"] == "validation":
        return []
    values = _by_seed(seeds, student, "validation")
    return [[f"{student} validation", *(metric(name, value) for value in values), "", "", ""]]


def _scores(seeds: JsonObject) -> list[list[str]]:
    name, split = seeds["metric"], seeds["split"]
    return [
        [
            f"{model} {split}",
            *(metric(name, value) for value in _by_seed(seeds, model, split)),
            metric(name, found["mean"]),
            _ends(name, found["interval"]),
            metric(name, found["spread"]),
        ]
        for model, found in seeds["models"].items()
    ]


def _differences(report: Report, seeds: JsonObject) -> list[list[str]]:
    """Return the columns of the student's gain and of its distance from the teacher, turned so that more is better."""
    student, control, teacher = (first_of(report, role) for role in ("student", "control", "teacher"))
    split, name, columns = seeds["split"], seeds["metric"], []
    if student is None:
        return []
    own = _by_seed(seeds, student, split)
    if seeds["gain"] and control is not None:
        columns.append(_difference_column("gain", seeds["gain"], own, _by_seed(seeds, control, split)))
    if student in seeds["against_teacher"] and teacher is not None:
        score = report["models"][teacher]["metrics"][split][name]
        columns.append(
            _difference_column("against teacher", seeds["against_teacher"][student], own, [score] * len(own))
        )
    return columns


def _difference_column(title: str, result: JsonObject, values: Sequence[object], others: Sequence[object]) -> list[str]:
    show = _turned(result)
    pairs = [one - other if known(one) and known(other) else None for one, other in zip(values, others, strict=True)]
    better = improvement(result)
    ends = [difference(result["metric"], better.get(end), sign="-").removesuffix(" points") for end in ("low", "high")]
    spread = difference(result["metric"], result["spread"], sign="-").removesuffix(" points")
    return [title, *map(show, pairs), show(result["difference"]), " to ".join(ends), spread]


def _turned(result: JsonObject) -> Callable[[object], str]:
    """Return how a difference is written, turned so that more is better."""
    sign = -1 if result["mode"] == "min" else 1

    def show(value: object) -> str:
        return difference(result["metric"], sign * value if known(value) else value).removesuffix(" points")

    return show


def _by_seed(seeds: JsonObject, model: str, split: str) -> list[object]:
    by_seed = seeds["models"][model]["by_seed"]
    return [(by_seed[str(seed)].get(split) or {}).get(seeds["metric"]) for seed in seeds["seeds"]]
