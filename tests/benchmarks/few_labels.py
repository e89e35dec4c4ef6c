"""What text without labels is worth: few labels and the rest of train without its own, against the few labels alone.

    python tests/benchmarks/few_labels.py ../shared/data FOLDER [sst2 "conll2003/self-training" ...] [SETTING=VALUE ...]

FOLDER holds MiniLM-L6. What is named after it is the beginning of what is run: a data set, a recipe of that; without a
name it is everything, hours. Settings are given to every run, such as ``data.unlabelled.limit=200`` for a try. All is
made by ``distill.run`` as anyone would make it, in one store, so that what was begun is gone on with and what is
finished is not made again; the table is Markdown. SST-2 has 500 labels, CoNLL-2003 a tenth of its own. ``alone`` is the
same student, distilled by the same teacher on the labelled rows alone, for as many steps; ``control`` has no teacher.
An interval is the mean, over the seeds, of the bounds of the paired bootstrap over the examples of test.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

SEEDS = (1, 2, 3)
OUT = Path("outputs") / "few_labels"
COMMON = (
    "finetune.max_epochs=5", "finetune.optimizer.lr=1e-4", "distill.max_epochs=3", "data.unlabelled.rest=true",
    "distill.hidden.weight=0", "distill.cka.weight=0", "stages=[finetune,augment,teach,distill,control,evaluate]",
    "evaluate.latency_samples=0", "tracking.wandb=disabled", "student.embedding_rank=null",
)  # fmt: skip
DATA = {
    "sst2": ("experiment=sst2_minilm", "data.limit.per_label=250", "data.unlabelled.limit=20000"),
    "conll2003": ("experiment=conll2003_bio", "data.limit.train=1404"),
}
RECIPES = {
    "soft": (),
    "soft, of the sure": ("distill.unlabelled.threshold=0.9",),
    "hard, of the sure": ("distill.unlabelled.threshold=0.9", "distill.unlabelled.labels=hard"),
    "self-training": ("distill.unlabelled.rounds=2",),
}


def main(data: str, folder: str, *given: str) -> None:
    """Run what is missing and print a line for each data set and recipe."""
    settings = [each for each in given if "=" in each]
    names = [each for each in given if "=" not in each]
    print("| data | recipe | texts | teacher | with text | alone | control | text is worth | interval |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
    for name, of_data in DATA.items():
        for recipe, chosen in RECIPES.items():
            if names and not any(f"{name}/{recipe}".startswith(each) for each in names):
                continue
            words = [*COMMON, *of_data, f"teacher.model={folder}", f"data.path={data}/{name}", *chosen, *settings]
            print(line(name, recipe, [run(name, recipe, seed, words) for seed in SEEDS]), flush=True)


def run(name: str, recipe: str, seed: int, words: list[str]) -> dict:
    """Run one seed, from wherever an earlier try had got to, and return its report."""
    folder = OUT / name / recipe.replace(", ", "_").replace(" ", "_") / str(seed)
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "distill.run", *words, f"seed={seed}", f"hydra.run.dir={folder}"]
    with (folder / "log").open("w") as log:
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT)
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def line(name: str, recipe: str, reports: list[dict]) -> str:
    """Return the means over the seeds as a line of the table."""
    worth = [report["unlabelled"]["against_without"] for report in reports]
    metric, split = worth[0]["metric"], worth[0]["split"]
    scores = [
        statistics.fmean(report["models"][model]["metrics"][split][metric] for report in reports)
        for model in ("teacher", "student", "without_unlabelled", "control")
    ]
    texts = statistics.fmean(report["unlabelled"]["rounds"][-1]["learnt"] for report in reports)
    low, high = (statistics.fmean(each["interval"][end] for each in worth) for end in (0, 1))
    gains = [100 * each["difference"] for each in worth]
    cells = " | ".join(f"{100 * score:.2f}" for score in scores)
    gain = f"{statistics.fmean(gains):+.2f} ({', '.join(f'{each:+.2f}' for each in gains)})"
    return f"| {name}, {metric} | {recipe} | {texts:,.0f} | {cells} | {gain} | {100 * low:+.2f} to {100 * high:+.2f} |"


if __name__ == "__main__":
    main(*sys.argv[1:])
