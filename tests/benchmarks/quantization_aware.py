"""What learning with rounding gains in 8 bits: a student that learnt without it, and one that learnt with it.

    python tests/benchmarks/quantization_aware.py ../shared/data FOLDER 1,2,3 [trec sst2=TEACHER outliers ...]

FOLDER holds MiniLM-L6. After it stand the seeds, and what is run; without a name it is everything, about an hour on one
thread. The teacher is fine-tuned once for each data set, unless a folder that holds one is given with the name. In
``outliers`` it then gets a few values that are as much larger as the weights that read them are smaller: its answers
stay, but ranges of 8 bits grow coarse for all other values, as in models with outliers (Dettmers et al. 2022,
arXiv:2208.07339); its student is two of its layers. All layers are put into 8 bits, whatever it costs, so that nothing
is left in 32 bits where that helps.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

OUT = Path("outputs") / "quantization_aware"
COMMON = (
    "teacher=minilm", "finetune.max_epochs=2", "finetune.min_steps=0", "finetune.optimizer.lr=1e-4",
    "evaluate.latency_samples=0", "evaluate.baselines=[]", "tracking.wandb=disabled", "teacher.accept=true",
    "data.limit.validation=400", "data.limit.test=1000",
)  # fmt: skip
EXPORT = ("export.formats=[huggingface,onnx_int8]", "export.tolerance.int8=100", "export.tolerance.label=100")
DATA = {
    "trec": ("experiment=trec_tiny", "data.limit.train=1500", "student=narrow"),
    "sst2": ("experiment=sst2_minilm", "data.limit.train=2000", "student=narrow"),
    "outliers": ("experiment=trec_tiny", "data.limit.train=1500", "student=half_layers", "student.layers=2"),
}
LARGER = 100.0
"""How many times larger some values are made."""
EVERY = 8
"""Of so many values of each layer one is made larger."""


def main(data: str, folder: str, seeds: str, *names: str) -> None:
    """Run what is missing, and print a line for each data set and way to learn."""
    print("| data | learnt with rounding | split | in 32 bits | in 8 bits | lost | other decisions |", flush=True)
    print("| --- | --- | --- | ---: | ---: | ---: | ---: |", flush=True)
    for asked in names or DATA:
        name, _, folder_of_teacher = asked.partition("=")
        settings = [*COMMON, *DATA[name], f"data.path={data}/{'sst2' if name == 'sst2' else 'trec'}"]
        teacher = Path(folder_of_teacher) if folder_of_teacher else _teacher(name, folder, settings)
        teacher = _with_outliers(teacher) if name == "outliers" else teacher.resolve()
        runs = _runs(name, seeds, [*settings, *EXPORT, f"teacher.model={teacher}"])
        for quantization in ("none", "int8"):
            chosen = [run for run in runs if run["quantization"] == quantization]
            for split in chosen[0]["student"]:
                print(_line(name, quantization, split, chosen), flush=True)


def _teacher(name: str, folder: str, settings: list[str]) -> Path:
    """Fine-tune the teacher, unless an earlier call has; return its folder."""
    run = OUT / ("sst2" if name == "sst2" else "trec") / "teacher"
    if not (run / "report.json").is_file():
        _distill(run, [*settings, f"teacher.model={folder}", "stages=[finetune]", f"hydra.run.dir={run}"])
    report = json.loads((run / "report.json").read_text())
    return next(Path(stage["folder"]) for stage in report["stages"] if stage["name"] == "finetune") / "model"


def _with_outliers(folder: Path) -> Path:
    """Write a model of the same answers in which some values are larger, and the weights that read them smaller."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.no_grad():
        for layer in model.bert.encoder.layer:
            value, reader = layer.attention.self.value, layer.attention.output.dense
            value.weight[::EVERY] *= LARGER
            value.bias[::EVERY] *= LARGER
            reader.weight[:, ::EVERY] /= LARGER
    target = (OUT / "with_outliers").resolve()
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(folder).save_pretrained(target)
    return target


def _runs(name: str, seeds: str, settings: list[str]) -> list[dict]:
    """Distil with and without rounding from each seed; return each run's scores and how its decisions changed."""
    folder = OUT / name / "students"
    sweep = ["-m", f"seed={seeds}", "distill.quantization=none,int8", f"hydra.sweep.dir={folder}"]
    fixed = [each for each in settings if not each.startswith("finetune.")]
    _distill(folder, [*sweep, *fixed, "teacher.finetuned=true", "stages=[teach,distill,evaluate,export]"])
    return [_read(file.parent) for file in sorted(folder.glob("*/report.json"))]


def _read(folder: Path) -> dict:
    report = json.loads((folder / "report.json").read_text())
    exports = {each["format"]: each["metrics"] for each in report["exports"]}
    certificate = json.loads((folder / "export" / "student" / "certificate.json").read_text())
    lines = (folder / "config.yaml").read_text().splitlines()
    return {
        "quantization": next(line.split()[1] for line in lines if line.startswith("  quantization:")),
        "student": exports["huggingface"],
        "int8": exports["onnx_int8"],
        "equal": certificate["formats"]["onnx_int8"]["equal_decisions"],
    }


def _line(name: str, quantization: str, split: str, runs: list[dict]) -> str:
    metric = next(iter(runs[0]["student"][split]))
    student, int8 = ([100 * run[form][split][metric] for run in runs] for form in ("student", "int8"))
    lost = [before - after for before, after in zip(student, int8, strict=True)]
    scores = " | ".join(f"{statistics.fmean(each):.2f} ({_spread(each)})" for each in (student, int8))
    other = 100 * (1 - statistics.fmean(run["equal"] for run in runs))
    learnt = "no" if quantization == "none" else "yes"
    return (
        f"| {name} | {learnt} | {split} | {scores} | {statistics.fmean(lost):+.2f} ({_spread(lost)}) | {other:.2f} % |"
    )


def _spread(values: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def _distill(folder: Path, arguments: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("w") as log:
        command = [sys.executable, "-m", "distill.run", *arguments]
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT, env=dict(os.environ))


if __name__ == "__main__":
    main(*sys.argv[1:])
