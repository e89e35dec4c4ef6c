"""Which objective gives the best student: recipes, students, data sets and seeds, each against its control.

    python tests/benchmarks/recipes.py ../shared/data FOLDER [trec sst2/narrow "stsb/narrow/hard, soft" ...]

FOLDER holds MiniLM-L6. What is named after it is the beginning of what is run: a data set, a student of it, a recipe
of that; without a name it is everything, many hours. All is made by ``distill.run`` as anyone would make it, in one
store, so that what was begun is gone on with; the table is Markdown. An interval is the mean, over the seeds, of the
bounds of the paired bootstrap over the examples of test: seeds share these, so it is wider than one of the mean gain
would be.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

SEEDS = "1,2,3"
OUT = Path("outputs") / "recipes"
COMMON = (
    "teacher=minilm", "finetune.max_epochs=3", "finetune.optimizer.lr=1e-4", "data.limit.validation=200",
    "stages=[finetune,teach,distill,control,evaluate]", "evaluate.latency_samples=0", "tracking.wandb=disabled",
    "student.embedding_rank=null",
    "distill.hidden.weight=0", "distill.cka.weight=0",  # of a recipe that has it, the last setting counts
)  # fmt: skip
DATA = {
    "trec": ("experiment=trec_tiny", "data.limit.train=1500"),
    "sst2": ("experiment=sst2_minilm", "data.limit.train=2000"),
    "stsb": ("experiment=stsb_tiny", "data.limit.train=1000"),
    "conll2003": ("experiment=conll2003_tiny", "data.limit.train=2000"),
}
STUDENTS = {
    "half_layers": ("distill.max_epochs=4", "distill.optimizer.lr=2e-4"),
    "narrow": ("distill.max_epochs=10", "distill.optimizer.lr=1e-3"),
}
COMPARED = ("reverse_kl", "js", "skew_kl", "skew_reverse_kl", "taid", "dkd", "dist", "standardized", "logit_mse")
INSIDE = {"hidden_cosine": 1, "pkd": 100, "cka": 1, "embedding": 1, "attention": 1, "rkd_distance": 25, "rkd_angle": 50}
"""Terms with the weights of their papers, where these say one."""
RECIPES = {
    "hard, soft": (),
    "hard, soft, dropout 0.1": ("distill.dropout=0.1",),
    "soft": ("distill.hard.weight=0", "distill.soft.weight=1"),
    "hard, soft, hidden": ("distill.hidden.weight=1",),
    "hard, soft, relations": ("distill.relations.weight=1",),
    "hard, soft, hidden, texts without labels": ("distill.hidden.weight=1", "unlabelled"),
    **{f"hard, {term}": ("distill.soft.weight=0", f"distill.{term}.weight=0.5") for term in COMPARED},
    **{f"hard, soft, {term}": (f"distill.{term}.weight={weight}",) for term, weight in INSIDE.items()},
    "hard, soft, cka, rkd_angle": ("distill.cka.weight=1", "distill.rkd_angle.weight=50"),
}
SENSELESS = {"sst2": ("dkd", "dist", "standardized"), "stsb": COMPARED[:-1]}
"""Terms that two classes, or scores, leave nothing to compare for."""


def main(data: str, folder: str, *names: str) -> None:
    """Run what is missing and print a line for each data set, student and recipe."""
    print("| data | student | recipe | teacher | student | control | gain | interval | gap closed |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | --- | ---: |")
    for name, settings_of_data in DATA.items():
        for student, settings in STUDENTS.items():
            for recipe, chosen in RECIPES.items():
                if not _wanted(name, student, recipe, names):
                    continue
                given = [*COMMON, f"teacher.model={folder}", *settings_of_data, f"student={student}", *settings]
                given += [f"data.path={data}/{name}", *_chosen(chosen, f"{data}/{name}/train.tsv")]
                runs = _runs(OUT / name / student / recipe.replace(", ", "_").replace(" ", "_"), given)
                print(_line(name, student, recipe, runs), flush=True)


def _wanted(name: str, student: str, recipe: str, asked: tuple[str, ...]) -> bool:
    senseless = any(term in recipe.split(", ") for term in SENSELESS.get(name, ()))
    whole = f"{name}/{student}/{recipe}"
    return not senseless and (not asked or any(whole == one or whole.startswith(f"{one}/") for one in asked))


def _chosen(settings: tuple[str, ...], train: str) -> list[str]:
    """Texts without labels are those of train that the limit left out."""
    texts = [f"data.unlabelled.path={train}", "data.unlabelled.limit=4000"]
    return [each for given in settings for each in (texts if given == "unlabelled" else [given])]


def _runs(folder: Path, given: list[str]) -> list[dict]:
    command = [sys.executable, "-m", "distill.run", "-m", f"seed={SEEDS}", *given, f"hydra.sweep.dir={folder}"]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("w") as log:
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT)
    return [json.loads(file.read_text()) for file in sorted(folder.glob("*/report.json"))]


def _line(name: str, student: str, recipe: str, runs: list[dict]) -> str:
    if len(runs) != len(SEEDS.split(",")):
        raise SystemExit(f"{name}, {student}, {recipe}: {len(runs)} reports; see the log")
    gains = [run["gain"] for run in runs]
    split, metric = gains[0]["split"], gains[0]["metric"]
    teacher = statistics.fmean(run["models"]["teacher"]["metrics"][split][metric] for run in runs)
    scores = [statistics.fmean(gain[key] for gain in gains) for key in ("student", "control", "difference")]
    low, high = (statistics.fmean(gain["interval"][end] for gain in gains) for end in (0, 1))
    closed = f"{scores[2] / (teacher - scores[1]):.0%}" if teacher > scores[1] else ""
    shown = " | ".join(f"{100 * score:.2f}" for score in (teacher, *scores[:2]))
    gain = f"{100 * scores[2]:+.2f} | {100 * low:+.2f} to {100 * high:+.2f}"
    return f"| {name}, {metric} | {student} | {recipe} | {shown} | {gain} | {closed} |"


if __name__ == "__main__":
    main(*sys.argv[1:])
