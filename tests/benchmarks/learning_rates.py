"""Which learning rate suits a student: rates, kinds of student, data sets and seeds, scored on validation.

    python tests/benchmarks/learning_rates.py ../shared/data FOLDER [narrow half_layers ...]

FOLDER holds MiniLM-L6. What is named after it are the kinds of student that are run; without a name all of them, hours.
Each kind is trained at every rate with the first seed, and at the two rates that are best over all data sets with the
other seeds, too: on other rows, with the teacher of the first. All is made by ``distill.run`` as anyone would make it,
in one store: the teacher of a data set is made once, and what was begun is gone on with. The table is Markdown; a cell
is the mean over its seeds, whose number follows in parentheses where it is not one. Scores are of the last epoch on
validation, since a default is chosen by them; CoNLL's is the macro F1 of the words' tags, which is what is watched
while a model learns.
"""

import csv
import json
import statistics
import subprocess
import sys
from pathlib import Path

Rates = tuple[str, ...]
Scores = dict[str, list[float]]
"""What students score, by their rate."""

FIRST_SEED, OTHER_SEEDS = (1,), (2, 3)
OUT = Path("outputs") / "learning_rates"
COMMON = (
    "teacher=minilm", "finetune.max_epochs=3", "finetune.optimizer.lr=1e-4", "data.limit.train=1500",
    "data.limit.test=50", "stages=[finetune,teach,distill]", "tracking.wandb=disabled",
    "student.embedding_rank=null",
)  # fmt: skip
DATA = {
    "sst2": ("accuracy", "experiment=sst2_minilm"),
    "trec": ("accuracy", "experiment=trec_tiny"),
    "stsb": ("pearson", "experiment=stsb_tiny", "finetune.dropout=0.1", "data.limit.validation=500"),
    "conll2003": ("f1_macro", "experiment=conll2003_tiny", "finetune.optimizer.lr=2e-4", "data.limit.validation=500"),
}
"""The metric that is compared, and the settings."""
STUDENTS = {
    "narrow": (("0.0001", "0.0002", "0.0005", "0.001", "0.002"), "distill.max_epochs=5"),
    "half_layers": (("0.0001", "0.0002", "0.0005", "0.001"), "distill.max_epochs=3"),
    "bilstm": (("0.0002", "0.0005", "0.001", "0.002", "0.005", "0.01"), "distill.max_epochs=5"),
    "scratch_tiny": (("0.0002", "0.0005", "0.001", "0.002", "0.005"), "distill.max_epochs=5"),
    "checkpoint": (("5e-05", "0.0001", "0.0002", "0.0005"), "distill.max_epochs=3"),
    "static": (("0.0005", "0.001", "0.002", "0.005", "0.01", "0.02"), "distill.max_epochs=5"),
}
"""The rates, and the settings."""
REFUSED = {"static": ("conll2003",)}
"""The data sets whose task a kind of student cannot do."""


def main(data: str, folder: str, *students: str) -> None:
    """Run what is missing and print a line for each kind of student, data set and rate."""
    kinds = students or tuple(STUDENTS)
    from_pretrained = [f"teacher.model={folder}"]
    first = {
        kind: {name: _run(data, name, folder, kind, STUDENTS[kind][0], from_pretrained) for name in _data(kind)}
        for kind in kinds
    }
    print("| student | data | rate | student |")
    print("| --- | --- | ---: | ---: |")
    for kind in kinds:
        best = _best_two(first[kind])
        for name in _data(kind):
            more = _run(data, name, folder, kind, best, _finetuned(name, kind), OTHER_SEEDS)
            for rate, scores in first[kind][name].items():
                print(_line(kind, name, rate, [*scores, *more.get(rate, [])]), flush=True)


def _data(kind: str) -> tuple[str, ...]:
    """The data sets whose task a kind of student can do."""
    return tuple(name for name in DATA if name not in REFUSED.get(kind, ()))


def _run(
    data: str, name: str, folder: str, kind: str, rates: Rates, teacher: list[str], seeds: tuple[int, ...] = FIRST_SEED
) -> Scores:
    """Train a kind of student on a data set at several rates, one process for all."""
    out, (metric, *of_data) = OUT / name / kind, DATA[name]
    out.mkdir(parents=True, exist_ok=True)
    swept = [f"seed={','.join(map(str, seeds))}", f"distill.optimizer.lr={','.join(rates)}"]
    settings = [*COMMON, *of_data, *teacher, f"data.path={data}/{name}", *STUDENTS[kind][1:]]
    settings += [f"student={kind}", *([f"student.model={folder}"] if kind == "checkpoint" else [])]
    if "teacher.finetuned=true" in teacher:  # how it was fine-tuned is refused then, since it would change nothing
        settings = [setting for setting in settings if not setting.startswith("finetune.")]
    folders = [f"hydra.sweep.dir={out}", "hydra.sweep.subdir=${seed}_${distill.optimizer.lr}"]
    command = [sys.executable, "-m", "distill.run", "-m", *settings, *swept, *folders]
    with (out / f"log_{seeds[0]}").open("w") as log:
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT)
    return {rate: [_score(out / f"{seed}_{rate}" / "metrics.csv", metric) for seed in seeds] for rate in rates}


def _finetuned(name: str, kind: str) -> list[str]:
    """The settings that take the teacher which the first seed has made."""
    report = json.loads((OUT / name / kind / f"{FIRST_SEED[0]}_{STUDENTS[kind][0][0]}" / "report.json").read_text())
    made = next(stage["folder"] for stage in report["stages"] if stage["name"] == "finetune")
    return [f"teacher.model={made}/model", "teacher.finetuned=true"]


def _score(curves: Path, metric: str) -> float:
    """The student's score on validation after its last epoch."""
    with curves.open() as file:
        rows = [
            row for row in csv.DictReader(file) if (row["stage"], row["name"]) == ("distill", f"validation/{metric}")
        ]
    return float(rows[-1]["value"])


def _best_two(first: dict[str, Scores]) -> Rates:
    """The two rates whose students score highest in the mean over the data sets."""
    means = {
        rate: statistics.fmean(score for scores in first.values() for score in scores[rate])
        for rate in next(iter(first.values()))
    }
    return tuple(sorted(means, key=means.__getitem__)[-2:])


def _line(kind: str, name: str, rate: str, scores: list[float]) -> str:
    seeds = f" ({len(scores)})" if len(scores) > 1 else ""
    return f"| {kind} | {name} | {rate} | {100 * statistics.fmean(scores):.2f}{seeds} |"


if __name__ == "__main__":
    main(*sys.argv[1:])
