"""What learning with rounding gains in 8 bits: a student that learnt without it, and one that learnt with it.

    python tests/benchmarks/quantization_aware.py ../shared/data FOLDER 1,2,3 [trec sst2=TEACHER outliers ...]

FOLDER holds MiniLM-L6. After it stand the seeds, and what is run; without a name it is everything, about half an hour
on one thread. The teacher is fine-tuned once for each data set, unless a folder that holds one is given with the name.
In ``outliers`` it then gets a few values that are as much larger as the weights that read them are smaller: its
answers stay, but ranges of 8 bits grow coarse for all other values, as in models with outliers (Dettmers et al. 2022,
arXiv:2208.07339); its student is two of its layers. All layers are put into 8 bits, whatever it costs; test is asked
row by row. The table is printed after each seed, of all that is finished: accuracies, points that 8 bits lose, the
share of other decisions, and how far logits drift, over their spread.
"""

import csv
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

OUT = Path("outputs") / "quantization_aware"
COMMON = (
    "teacher=minilm", "finetune.max_epochs=2", "finetune.min_steps=0", "finetune.optimizer.lr=1e-4",
    "tracking.wandb=disabled", "teacher.accept=true", "data.limit.validation=400", "student.embedding_rank=null",
)  # fmt: skip
DATA = {
    "trec": ("experiment=trec_tiny", "data.limit.train=1500", "student=narrow"),
    "sst2": ("experiment=sst2_minilm", "data.limit.train=2000", "student=narrow"),
    "outliers": ("experiment=trec_tiny", "data.limit.train=1500", "student=half_layers", "student.layers=2"),
}
LARGER = 100.0
"""How many times larger some values are made."""
EVERY = 8
"""Of so many values of each layer one is made larger."""
CALIBRATED = 200


def main(data: str, folder: str, seeds: str, *names: str) -> None:
    """Run what is missing, and print a line for each data set and way to learn."""
    results: dict[tuple[str, str], list[dict]] = {}
    for seed in seeds.split(","):
        for asked in names or DATA:
            name, _, teacher = asked.partition("=")
            settings = [*COMMON, *DATA[name], f"data.path={_data(data, name)}"]
            chosen = Path(teacher) if teacher else _teacher(name, folder, settings)
            chosen = _with_outliers(chosen) if name == "outliers" else chosen.resolve()
            for quantization, student in _students(name, seed, [*settings, f"teacher.model={chosen}"]).items():
                results.setdefault((name, quantization), []).append(_scores(student, _data(data, name)))
        print(f"\nseeds up to {seed}\n")
        print("| data | learnt with rounding | in 32 bits | in 8 bits | lost | other decisions | drift |")
        print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
        for (name, quantization), scores in results.items():
            columns = (_column(scores, each) for each in ("full", "small", "lost", "other", "drift"))
            print(f"| {name} | {'yes' if quantization == 'int8' else 'no'} | {' | '.join(columns)} |", flush=True)


def _column(scores: list[dict], name: str) -> str:
    values = [100 * each[name] for each in scores]
    return f"{statistics.fmean(values):.2f} ({', '.join(f'{value:.2f}' for value in values)})"


def _data(data: str, name: str) -> Path:
    return Path(data) / ("sst2" if name == "sst2" else "trec")


def _teacher(name: str, folder: str, settings: list[str]) -> Path:
    """Fine-tune the teacher, unless an earlier call has; return its folder."""
    run = OUT / ("sst2" if name == "sst2" else "trec") / "teacher"
    if not (run / "report.json").is_file():
        _distill(run, [*settings, f"teacher.model={folder}", "stages=[finetune]", f"hydra.run.dir={run}"])
    return _stage(run, "finetune")


def _stage(run: Path, name: str) -> Path:
    """Return the folder of the model that a stage of a run made."""
    report = json.loads((run / "report.json").read_text())
    return next(Path(stage["folder"]) for stage in report["stages"] if stage["name"] == name) / "model"


def _with_outliers(folder: Path) -> Path:
    """Write a model of the same answers in which some values are larger, and the weights that read them smaller."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    target = (OUT / "with_outliers").resolve()
    if target.is_dir():
        return target
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.no_grad():
        for layer in model.bert.encoder.layer:
            value, reader = layer.attention.self.value, layer.attention.output.dense
            value.weight[::EVERY] *= LARGER
            value.bias[::EVERY] *= LARGER
            reader.weight[:, ::EVERY] /= LARGER
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(folder).save_pretrained(target)
    return target


def _students(name: str, seed: str, settings: list[str]) -> dict[str, Path]:
    """Distil without and with rounding; return the folder of each student."""
    folder = OUT / name / seed
    runs = {quantization: folder / str(number) for number, quantization in enumerate(("none", "int8"))}
    if not all((run / "report.json").is_file() for run in runs.values()):
        fixed = [each for each in settings if not each.startswith("finetune.")]
        places = (f"hydra.sweep.dir={folder}", "hydra.sweep.subdir=${hydra.job.num}")
        sweep = ["-m", "distill.quantization=none,int8", *places]
        _distill(folder, [*sweep, f"seed={seed}", *fixed, "teacher.finetuned=true", "stages=[teach,distill]"])
    return {quantization: _stage(run, "distill") for quantization, run in runs.items()}


def _scores(student: Path, data: Path) -> dict:
    """Put a student into 8 bits, and compare both forms on test; the drift is that of its logits, over their spread."""
    from transformers import AutoConfig, AutoTokenizer

    from distill.export import Source, exporter
    from distill.inference.onnx_session import OnnxSession
    from distill.tasks import EncodingSpec, task
    from distill.tasks.setup import TaskSetup

    tokenizer, labels = AutoTokenizer.from_pretrained(student), AutoConfig.from_pretrained(student).id2label
    setup = TaskSetup("classification", task("classification"), EncodingSpec(tuple(labels.values()), max_length=64))

    def encoded(text: str) -> dict[str, np.ndarray]:
        found = tokenizer(text, truncation=True, max_length=64)
        return {name: np.asarray([ids]) for name, ids in found.items()}

    train, test = (_table(data / f"{split}.tsv") for split in ("train", "test"))
    chosen = np.random.default_rng(0).permutation(len(train))[:CALIBRATED]
    rows, answers = [encoded(train[place][0]) for place in chosen], []
    source = Source(student, setup, {}, calibration=lambda: rows)
    for name in ("onnx", "onnx_int8"):
        exporter(name).write(source, student.parent / "onnx")
        session = OnnxSession.open(student.parent / "onnx" / exporter(name).file, threads=1)
        answers.append(np.concatenate([session.run(encoded(text)) for text, _ in test]))
    full, small = answers
    known = {name: place for place, label in labels.items() for name in (label, str(place))}
    truth = np.asarray([known[label] for _, label in test])
    right = [float((each.argmax(1) == truth).mean()) for each in answers]
    return {
        "full": right[0],
        "small": right[1],
        "lost": right[0] - right[1],
        "other": float((full.argmax(1) != small.argmax(1)).mean()),
        "drift": float(np.sqrt(((full - small) ** 2).mean()) / full.std()),
    }


def _table(file: Path) -> list[list[str]]:
    """Return the texts of a file, each with its label."""
    with file.open(encoding="utf-8") as lines:
        return [row[:2] for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)][1:]


def _distill(folder: Path, arguments: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("w") as log:
        command = [sys.executable, "-m", "distill.run", *arguments]
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT, env=dict(os.environ))


if __name__ == "__main__":
    main(*sys.argv[1:])
