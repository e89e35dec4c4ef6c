"""What each way to train a part of a teacher is worth: score, trained parameters, seconds.

    python tests/benchmarks/adapting.py ../shared/data FOLDER [limit] [seeds]

FOLDER holds MiniLM-L6. A teacher of a subset of SST-2 and one of CoNLL-2003 is fine-tuned by each way for as many steps
of as many rows: all weights and parts of them at 1e-4, adapters and the head at their own default rates. ``limit`` is
the rows of train (2,000 unless given), and ``seeds`` are 1,2,3 unless given. All is made by ``distill.run`` as anyone
would make it, in one store, so that what was made is found again and what was begun is gone on with: the same command
resumes. The table is Markdown; scores are of test, means over the seeds with the lowest and the highest, and seconds
are those of fine-tuning on this machine, the passes over validation included.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

OUT = Path("outputs") / "adapting"
COMMON = (
    "teacher=minilm", "finetune.max_epochs=5", "finetune.optimizer.lr=null", "data.batch_size=8",
    "data.limit.validation=300", "data.limit.test=1000", "stages=[finetune,evaluate]", "evaluate.baselines=[]",
    "teacher.accept=true", "tracking.wandb=disabled",
)  # fmt: skip
DATA = {
    "sst2": ("experiment=sst2_minilm",),
    "conll2003": ("experiment=conll2003_tiny",),
}
_RATE = "finetune.optimizer.lr=1e-4"
WAYS = {
    "all weights": (_RATE,),
    "frozen embeddings": ("finetune.frozen=embeddings", _RATE),
    "frozen 3 of 6 layers": ("finetune.frozen_layers=3", _RATE),
    "head alone": ("finetune.frozen=body",),
    "gradual unfreezing": ("finetune.gradual_unfreezing=true", "finetune.max_epochs=8", _RATE),
    "0.9 of the rate a layer down": ("finetune.layer_decay=0.9", _RATE),
    "LoRA": ("finetune.peft=lora",),
    "LoRA, all matrices": ("finetune.peft=lora", "finetune.lora.targets=[all-linear]"),
    "IA3": ("finetune.peft=ia3",),
    "prefix tuning": ("finetune.peft=prefix", "student=scratch_tiny"),
    "prompt tuning": ("finetune.peft=prompt", "student=scratch_tiny"),
    "BitFit": ("finetune.peft=bias",),
}


def main(data: str, folder: str, limit: str = "2000", seeds: str = "1,2,3") -> None:
    """Run what is missing and print a line for each data set and way as soon as it is known."""
    print("| data | what learns | score | trained parameters | seconds |\n| --- | --- | ---: | ---: | ---: |")
    for name in DATA:
        for way in WAYS:
            reports = [_run(data, folder, limit, name, way, seed) for seed in seeds.split(",")]
            print(_line(name, way, reports), flush=True)


def _run(data: str, folder: str, limit: str, name: str, way: str, seed: str) -> dict[str, object]:
    """The report of one run, which is made where it is not there yet."""
    out = OUT / limit / name / way.replace(" ", "_").replace(",", "") / seed
    if not (out / "report.json").is_file():
        out.mkdir(parents=True, exist_ok=True)
        settings = [*DATA[name], *COMMON, *WAYS[way], f"teacher.model={folder}", f"data.path={data}/{name}"]
        settings += [f"data.limit.train={limit}", f"seed={seed}", f"hydra.run.dir={out}", f"store={OUT}/store"]
        with (out / "log").open("w") as log:
            subprocess.run([sys.executable, "-m", "distill.run", *settings], check=True, stdout=log, stderr=log)
    report: dict[str, object] = json.loads((out / "report.json").read_text())
    return report


def _line(name: str, way: str, reports: list[dict]) -> str:  # type: ignore[type-arg]
    teachers = [report["models"]["teacher"] for report in reports]
    metric = next(iter(teachers[0]["metrics"]["test"]))
    scores = [100 * teacher["metrics"]["test"][metric] for teacher in teachers]
    seconds = [stage["seconds"] for report in reports for stage in report["stages"] if stage["name"] == "finetune"]
    score = f"{statistics.fmean(scores):.2f} ({min(scores):.2f} to {max(scores):.2f}) {metric}"
    return f"| {name} | {way} | {score} | {teachers[0]['trained_parameters']:,} | {statistics.fmean(seconds):.0f} |"


if __name__ == "__main__":
    main(*sys.argv[1:])
