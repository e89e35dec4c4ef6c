"""How much faster a student is in 8 bits: its graphs and the teacher in PyTorch, interleaved, on one thread.

    OMP_NUM_THREADS=1 python tests/benchmarks/int8_latency.py FOLDER [ROUNDS]

FOLDER holds MiniLM-L6 (or another BERT). Its students are every second of its layers, and a narrow model of two layers,
both with embeddings as factors of the rank that their cards take; their heads are random, which no duration depends on.
Each model answers one text of 16 and one of 128 tokens in turn. A figure is the median over the rounds of the time that
the thread itself was at work: what else runs on the machine counts only as far as it takes caches and clock, which hits
all alike. A ratio is the teacher's median divided by it. Instructions of the processor that decide on 8 bits are named:
a figure holds for these alone.

"plain QDQ" is what ``onnxruntime.quantization`` makes of ``MatMul``, ``Gemm`` and ``Gather`` by itself.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedModel

from distill.export.int8 import fusing, search
from distill.export.int8.graph import Graph
from distill.export.onnx_graph import trace
from distill.inference.onnx_session import OnnxSession
from distill.models import low_rank
from distill.report.environment import processor, processor_flags
from distill.student import student_kind

TOKENS, LABELS, ROWS = (16, 128), 6, 50
NARROW = {"num_hidden_layers": 2, "hidden_size": 192, "num_attention_heads": 12, "intermediate_size": 768}


def main() -> None:
    """Print a table of milliseconds and ratios in Markdown."""
    folder, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 30
    torch.set_num_threads(1)
    teacher = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=LABELS).eval()
    print(f"{processor()}: {', '.join(processor_flags())}; one thread, {rounds} rounds\n")
    print("| model | " + " | ".join(f"{tokens} tokens, ms | times faster" for tokens in TOKENS) + " |")
    print("| --- |" + " ---: |" * 2 * len(TOKENS))
    with tempfile.TemporaryDirectory() as scratch:
        calls = {"teacher, PyTorch": asks_torch(teacher)}
        for name, model in students(folder):
            paths = graphs(model, Path(scratch) / name)
            calls |= {f"{name}, {form}": asks_session(path) for form, path in paths.items()}
        timed = [interleaved(calls, rows(1, tokens)[0], rounds) for tokens in TOKENS]
    for name in calls:
        cells = [f"{each[name]:.2f} | {each['teacher, PyTorch'] / each[name]:.1f}" for each in timed]
        print(f"| {name} | {' | '.join(cells)} |")


def students(folder: str) -> Iterator[tuple[str, PreTrainedModel]]:
    """Give every second layer of the model, and a narrow one of random weights."""
    half = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=LABELS)
    half.bert.encoder.layer = half.bert.encoder.layer[1::2]
    half.config.num_hidden_layers = len(half.bert.encoder.layer)
    yield "half_layers", as_factors(half, "teacher")
    config = AutoConfig.from_pretrained(folder, num_labels=LABELS, **NARROW)
    yield "narrow", as_factors(AutoModelForSequenceClassification.from_config(config), "narrow")


def as_factors(model: PreTrainedModel, kind: str) -> PreTrainedModel:
    """Hold the embeddings as the factors that a run's student of this kind would learn."""
    tokens, share = model.config.vocab_size, student_kind(kind).rank_share
    rank = low_rank.chosen_rank(tokens, model.config.hidden_size, share)
    low_rank.reduce_embeddings(model, torch.ones(tokens), rank)
    return model.eval()


def rows(count: int, tokens: int) -> list[dict[str, np.ndarray]]:
    """Return rows of random words."""
    words = np.random.default_rng(tokens).integers(1000, 30000, (count, 1, tokens))
    return [
        {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)} for row in words
    ]


def graphs(model: PreTrainedModel, folder: Path) -> dict[str, Path]:
    """Write all graphs of a model."""
    folder.mkdir()
    names = {"ONNX": "model", "ONNX, fused": "fused", "plain QDQ": "plain", "int8": "int8"}
    paths = {form: folder / f"{name}.onnx" for form, name in names.items()}
    some = rows(ROWS, 24)
    probes = fusing.probes(some)
    trace(model, {name: torch.from_numpy(values) for name, values in probes[1].items()}, paths["ONNX"])
    heads = {"heads": model.config.num_attention_heads, "width": model.config.hidden_size}
    fusing.prepare(paths["ONNX"], paths["ONNX, fused"], probes, **heads)
    search.quantize(paths["ONNX, fused"], paths["int8"], some, lambda: None)
    plain(paths["ONNX"], paths["plain QDQ"], some)
    return paths


def plain(source: Path, target: Path, some: list[dict[str, np.ndarray]]) -> None:
    """Quantize with the library's own tool."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        left = iter(some)

        def get_next(self) -> Mapping[str, np.ndarray] | None:
            row = next(self.left, None)
            return row and {name: row[name] for name in inputs}

    prepared = source.with_name("prepared.onnx")
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    inputs = [each.name for each in Graph.load(prepared).model.graph.input]
    quantize_static(
        prepared,
        target,
        Reader(),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["MatMul", "Gemm", "Gather"],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


def asks_torch(model: PreTrainedModel) -> Callable[[Mapping[str, np.ndarray]], object]:
    """Return what asks a model of PyTorch."""

    def ask(row: Mapping[str, np.ndarray]) -> object:
        with torch.inference_mode():
            return model(**{name: torch.from_numpy(values) for name, values in row.items()}).logits

    return ask


def asks_session(path: Path) -> Callable[[Mapping[str, np.ndarray]], object]:
    """Return what asks a graph."""
    return OnnxSession.open(path, threads=1).run


def interleaved(calls: Mapping[str, Callable], row: Mapping[str, np.ndarray], rounds: int) -> dict[str, float]:
    """Return the median of milliseconds of each call, of which the first two are not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds + 2):
        for name, call in calls.items():
            begun = time.thread_time()
            call(row)
            seconds[name].append(time.thread_time() - begun)
    return {name: 1000 * statistics.median(each[2:]) for name, each in seconds.items()}


if __name__ == "__main__":
    main()
