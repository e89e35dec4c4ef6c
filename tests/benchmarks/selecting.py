"""What texts that ``distill.select`` chooses are worth, against as many drawn at random.

    python tests/benchmarks/selecting.py ../shared/data MINILM [LABELS] [POOL] [METHOD ...]

For TREC and SST-2, and three seeds: the first layers of a pretrained model learn from LABELS labels (300), then from as
many more, which each method chooses among POOL texts (3000). A line each: data set, seed, method, labels, accuracy on
test; at the end the mean of each method, and of its difference from random, over the seeds.
"""

import csv
import json
import random
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import mean, stdev

from distill import run_experiment, select
from distill.config.select import SelectConfig

DATA = {"trec": ("trec_tiny", "text", "test.tsv", 500), "sst2": ("sst2_tiny", "sentence", "test.tsv", 800)}
SEEDS = (1, 2, 3)
LAYERS, EPOCHS = 2, 8


def rows(file, column):
    """The rows of a file, each text once."""
    with file.open(encoding="utf-8", newline="") as lines:
        read = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return list(
            {row[column].strip(): {"text": row[column].strip(), "label": row["label"]} for row in read}.values()
        )


def written(file, some):
    """Write rows as lines of JSON."""
    file.write_text("".join(json.dumps(row) + "\n" for row in some), encoding="utf-8")
    return file


def shallow(model, folder):
    """The first layers of a pretrained BERT, as a checkpoint."""
    from transformers import AutoModel, AutoTokenizer

    AutoModel.from_pretrained(model, num_hidden_layers=LAYERS).save_pretrained(folder)
    AutoTokenizer.from_pretrained(model).save_pretrained(folder)
    return folder


def trained(card, model, train, test, folder, seed):
    """Train on some rows; return the accuracy on test, and the model's folder."""
    data = folder / f"data_{len(train)}"
    data.mkdir(parents=True)
    written(data / "train.jsonl", train)
    written(data / "validation.jsonl", test[:64])  # nothing is chosen by it
    written(data / "test.jsonl", test)
    settings = (
        f"data.path={data}", "data.columns.text=text", "teacher=minilm", f"teacher.model={model}",
        "stages=[finetune,evaluate]", f"finetune.max_epochs={EPOCHS}", "finetune.optimizer.lr=5e-4", f"seed={seed}",
        f"store={folder / 'store'}", "evaluate.baselines=[]", "evaluate.latency_samples=1", "evaluate.resamples=100",
        "report.examples=0", "teacher.accept=true",
        "tracking.wandb=disabled", "data.labels={}" if card == "trec_tiny" else "name=sst2",
    )  # fmt: skip
    run = run_experiment(card, *settings, folder=folder / "run")
    return run.report["models"]["teacher"]["metrics"]["test"]["accuracy"], run.stages["finetune"]


def chosen(model, pool, method, count, folder, seed):
    """The rows of a pool that a method chooses."""
    folder.mkdir(parents=True)
    source, target = written(folder / "pool.jsonl", [{"text": row["text"]} for row in pool]), folder / "next.jsonl"
    config = SelectConfig(
        model=str(model), input=str(source), output=str(target), count=count, method=method, seed=seed
    )
    select.select(config)
    labels = {row["text"]: row for row in pool}
    return [labels[json.loads(line)["text"]] for line in target.read_text(encoding="utf-8").splitlines()]


def main(data, minilm, count, most, methods):
    """Print the accuracy of each method."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model = shallow(minilm, folder / "model")
        for name, (card, column, test_file, tested) in DATA.items():
            found = defaultdict(list)
            for seed in SEEDS:
                drawn = rows(data / name / "train.tsv", column)
                random.Random(seed).shuffle(drawn)  # noqa: S311 - draws rows, keeps no secret
                test = rows(data / name / test_file, column)[:tested]
                first, pool = drawn[:count], drawn[count : count + most]
                at = folder / f"{name}_{seed}"
                accuracy, start = trained(card, model, first, test, at / "first", seed)
                print(f"{name} seed {seed} first {count}: {100 * accuracy:.1f}", flush=True)
                for method in methods:
                    more = chosen(start, pool, method, count, at / method, seed)
                    accuracy, _ = trained(card, model, first + more, test, at / method / "run", seed)
                    found[method].append(100 * accuracy)
                    print(f"{name} seed {seed} {method} {2 * count}: {100 * accuracy:.1f}", flush=True)
            for method, scores in found.items():
                gains = [score - plain for score, plain in zip(scores, found["random"], strict=True)]
                spread = f"{mean(gains):+.1f} ± {stdev(gains):.1f} against random"
                print(f"{name} {method}: {mean(scores):.1f} ± {stdev(scores):.1f}, {spread}", flush=True)


if __name__ == "__main__":
    data, minilm, *rest = sys.argv[1:]
    count, most = (int(rest[place]) if len(rest) > place else usual for place, usual in ((0, 300), (1, 3000)))
    main(Path(data), minilm, count, most, rest[2:] or ["random", "badge", "margin", "coreset"])
