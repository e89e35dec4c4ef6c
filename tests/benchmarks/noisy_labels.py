"""What an audit is worth: students of corrupted labels of SST-2 and TREC, each beside one that trusts them blindly.

    python tests/benchmarks/noisy_labels.py FOLDER_OF_DATA_SETS [DATA_SET ...]

Corrupts 2,000 labels at a known rate, has 200 other rows audited, and prints the test accuracy of the student of
``teacher.smoothing=text``, and of the control, which learns the labels as they are.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from distill.data import files

DATA = {"sst2": "sentence", "trec": "text"}
SETTINGS = (
    "experiment=classification", "teacher=labels", "teacher.default_model=null", "student=bilstm",
    "distill.temperature=1", "distill.hard.weight=0", "pretrain.max_epochs=1", "distill.max_epochs=6",
    "evaluate.baselines=[]", "evaluate.latency_samples=0", "distill.min_steps=0",
    "pretrain.min_steps=0", "data.fit_length=false",
    "data.max_length=48", "data.limit.test=1000", "stages=[pretrain,teach,distill,control,evaluate]",
)  # fmt: skip


def corrupted(labels, by_label, random):
    """Labels wrong in 30 % of all rows, or in 50 % of those of the first label and 10 % of the others."""
    names = sorted(set(labels))
    rate = {name: 0.3 if not by_label else 0.5 if name == names[0] else 0.1 for name in names}
    return [
        str(random.choice([name for name in names if name != label])) if random.random() < rate[label] else label
        for label in labels
    ]


def main(root: Path, chosen: list[str], rows: int = 2000) -> None:
    """Print a line for each data set and kind of noise."""
    for name, column in ((each, DATA[each]) for each in chosen):
        splits = files.read(root / name)
        texts, labels = splits["train"][column][:], list(map(str, splits["train"]["label"][:]))
        for by_label in (False, True):
            random = np.random.default_rng(0)
            order = random.permutation(len(texts))[: rows + 200].tolist()
            answers = corrupted([labels[place] for place in order], by_label, random)
            with tempfile.TemporaryDirectory() as temporary:
                folder = Path(temporary)
                _write(folder / "data" / "train.jsonl", [{"text": texts[place]} for place in order[:rows]])
                test = splits["test"] if "test" in splits else splits["validation"]
                pairs = [
                    {"text": text, "label": str(label)}
                    for text, label in zip(test[column][:], test["label"][:], strict=True)
                ]
                held = splits.get("validation", test)
                _write(folder / "data" / "test.jsonl", pairs)
                _write(
                    folder / "data" / "validation.jsonl",
                    [
                        {"text": f"{text}", "label": str(label)}
                        for text, label in zip(held[column][:300], held["label"][:300], strict=True)
                    ],
                )
                said = [{"text": texts[place], "answer": answer} for place, answer in zip(order, answers, strict=True)]
                _write(folder / "answers.jsonl", said)
                gold = [{"text": texts[place], "label": labels[place]} for place in order[rows:]]
                _write(folder / "gold.jsonl", gold)
                report = _run(folder)
            gain, right = report["gain"], report["ledger"]["gold"]["accuracy"]
            kind = "by label" if by_label else "uniform"
            low, high = gain["interval"]
            sys.stdout.write(
                f"{name}, {kind}: the labeller is right in {right:.1%}; student {gain['student']:.1%}, blind "
                f"{gain['control']:.1%}, difference {gain['difference']:+.1%} ({low:+.1%} to {high:+.1%})\n"
            )
            sys.stdout.flush()


def _write(file, rows):
    file.parent.mkdir(exist_ok=True)
    seen = {json.dumps(row, ensure_ascii=False): row for row in {row["text"]: row for row in rows}.values()}
    file.write_text("".join(f"{line}\n" for line in seen), encoding="utf-8")


def _run(folder):
    places = (
        f"data.path={folder / 'data'}",
        f"teacher.answers={folder / 'answers.jsonl'}",
        f"teacher.gold={folder / 'gold.jsonl'}",
    )
    own = (
        f"hydra.run.dir={folder / 'run'}",
        f"store={folder / 'store'}",
        "tracking.wandb=disabled",
        "data.on_bad=drop",
    )
    subprocess.run(
        [sys.executable, "-m", "distill.run", *SETTINGS, *places, *own], check=True, stdout=subprocess.DEVNULL
    )
    return json.loads((folder / "run" / "report.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or list(DATA))
