"""Look up and change the nodes of an ONNX graph."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, numpy_helper

CONTRIBUTED = "com.microsoft"
"""The set of operators that ONNX Runtime adds to those of ONNX."""


class Graph:
    """A graph that is being rewritten: its nodes in order, its constants, and who makes and who reads each tensor."""

    def __init__(self, model: ModelProto) -> None:
        """Read a model, whose nodes get names where they have none."""
        self.model = model
        self.nodes = list(model.graph.node)
        self.constants: dict[str, NDArray[Any]] = {
            each.name: numpy_helper.to_array(each) for each in model.graph.initializer
        }
        for node in self.nodes:
            node.name = node.name or node.output[0]
            if node.op_type == "Constant" and (tensors := [each.t for each in node.attribute if each.name == "value"]):
                self.constants[node.output[0]] = numpy_helper.to_array(tensors[0])
            if node.op_type == "Identity" and node.input[0] in self.constants:  # one of two equal biases
                self.constants[node.output[0]] = self.constants[node.input[0]]
        self.outputs = {each.name for each in model.graph.output}

    @classmethod
    def load(cls, path: Path) -> "Graph":
        """Read the model of a file."""
        return cls(onnx.load(path))

    @property
    def producers(self) -> Mapping[str, NodeProto]:
        """Return the node that makes each tensor."""
        return {name: node for node in self.nodes for name in node.output if name}

    @property
    def consumers(self) -> Mapping[str, Sequence[NodeProto]]:
        """Return the nodes that read each tensor."""
        readers: dict[str, list[NodeProto]] = defaultdict(list)
        for node in self.nodes:
            for name in node.input:
                readers[name].append(node)
        return readers

    def is_table(self, name: str) -> bool:
        """Return whether a tensor is a constant matrix of floating-point numbers."""
        values = self.constants.get(name)
        return values is not None and values.ndim == 2 and values.dtype == np.float32

    def add_constant(self, name: str, values: NDArray[Any]) -> str:
        """Keep a constant under a name, and return it."""
        self.constants[name] = values
        return name

    def built(self, nodes: Iterable[NodeProto], extra_outputs: Sequence[str] = ()) -> ModelProto:
        """Return a model of these nodes without what no output needs, its metadata, inputs and outputs as they were.

        Args:
            nodes: in an order in which each follows what it reads.
            extra_outputs: tensors of float32 that are outputs besides.
        """
        needed, kept = self.outputs | set(extra_outputs), []
        for node in reversed(list(nodes)):
            if needed & set(node.output):
                kept.append(node)
                needed |= {name for name in node.input if name}
        model = ModelProto()
        model.CopyFrom(self.model)
        graph, made = model.graph, {name for node in kept for name in node.output}
        for field in (graph.node, graph.initializer, graph.value_info):
            del field[:]
        graph.node.extend(reversed(kept))
        graph.initializer.extend(
            numpy_helper.from_array(values, name)
            for name, values in self.constants.items()
            if name in needed and name not in made
        )
        graph.output.extend(
            onnx.helper.make_tensor_value_info(each, onnx.TensorProto.FLOAT, None) for each in extra_outputs
        )
        if CONTRIBUTED not in {each.domain for each in model.opset_import}:
            model.opset_import.append(onnx.helper.make_opsetid(CONTRIBUTED, 1))
        return model


def attributes(node: NodeProto) -> dict[str, Any]:
    """Return the attributes of a node by their names."""
    return {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
