"""Rows a second of prediction, beside a bare loop of ONNX Runtime and tokenizers over batches sorted by length.

    python tests/benchmarks/predict_throughput.py FOLDER FILE COLUMN [--format onnx] [--rounds 5] [--clock cpu]

Both read as many texts at once, and take turns; the bare loop has its texts in memory already and keeps its answers
there, while prediction reads the file, checks each row, and writes its answers as JSON lines.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from distill.base import processor
from distill.data.streaming import read
from distill.data.writing import writing
from distill.inference.formats import FILES
from distill.inference.onnx_session import OnnxSession
from distill.inference.predictor import Predictor

AT_ONCE = 32
"""Texts of a batch."""


def bare(session: OnnxSession, tokenizer: Tokenizer, texts: list[str]) -> int:
    """Label all texts, the shortest first."""
    read_ = sorted(tokenizer.encode_batch_fast(texts), key=len)
    labels = []
    for start in range(0, len(read_), AT_ONCE):
        some = [encoding.ids for encoding in read_[start : start + AT_ONCE]]
        ids = np.zeros((len(some), len(some[-1])), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, numbers in enumerate(some):
            ids[row, : len(numbers)], mask[row, : len(numbers)] = numbers, 1
        labels += session.run({"input_ids": ids, "attention_mask": mask}).argmax(axis=-1).tolist()
    return len(labels)


def predicted(predictor: Predictor, file: Path, column: str, target: Path) -> int:
    """Answer a file as the command does, once the model is in memory."""
    count = 0
    with writing(target) as sink:
        for answer in predictor.stream(read(file), {"text": column}, str(file)):
            sink.write(answer)
            count += 1
    return count


def main() -> None:
    """Print the rows a second of each round, and their medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("column")
    parser.add_argument("--format", default="onnx", choices=list(FILES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clock", default="wall", choices=["wall", "cpu"], help="cpu on a machine that others use")
    given = parser.parse_args()
    predictor = Predictor.load(given.folder, format=given.format, batch_size=AT_ONCE)
    session = predictor.runtime.session
    tokenizer = Tokenizer.from_file(str(given.folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(predictor.form.max_length)
    texts = [str(row[given.column]) for _, row in read(given.file)]
    clock = time.process_time if given.clock == "cpu" else time.perf_counter
    rates: dict[str, list[float]] = {"bare": [], "predict": []}
    with tempfile.TemporaryDirectory() as folder:
        ways = {
            "bare": lambda: bare(session, tokenizer, texts),
            "predict": lambda: predicted(predictor, given.file, given.column, Path(folder) / "out.jsonl"),
        }
        for _ in range(given.rounds):
            for name, way in ways.items():
                start = clock()
                count = way()
                rates[name].append(count / (clock() - start))
    print(f"{processor.name()}, {', '.join(sorted(processor.flags() & set(processor.VNNI))) or 'no VNNI'}")
    for name, each in rates.items():
        print(f"{name}: {statistics.median(each):,.0f} rows a second, of {', '.join(f'{rate:,.0f}' for rate in each)}")
    shares = [other / one for one, other in zip(rates["bare"], rates["predict"], strict=True)]
    print(f"predict of bare: {statistics.median(shares):.2f}, of {', '.join(f'{share:.2f}' for share in shares)}")


if __name__ == "__main__":
    main()
