"""Export one ONNX graph in one file, which ONNX Runtime opens anywhere without PyTorch and transformers."""

import copy
import hashlib
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from distill.base import long_work
from distill.errors import ModelError
from distill.export import Exporter, Source
from distill.report.environment import versions

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from distill.inference.onnx_runtime import OnnxRuntime
    from distill.tasks.setup import TaskSetup

FILE = "model.onnx"
"""The name by which transformers.js and others look for the graph in 32 bits."""


def refuses(setup: "TaskSetup") -> str | None:
    """Return why a task's models cannot have the format, as the end of a sentence; none where they can."""
    if not setup.task.writes:
        return None
    return f"{setup.name} writes token by token, which takes several graphs and a loop around them"


def refuse_architecture(config: "PretrainedConfig", setup: "TaskSetup", tokenizer: "PreTrainedTokenizerBase") -> None:
    """Refuse an architecture that cannot be traced, found out with one layer of random weights, before any training.

    Raises:
        ModelError: it cannot be; the sentence says why.
    """
    from distill.export.onnx_graph import trace
    from distill.export.onnx_probes import refuse_other, traced_batch
    from distill.inference.onnx_session import OnnxSession
    from distill.models import checkpoint_fitting, loading

    small = copy.deepcopy(config)
    small.num_hidden_layers = min(1, config.num_hidden_layers)
    try:
        model = loading.from_config(small, setup.task.head)
    except Exception:  # whatever an architecture raises that needs all of its layers
        model = loading.from_config(config, setup.task.head)
    model.train(False)
    checkpoint_fitting.fit_tokens(model, tokenizer)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / FILE
        trace(model, traced_batch(tokenizer, setup), path)
        refuse_other(model, OnnxSession.open(path), tokenizer, setup)


def write(source: Source, folder: Path) -> None:
    """Write the graph, in float32 whatever the model was trained in, and ask it what the model was asked.

    Raises:
        ModelError: the task or the architecture cannot be written as one graph.
    """
    import torch

    from distill.export.onnx_graph import describe, trace
    from distill.export.onnx_probes import refuse_other, traced_batch
    from distill.inference.onnx_session import OnnxSession
    from distill.models import loading, low_rank

    if (reason := refuses(source.setup)) is not None:
        raise ModelError(f"onnx: {reason}")
    tokenizer = loading.load_tokenizer(source.model)
    model = loading.load_model(source.model, source.setup.task.head, tokenizer=tokenizer, dtype=torch.float32)
    model = low_rank.split_embeddings(model)  # so that the graph holds short vectors, not what they make
    model.train(False)
    folder.mkdir(parents=True, exist_ok=True)
    with long_work.announced("tracing the ONNX graph"):
        trace(model, traced_batch(tokenizer, source.setup), folder / FILE)
        describe(folder / FILE, _facts(source, model, folder.parent / "model.safetensors"))
    refuse_other(model, OnnxSession.open(folder / FILE), tokenizer, source.setup)


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


def _facts(source: Source, model: "PreTrainedModel", weights: Path) -> Mapping[str, object]:
    """Return what the file says of itself; what it was made of, where that is exported beside it."""
    from distill.export.onnx_graph import OPSET
    from distill.inference.onnx_session import DESCRIPTION, OUTPUTS, PARAMETERS, STUDENT
    from distill.inference.torch_runtime import TorchRuntime

    runtime, names = TorchRuntime(model), model.config.id2label or {}
    student = {STUDENT: hashlib.sha256(weights.read_bytes()).hexdigest()} if weights.is_file() else {}
    return {
        OUTPUTS: [str(name) for _, name in sorted(names.items())] if source.setup.outputs else [],
        PARAMETERS: str(runtime.parameters),
        DESCRIPTION: runtime.description,
        "task": source.setup.name,
        "versions": {**versions(), "onnx": version("onnx"), "opset": OPSET},
        **student,
    }


EXPORTER = Exporter(
    write,
    opened,
    tolerance=1e-4,
    place="onnx",
    tokenizer="..",
    file=FILE,
    refuses=refuses,
    refuse_architecture=refuse_architecture,
    packages=("onnx", "onnxruntime"),
)
