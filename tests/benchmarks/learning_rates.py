"""Which learning rate suits a student: rates, kinds of student, data sets and seeds, scored on validation.

    python tests/benchmarks/learning_rates.py ../shared/data FOLDER [narrow half_layers ...]

FOLDER holds MiniLM-L6. What is named after it are the kinds of student that are run; without a name all of them, hours.
Each kind is trained at every rate with the first seed, and at the two rates that are best over all data sets with the
other seeds, too. All is made by ``distill.run`` as anyone would make it, in one store: the teacher of a data set and a
seed is made once, and what was begun is gone on with. The table is Markdown; a cell is the mean over its seeds, whose
number follows in parentheses where it is not one. Scores are of the last epoch on validation, since a default is chosen
by them; CoNLL's is the macro F1 of the words' tags, which is what is watched while a model learns.
"""

import csv
import statistics
import subprocess
import sys
from pathlib import Path

Run = tuple[str, float, float]
"""A rate, and what teacher and student score with it."""

FIRST_SEED, OTHER_SEEDS = (1,), (2, 3)
OUT = Path("outputs") / "learning_rates"
COMMON = (
    "teacher=minilm", "finetune.max_epochs=3", "finetune.optimizer.lr=1e-4", "data.limit.train=1500",
    "data.limit.test=50", "stages=[finetune,teach,distill]", "tracking.wandb=disabled",
)  # fmt: skip
DATA = {
    "sst2": ("accuracy", "experiment=sst2_minilm"),
    "trec": ("accuracy", "experiment=trec_tiny"),
    "stsb": ("pearson", "experiment=stsb_tiny", "finetune.dropout=0.1", "data.limit.validation=500"),
    "conll2003": ("f1_macro", "experiment=conll2003_tiny", "finetune.optimizer.lr=2e-4", "data.limit.validation=500"),
}
"""The metric that is compared, and the settings."""
COPIED = ("0.0001", "0.0002", "0.0005", "0.001")
STUDENTS = {
    "narrow": (COPIED, "distill.max_epochs=5"),
    "half_layers": (COPIED, "distill.max_epochs=3"),
    "bilstm": ((*COPIED, "0.002"), "distill.max_epochs=5"),
    "scratch_tiny": ((*COPIED, "0.002"), "distill.max_epochs=5"),
}
"""The rates, and the settings."""


def main(data: str, folder: str, *students: str) -> None:
    """Run what is missing and print a line for each kind of student, data set and rate."""
    kinds = students or tuple(STUDENTS)
    first = {
        kind: {name: _run(data, folder, name, kind, STUDENTS[kind][0], FIRST_SEED) for name in DATA} for kind in kinds
    }
    print("| student | data | rate | teacher | student |")
    print("| --- | --- | ---: | ---: | ---: |")
    for kind in kinds:
        best = _best_two(first[kind])
        for name in DATA:
            more = _run(data, folder, name, kind, best, OTHER_SEEDS)
            _print_lines(kind, name, [*first[kind][name], *more])


def _run(data: str, folder: str, name: str, kind: str, rates: tuple[str, ...], seeds: tuple[int, ...]) -> list[Run]:
    """Train a kind of student on a data set at several rates, one process for all."""
    out, (metric, *of_data) = OUT / name / kind, DATA[name]
    out.mkdir(parents=True, exist_ok=True)
    swept = [f"seed={','.join(map(str, seeds))}", f"distill.optimizer.lr={','.join(rates)}"]
    settings = [*COMMON, *of_data, f"teacher.model={folder}", f"data.path={data}/{name}", f"student={kind}"]
    folders = [f"hydra.sweep.dir={out}", "hydra.sweep.subdir=${seed}_${distill.optimizer.lr}"]
    command = [sys.executable, "-m", "distill.run", "-m", *settings, *STUDENTS[kind][1:], *swept, *folders]
    with (out / f"log_{seeds[0]}").open("w") as log:
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT)
    return [_read(out / f"{seed}_{rate}" / "metrics.csv", rate, metric) for seed in seeds for rate in rates]


def _read(curves: Path, rate: str, metric: str) -> Run:
    with curves.open() as file:
        scores = [row for row in csv.DictReader(file) if row["name"] == f"validation/{metric}"]
    last = {row["stage"]: float(row["value"]) for row in scores}
    return rate, last["finetune"], last["distill"]


def _best_two(runs: dict[str, list[Run]]) -> tuple[str, ...]:
    """The two rates whose students score highest in the mean over the data sets."""
    scores: dict[str, list[float]] = {}
    for rate, _, score in (run for of_data in runs.values() for run in of_data):
        scores.setdefault(rate, []).append(score)
    return tuple(sorted(scores, key=lambda rate: statistics.fmean(scores[rate]))[-2:])


def _print_lines(kind: str, name: str, runs: list[Run]) -> None:
    for rate in STUDENTS[kind][0]:
        teachers, scores = zip(*[(teacher, score) for run, teacher, score in runs if run == rate], strict=True)
        seeds = f" ({len(scores)})" if len(scores) > 1 else ""
        shown = f"{100 * statistics.fmean(teachers):.2f} | {100 * statistics.fmean(scores):.2f}{seeds}"
        print(f"| {kind} | {name} | {rate} | {shown} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
