"""Export one ONNX graph of 8 bits: a quarter of the size, for ONNX Runtime wherever it opens that of 32 bits."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.base import long_work
from distill.export import Exporter, Source
from distill.export import onnx as full_precision

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

    from distill.inference.onnx_runtime import OnnxRuntime
    from distill.tasks.setup import TaskSetup

FILE = "model_quantized.onnx"
"""The name by which transformers.js and others look for the graph in 8 bits."""


def write(source: Source, folder: Path) -> None:
    """Write the graph: static, with as few layers in 32 bits as the gate asks for, or dynamic where the source says so.

    Raises:
        DataError: there are too few rows to calibrate it.
        ModelError: the task or the architecture cannot have it, or no form of it is good enough.
    """
    from distill.export.int8 import dynamic, fusing, search
    from distill.models import loading

    folder.mkdir(parents=True, exist_ok=True)
    with _full_graph(source, folder) as graph:
        if source.int8 == "dynamic":
            with long_work.announced("rounding the ONNX graph"):
                dynamic.quantize(graph, folder / FILE)
            return
        rows, config = source.calibration(), loading.configuration(source.model)
        prepared, heads = graph.parent / "prepared.onnx", getattr(config, "num_attention_heads", 0)
        with long_work.announced("fusing the ONNX graph"):
            fusing.prepare(graph, prepared, fusing.probes(rows), heads=heads, width=config.hidden_size)
        search.quantize(prepared, folder / FILE, rows, lambda: source.accept(folder))


def opened(
    folder: Path, setup: "TaskSetup", tokenizer: "PreTrainedTokenizerBase", device: "torch.device"
) -> "OnnxRuntime":
    """Open the graph as its users will, its outputs matched with the task's by their names; it stays on the CPU.

    Raises:
        ModelError: they have other names, or it is no whole graph.
    """
    import torch

    from distill.inference.onnx_runtime import OnnxRuntime
    from distill.inference.onnx_session import OnnxSession

    return OnnxRuntime(OnnxSession.open(folder / FILE, threads=torch.get_num_threads()), setup.outputs)


def facts(folder: Path) -> Mapping[str, Any]:
    """Return what the file says of sums of 16 bits and of layers that stayed in 32 bits, for the certificate."""
    from distill.export.int8.saturation import saturation
    from distill.export.int8.search import KEPT
    from distill.inference.onnx_session import OnnxSession

    proved = saturation(folder / FILE)
    return {
        "saturation": {"possible": proved.possible, "bound": proved.bound, "limit": proved.limit},
        "kept_in_fp32": json.loads(OnnxSession.open(folder / FILE).metadata.get(KEPT, "[]")),
    }


@contextmanager
def _full_graph(source: Source, folder: Path) -> Iterator[Path]:
    """Give a copy of the graph of 32 bits that lies in the folder, or is traced for this alone, among scratch files."""
    beside = folder / full_precision.FILE
    traced = not beside.is_file()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            if traced:
                full_precision.write(source, folder)
            copy = Path(scratch) / full_precision.FILE
            copy.write_bytes(beside.read_bytes())
        finally:
            if traced:
                beside.unlink(missing_ok=True)
        yield copy


EXPORTER = Exporter(
    write,
    opened,
    tolerance=None,
    place="onnx",
    tokenizer="..",
    file=FILE,
    refuses=full_precision.refuses,
    refuse_architecture=full_precision.refuse_architecture,
    facts=facts,
    packages=full_precision.EXPORTER.packages,
)
