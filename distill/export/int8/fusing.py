"""Prepare a graph of 32 bits for ONNX Runtime: attention as one operator, and no work for tokens that no one reads."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto

from distill.errors import ModelError
from distill.export.int8.first_token import keep_first_token
from distill.export.int8.graph import Graph
from distill.export.int8.ranges import Rows
from distill.inference.onnx_session import OnnxSession

_FEW = 4
"""Rows of a batch by which a graph is compared with its source."""
_TOLERANCE = 1e-4
"""The largest difference of a logit, for logits of 1 and more; smaller ones may differ by this share of the largest."""


def prepare(source: Path, target: Path, probes: Rows, *, heads: int = 0, width: int = 0) -> list[str]:
    """Write a graph that answers as the given one does and is quicker, with what was fused.

    What a fusion gets wrong is left out again: each form is asked the probes, and the first that answers as the source
    does is taken, from the most to the least that is fused.

    Args:
        source: a graph of 32 bits.
        target: the file that is written.
        probes: batches, some of which hold padding.
        heads: of attention in each layer; 0 where the model has none, and nothing is fused.
        width: of hidden states.

    Returns:
        The names of the fusions that it has: attention, first token; empty where the graph stayed as it was.

    Raises:
        ModelError: the source itself cannot be asked.
    """
    expected = _answers(source, probes)
    for names, model in _forms(source, heads, width):
        if model is not None and any(node.op_type == "Attention" for node in model.graph.node):
            onnx.save(model, target)
            if _same(target, probes, expected):
                return names
    onnx.save(onnx.load(source), target)
    return []


def probes(rows: Rows) -> Rows:
    """Return the longest of some rows alone, and a batch of a few that are padded to the longest of them."""
    if not rows:
        return []
    longest, few = max(rows, key=_tokens), rows[:_FEW]
    tokens = max(map(_tokens, few))
    padded = {
        name: np.concatenate([np.pad(row[name], ((0, 0), (0, tokens - _tokens(row)))) for row in few])
        for name in longest
    }
    return [longest, padded]


def _tokens(row: Mapping[str, NDArray[Any]]) -> int:
    return int(row["input_ids"].shape[1])


def _forms(source: Path, heads: int, width: int) -> Iterator[tuple[list[str], ModelProto | None]]:
    """Give the forms that a graph may have and the names of their fusions, from the most to the least."""
    if heads:
        fused = _fused(source, heads, width)
        yield ["attention", "first token"], keep_first_token(fused)
        yield ["attention"], fused


def _fused(source: Path, heads: int, width: int) -> ModelProto:
    """Return the graph as ONNX Runtime's tool for encoders fuses it.

    Sums with a layer normalisation stay apart: as one operator (SkipLayerNormalization) they are several times slower
    on a processor. The mask stays one of tokens: a number of tokens would be another model where texts are not padded
    at their ends.
    """
    from onnxruntime.transformers.fusion_options import AttentionMaskFormat, FusionOptions
    from onnxruntime.transformers.optimizer import optimize_model

    options = FusionOptions("bert")
    options.attention_mask_format = AttentionMaskFormat.AttentionMask
    options.enable_skip_layer_norm = options.enable_bias_skip_layer_norm = False
    options.enable_embed_layer_norm = options.enable_bias_gelu = False
    with _quiet():
        fused = optimize_model(str(source), "bert", heads, width, options, opt_level=0)
    graph = Graph(fused.model)
    return graph.built(graph.nodes)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the tool's notes on what it did not find off the console."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(disabled)


def _answers(path: Path, probes: Rows) -> list[NDArray[np.float32]]:
    session = OnnxSession.open(path)
    return [session.run(probe) for probe in probes]


def _same(path: Path, probes: Rows, expected: Sequence[NDArray[np.float32]]) -> bool:
    """Return whether a graph can be opened, and gives the expected logits for real tokens."""
    try:
        answers = _answers(path, probes)
    except ModelError:
        return False
    largest = max(float(np.abs(each).max()) for each in expected)
    pairs = zip(answers, expected, probes, strict=True)
    return all(
        answer.shape == right.shape and _largest(answer - right, probe) <= _TOLERANCE * min(1.0, largest)
        for answer, right, probe in pairs
    )


def _largest(difference: NDArray[np.float32], probe: Mapping[str, NDArray[Any]]) -> float:
    """Return the largest difference of a logit, where each token has its own of real tokens alone."""
    real = difference[probe["attention_mask"] > 0] if difference.ndim > 2 else difference
    return float(np.abs(real).max())
