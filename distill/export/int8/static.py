"""Rewrite the linear layers and embeddings of a graph in 8 bits, on fixed scales that calibration has measured.

A linear layer becomes ``QuantizeLinear`` of its input and one operator that multiplies 8-bit numbers and gives float32
with the bias added (``MatMulIntegerToFloat``, or ``QAttention`` where it stands before attention): nothing in between
is rounded. Everything else, the attention mask above all, stays in float32. So does the last layer, whose outputs are
the logits: it is small.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper

from distill.export.int8.graph import CONTRIBUTED, Graph, attributes
from distill.export.int8.weights import Rounded, round_linear, round_table
from distill.models.eight_bits import FEW_ROWS, Range

_LINEAR = {"MatMul", "Gemm", "Attention"}


@dataclass(frozen=True)
class Layer:
    """A layer that can be quantized.

    Attributes:
        name: of its node.
        weights: the name of its constant: ``[inputs, outputs]``, or ``[rows, width]`` of embeddings.
        reads: the tensor whose range has to be known; none for embeddings.
    """

    name: str
    weights: str
    reads: str | None


def layers(graph: Graph) -> list[Layer]:
    """Return the layers of a graph that can be quantized, in its order: linear ones and embeddings."""
    ends = _ends(graph)
    return [layer for node in graph.nodes if id(node) not in ends and (layer := _layer(graph, node)) is not None]


def _layer(graph: Graph, node: NodeProto) -> Layer | None:
    if node.op_type == "Gather" and graph.is_table(node.input[0]) and attributes(node).get("axis", 0) == 0:
        few = len(graph.constants[node.input[0]]) <= FEW_ROWS
        return None if few else Layer(node.name, node.input[0], None)
    if node.op_type not in _LINEAR or not graph.is_table(node.input[1]) or node.input[0] in graph.constants:
        return None
    if node.op_type == "Gemm" and not _is_linear(node, graph):
        return None
    if node.op_type == "Attention" and "qkv_hidden_sizes" in attributes(node):
        return None
    return Layer(node.name, node.input[1], node.input[0])


def _is_linear(gemm: NodeProto, graph: Graph) -> bool:
    known, bias = attributes(gemm), [graph.constants.get(name) for name in gemm.input[2:] if name]
    plain = known.get("alpha", 1.0) == known.get("beta", 1.0) == 1.0 and not known.get("transA", 0)
    return plain and all(each is not None and each.ndim == 1 for each in bias)


def _ends(graph: Graph) -> set[int]:
    """Return the linear layers whose results reach an output without another one after them."""
    producers, ahead, found, seen = graph.producers, list(graph.outputs), set(), set()
    while ahead:
        node = producers.get(ahead.pop())
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if node.op_type in _LINEAR and len(node.input) > 1 and graph.is_table(node.input[1]):
            found.add(id(node))
        else:
            ahead += node.input
    return found


def quantize(graph: Graph, ranges: Mapping[str, Range], kept: Collection[str] = ()) -> ModelProto:
    """Return the model with its layers in 8 bits.

    Args:
        graph: in 32 bits.
        ranges: of each tensor that a linear layer reads.
        kept: names of the layers that stay in 32 bits.
    """
    return _Rewriting(graph, ranges).model({layer.name for layer in layers(graph)} - set(kept))


class _Rewriting:
    """The rewriting of one graph."""

    def __init__(self, graph: Graph, ranges: Mapping[str, Range]) -> None:
        self.graph, self.ranges, self.rounded_inputs = Graph(graph.model), ranges, dict[str, str]()
        self.consumers, self.absorbed = self.graph.consumers, set[str]()

    def model(self, chosen: Collection[str]) -> ModelProto:
        """Return the model with the chosen layers in 8 bits."""
        nodes: list[NodeProto] = []
        for node in self.graph.nodes:
            if node.name not in chosen:
                nodes += [node] * (node.name not in self.absorbed)
            elif node.op_type == "Gather":
                nodes += self._embedding(node)
            else:
                nodes += self._linear(node)
        return self.graph.built(nodes)

    def _embedding(self, node: NodeProto) -> Iterator[NodeProto]:
        """Look up rows of 8 bits and their scales, and multiply these."""
        (table, places), made = node.input, node.output[0]
        rows, scales = self._constants(table, round_table(self.graph.constants[table]))
        yield helper.make_node("Gather", [rows, places], [f"{made}_int8"], f"{node.name}_int8", axis=0)
        yield helper.make_node("Cast", [f"{made}_int8"], [f"{made}_steps"], f"{node.name}_cast", to=TensorProto.FLOAT)
        yield helper.make_node("Gather", [scales, places], [f"{made}_row_scale"], f"{node.name}_row_scale", axis=0)
        yield helper.make_node("Mul", [f"{made}_steps", f"{made}_row_scale"], [made], f"{node.name}_mul")

    def _linear(self, node: NodeProto) -> Iterator[NodeProto]:
        """Round the input, unless another layer has done so, and multiply in 8 bits."""
        name = node.input[0]
        scale, zero = f"{name}_scale", f"{name}_zero"
        if name not in self.rounded_inputs:
            self.rounded_inputs[name] = f"{name}_uint8"
            self.graph.add_constant(scale, np.asarray(self.ranges[name].scale))
            self.graph.add_constant(zero, np.asarray(self.ranges[name].zero))
            yield helper.make_node("QuantizeLinear", [name, scale, zero], [f"{name}_uint8"], f"{name}_quantize")
        weights = self.graph.constants[node.input[1]]
        across = weights.T if attributes(node).get("transB", 0) else weights
        values, scales = self._constants(node.input[1], round_linear(across))
        if node.op_type == "Attention":
            mask_and_past = [*node.input[3:], ""]
            inputs = [f"{name}_uint8", values, node.input[2], scale, scales, mask_and_past[0], zero, ""]
            inputs += mask_and_past[1:]
            quantized = helper.make_node("QAttention", inputs, node.output, node.name, domain=CONTRIBUTED)
            quantized.attribute.extend(node.attribute)
        else:
            bias, made = self._bias(node)
            inputs = [f"{name}_uint8", values, scale, scales, zero, "", bias]
            quantized = helper.make_node("MatMulIntegerToFloat", inputs, [made], node.name, domain=CONTRIBUTED)
        while quantized.input[-1] == "":
            quantized.input.pop()
        yield quantized

    def _constants(self, name: str, rounded: Rounded) -> tuple[str, str]:
        """Keep rounded weights and their scales, and return the names of both."""
        values = self.graph.add_constant(f"{name}_int8", np.ascontiguousarray(rounded.values))
        return values, self.graph.add_constant(f"{name}_scale", rounded.scale)

    def _bias(self, node: NodeProto) -> tuple[str, str]:
        """Return the bias that is added to what a layer gives, and the name of the sum; an empty one where none is."""
        made = node.output[0]
        if node.op_type == "Gemm":
            return (*node.input[2:3], "")[0], made
        readers = self.consumers[made]
        if len(readers) == 1 and readers[0].op_type == "Add" and made not in self.graph.outputs:
            (other,) = [name for name in readers[0].input if name != made] or [made]
            if other in self.graph.constants and self.graph.constants[other].ndim == 1:
                self.absorbed.add(readers[0].name)
                return other, readers[0].output[0]
        return "", made
