"""What a small vocabulary and embeddings of a low rank cost and save: neither, each alone, and both.

    python tests/benchmarks/vocabulary.py ../shared/data FOLDER 1,2,3 [sst2 conll2003/corpus trec ...]
    python tests/benchmarks/vocabulary.py ../shared/data FOLDER counts

FOLDER holds MiniLM-L6. After it stand the seeds, and the beginnings of what is run; without a name it is everything,
hours. All of it is made by ``distill.run`` as anyone would make it, in one store, so that what was begun is gone on
with; ``ROWS=600`` in front of the command learns from so many rows, ``RANK=176`` takes another rank. ``factors`` are
the bytes of the same weights with embeddings held as two factors, as a graph in ONNX holds them. With ``counts``
nothing is trained: it counts the pieces that each train uses, and what these cover of the other splits.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

OUT = Path("outputs") / "vocabulary"
RANK = int(os.environ.get("RANK", "128"))
SIZE = 14_600
"""Tokens with which half of MiniLM's layers, in 32 bits, take 35 % less than with all."""
COMMON = (
    "teacher=minilm", "finetune.max_epochs=3", "finetune.optimizer.lr=1e-4",
    "stages=[finetune,teach,distill,evaluate,export]", "evaluate.latency_samples=0",
    "tracking.wandb=disabled", "data.limit.validation=1000", "export.formats=[huggingface]",
)  # fmt: skip
DATA = {
    "sst2": ("half_layers", "experiment=sst2_minilm", "data.limit.train=20000"),
    "conll2003": ("half_layers", "experiment=conll2003_tiny", "data.limit.train=6000"),
    "trec": ("narrow", "experiment=trec_tiny"),
    "trec_half": ("half_layers", "experiment=trec_tiny"),
    "sst2_narrow": ("narrow", "experiment=sst2_minilm", "data.limit.train=20000"),
    "conll2003_narrow": ("narrow", "experiment=conll2003_tiny", "data.limit.train=6000"),
}
MEANS = {
    "all": ("student.embedding_rank=null",),
    "corpus": ("student.vocabulary=corpus",),
    "filled": ("student.vocabulary=corpus", f"student.vocabulary_size={SIZE}"),
    "rank": (f"student.embedding_rank={RANK}",),
    "both": ("student.vocabulary=corpus", f"student.vocabulary_size={SIZE}", f"student.embedding_rank={RANK}"),
}
RATES = {"half_layers": "distill.optimizer.lr=2e-4", "narrow": "distill.optimizer.lr=1e-3"}


def main(data: str, folder: str, seeds: str, *names: str) -> None:
    """Run what is missing, and print a line for each data set and means."""
    if seeds == "counts":
        return counts(data, folder)
    print("| data | student | means | tokens | MB | factors MB | teacher | student | lost | lose tokens | the others |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, (student, *settings) in DATA.items():
        whole: list[dict] = []
        for means, chosen in MEANS.items():
            if not any(f"{name}/{means}/".startswith(f"{asked}/") for asked in names or (name,)):
                continue
            given = [*COMMON, f"teacher.model={folder}", *settings, f"student={student}", RATES[student], *chosen]
            given += [f"data.path={data}/{name.split('_')[0]}", *_rows()]
            runs = _runs(OUT / name / means, seeds, given)
            whole = whole or runs
            print(_line(name, student, means, runs, whole), flush=True)
    return None


def counts(data: str, folder: str) -> None:
    """Print how many pieces each train uses, and what share of the tokens and texts of another split they cover."""
    from transformers import AutoTokenizer

    from distill.models.tokenizer_cutting import Pieces, closed

    tokenizer = AutoTokenizer.from_pretrained(folder)
    print("| data | used by train | kept | split | its tokens | its texts |")
    print("| --- | ---: | ---: | --- | ---: | ---: |")
    for name, column, split in (("sst2", 0, "validation"), ("trec", 0, "test"), ("conll2003", "tokens", "test")):
        train, other = (_ids(tokenizer, _texts(Path(data) / name, part, column)) for part in ("train", split))
        used = np.unique(np.concatenate(train))
        kept = sorted(closed(Pieces(tokenizer), used.tolist()))
        covered = [np.isin(ids, used) for ids in other]
        tokens, texts = np.concatenate(covered).mean(), np.mean([each.all() for each in covered])
        print(f"| {name} | {len(used):,} | {len(kept):,} | {split} | {tokens:.1%} | {texts:.1%} |")


def _texts(folder: Path, split: str, column: int | str) -> list[str | list[str]]:
    import gzip

    if isinstance(column, int):
        lines = (folder / f"{split}.tsv").read_text(encoding="utf-8").splitlines()[1:]
        return [line.split("\t")[column] for line in lines]
    (file,) = folder.glob(f"{split}.jsonl*")
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line)[column] for line in lines]


def _ids(tokenizer, texts) -> list[np.ndarray]:
    words = isinstance(texts[0], list)
    encoded = tokenizer(texts, is_split_into_words=words, add_special_tokens=True)["input_ids"]
    return [np.asarray(ids) for ids in encoded]


def _rows() -> list[str]:
    rows = os.environ.get("ROWS")
    return [f"data.limit.train={rows}"] if rows else []


def _runs(folder: Path, seeds: str, given: list[str]) -> list[dict]:
    command = [sys.executable, "-m", "distill.run", "-m", f"seed={seeds}", *given, f"hydra.sweep.dir={folder}"]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("w") as log:
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT)
    reports = sorted(folder.glob("*/report.json"))
    return [{**json.loads(file.read_text()), "folder": str(file.parent)} for file in reports]


def _line(name: str, student: str, means: str, runs: list[dict], whole: list[dict]) -> str:
    split = list(runs[0]["models"]["student"]["metrics"])[-1]
    metric = next(iter(runs[0]["models"]["student"]["metrics"][split]))
    teacher, score = (_mean(runs, role, split, metric) for role in ("teacher", "student"))
    megabytes = statistics.fmean(run["models"]["student"]["bytes"] for run in runs) / 1e6
    config = json.loads((Path(runs[0]["folder"]) / "export" / "student" / "config.json").read_text())
    tokens, width, rank = config["vocab_size"], config["hidden_size"], config.get("embedding_rank")
    saved = 0 if rank is None else 4e-6 * (tokens * width - rank * (tokens + width))
    lost = _mean(whole, "student", split, metric) - score
    apart = " | ".join(_apart(runs, split, metric, part) for part in ("touched", "unchanged"))
    shown = f"{100 * teacher:.2f} | {100 * score:.2f} | {100 * lost:+.2f} | {apart}"
    return (
        f"| {name}, {metric} | {student} | {means} | {tokens:,} | {megabytes:.1f} | {megabytes - saved:.1f} | {shown} |"
    )


def _mean(runs: list[dict], role: str, split: str, metric: str) -> float:
    return statistics.fmean(run["models"][role]["metrics"][split][metric] for run in runs)


def _apart(runs: list[dict], split: str, metric: str, part: str) -> str:
    """The student's score on texts with tokens that it does not have, or on the others, and how many these are."""
    found = [(run.get("vocabulary") or {}).get("splits", {}).get(split, {}).get(part, {}) for run in runs]
    if not all(each.get("metrics") for each in found):
        return ""
    score = statistics.fmean(each["metrics"]["student"][metric] for each in found)
    return f"{100 * score:.2f} ({statistics.fmean(each['rows'] for each in found):.0f})"


if __name__ == "__main__":
    main(*sys.argv[1:])
