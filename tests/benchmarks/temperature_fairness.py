"""How unevenly a student serves groups at several temperatures, beside its teacher: labels, or the parts of a slice.

    python tests/benchmarks/temperature_fairness.py EXPERIMENT [by=label|SLICE] [seeds=1,2,3] [temperatures=1,2,4] ...

EXPERIMENT is a card; what follows goes to every run, such as ``teacher.model=FOLDER data.path=../shared/data/trec``.
All runs are made in this process and in one store: a teacher, its outputs and a control (the same student without a
teacher) for each seed, a student for each seed and temperature. ``by=length``, ``by=contains:not`` or a
column compares the parts of test that ``evaluate.slices`` makes, by the metric that leads; ``by=label`` the recall of
each label. The question is that of arXiv 2410.08407: which groups move while the mean stands, and does that depend on
the temperature.

Of each temperature the table says the mean over the seeds; the *spread*, the standard deviation between groups, with
the interval of the student's minus the teacher's (Student's t over the seeds); the group in which the student is
furthest behind the teacher; and how many groups *moved*: their score differs from the control's by Welch's t-test over
the seeds, p < 0.05 without a correction, as there.
"""

import json
import statistics
import sys
from pathlib import Path

import numpy as np
from scipy import stats

import distill

OUT = Path("outputs") / "temperature_fairness"


def main(experiment: str, *given: str) -> None:
    """Run what is missing and print a line for each temperature."""
    own = dict(word.split("=", 1) for word in given if word.split("=")[0] in ("by", "seeds", "temperatures"))
    settings = [word for word in given if word.split("=")[0] not in own]
    by, seeds = own.get("by", "label"), own.get("seeds", "1,2,3").split(",")
    temperatures = own.get("temperatures", "1,2,4").split(",")
    if by != "label":
        settings.append(f"evaluate.slices=['{by}']")
    print("| T | student | spread of the student | of the teacher | difference, interval | furthest behind | moved |")
    print("| ---: | ---: | ---: | ---: | --- | --- | ---: |")
    found = {}
    for temperature in temperatures:
        reports = [run(experiment, temperature, seed, settings) for seed in seeds]
        found[temperature] = {name: [scores(report, name, by) for report in reports] for name in models(reports[0])}
        print(line(temperature, found[temperature]), flush=True)
    Path(OUT / "scores.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def run(experiment: str, temperature: str, seed: str, settings: list[str]) -> dict:
    """Run one seed at one temperature, or take up what an earlier try has left."""
    folder = OUT / experiment / f"T{temperature}" / seed
    words = [
        "stages=[pretrain,finetune,teach,distill,control,evaluate]", "evaluate.latency_samples=0",
        "evaluate.baselines=[]", "tracking.wandb=disabled", *settings, f"distill.temperature={temperature}",
    ]  # fmt: skip
    return distill.run_experiment(experiment, *words, f"seed={seed}", folder=folder).report


def models(report: dict) -> list[str]:
    """Return the models that are compared."""
    return [name for name in ("teacher", "student", "control") if name in report["models"]]


def scores(report: dict, model: str, by: str) -> dict[str, float]:
    """Return the score of each group on test: a label's recall, or the headline on a part."""
    if by == "label":
        split = "test" if "test" in report["models"][model]["per_label"] else "validation"
        labels = report["models"][model]["per_label"][split]
        averages = ("micro", "macro", "weighted", "macro of supported")
        return {label: each["recall"] for label, each in labels.items() if label not in averages and each["support"]}
    return {part["title"]: part["models"][model]["value"] for part in report["slices"]["slices"]}


def table(of_seeds: list[dict[str, float]]) -> np.ndarray:
    """Return scores as ``[seeds, groups]``."""
    return np.array([[each[group] for group in of_seeds[0]] for each in of_seeds])


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of a mean over seeds by Student's t; nan of a single one."""
    if len(values) < 2:
        return float("nan"), float("nan")
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def line(temperature: str, found: dict[str, list[dict[str, float]]]) -> str:
    """Return a temperature's line of the table, in points."""
    teacher, student, control = (100 * table(found[name]) for name in ("teacher", "student", "control"))
    spreads = student.std(axis=1) - teacher.std(axis=1)
    low, high = interval(spreads)
    behind = (student - teacher).mean(axis=0)
    worst = int(behind.argmin())
    name = list(found["student"][0])[worst]
    moved = [each < 0.05 for each in welch(student, control)]
    return (
        f"| {temperature} | {statistics.fmean(student.mean(axis=1)):.1f} | {student.std(axis=1).mean():.1f} "
        f"| {teacher.std(axis=1).mean():.1f} | {spreads.mean():+.1f}, {low:+.1f} to {high:+.1f} "
        f"| {name} {behind[worst]:+.1f} | {sum(moved)} of {len(moved)} |"
    )


def welch(one: np.ndarray, other: np.ndarray) -> list[float]:
    """Return p of Welch's t-test for each group; 1 where neither varies and they are alike, else 0."""
    found = []
    for first, second in zip(one.T, other.T, strict=True):
        if first.std() == second.std() == 0:
            found.append(float(first[0] == second[0]))
        else:
            found.append(float(stats.ttest_ind(first, second, equal_var=False).pvalue))
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
