"""Leave out of a graph what its last layer computes for tokens that its head does not read.

A head for whole texts reads the first token's state. Of the last layer only keys and values are needed of the other
tokens: queries, the projection after attention and the feed-forward layers are computed for one token alone. The answer
is the same.
"""

from collections.abc import Mapping

import numpy as np
from onnx import ModelProto, NodeProto, helper

from distill.export.int8.graph import CONTRIBUTED, Graph, attributes

_BY_TOKEN = {"Add", "Mul", "Sub", "Div", "Gelu", "FastGelu", "Erf", "Relu", "Tanh", "LayerNormalization", "MatMul"}
"""Operators that compute each token's result of that token alone, where an operand is a constant or has tokens, too."""


def keep_first_token(model: ModelProto) -> ModelProto | None:
    """Return the model with a last layer for the first token alone; none where its head reads others, too.

    Args:
        model: with attention fused into one operator (``Attention``).
    """
    graph = Graph(model)
    reader = next((node for node in graph.nodes if _reads_first(node, graph)), None)
    if reader is None:
        return None
    attention = _last_attention(graph, reader.input[0])
    if attention is None or not _is_plain(attention, graph):
        return None
    return _Narrowing(graph, attention).model(reader)


def _reads_first(node: NodeProto, graph: Graph) -> bool:
    """Return whether a node takes the first token of states ``[batch, tokens, width]``."""
    if node.op_type != "Gather" or attributes(node).get("axis", 0) != 1:
        return False
    place = graph.constants.get(node.input[1])
    return place is not None and place.ndim == 0 and int(place) == 0


def _last_attention(graph: Graph, name: str) -> NodeProto | None:
    """Return the attention of the last layer: of all from which a tensor follows token by token, the latest."""
    producers, ahead, seen, last = graph.producers, [name], set(), -1
    places = {id(node): place for place, node in enumerate(graph.nodes)}
    while ahead:
        node = producers.get(ahead.pop())
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if node.op_type == "Attention":
            last = max(last, places[id(node)])
        elif node.op_type in _BY_TOKEN:
            ahead += [each for each in node.input if each not in graph.constants]
    return graph.nodes[last] if last >= 0 else None


def _is_plain(attention: NodeProto, graph: Graph) -> bool:
    """Return whether an attention has the weights, the bias and the mask of tokens alone."""
    inputs = [name for name in attention.input if name]
    known = {"num_heads", "mask_filter_value", "scale"}
    return (
        len(inputs) == 4
        and graph.is_table(inputs[1])
        and inputs[2] in graph.constants
        and attributes(attention).keys() <= known
    )


class _Narrowing:
    """The rewriting of one graph."""

    def __init__(self, graph: Graph, attention: NodeProto) -> None:
        self.graph, self.attention, self.full = graph, attention, attention.input[0]
        self.first = graph.add_constant("first_token", np.array([0], dtype=np.int64))
        self.producers, self.nodes, self.narrow = graph.producers, list[NodeProto](), dict[str, str]()

    def model(self, reader: NodeProto) -> ModelProto | None:
        """Return the model in which a node reads the narrow form of its input; none where that cannot be."""
        narrow = self._narrow(reader.input[0])
        read = helper.make_node("Gather", [narrow, *reader.input[1:]], list(reader.output), name=reader.name, axis=1)
        nodes, place = self.graph.nodes, self.graph.nodes.index(reader)
        return self.graph.built([*nodes[:place], *self.nodes, read, *nodes[place + 1 :]])

    def _narrow(self, name: str) -> str:
        """Return the name of a tensor's first token, ``[batch, 1, width]``, with the nodes that compute it."""
        if name in self.graph.constants:
            return name
        if name not in self.narrow:
            self.narrow[name] = f"{name}_first"
            self._compute(name, f"{name}_first")
        return self.narrow[name]

    def _compute(self, name: str, narrow: str) -> None:
        node = self.producers.get(name)
        if name == self.full or node is None or not (node is self.attention or node.op_type in _BY_TOKEN):
            self.nodes.append(helper.make_node("Gather", [name, self.first], [narrow], name=f"{narrow}_gather", axis=1))
        elif node is self.attention:
            self._attend(narrow)
        else:
            copy = NodeProto()
            copy.CopyFrom(node)
            copy.name = f"{node.name}_first"
            inputs = [self._narrow(each) for each in node.input]
            del copy.input[:], copy.output[:]
            copy.input.extend(inputs)
            copy.output.append(narrow)
            self.nodes.append(copy)

    def _attend(self, narrow: str) -> None:
        """Compute attention with the first token's query, and the keys and values of all."""
        _, weights, bias, mask = (name for name in self.attention.input if name)
        parts = np.split(self.graph.constants[weights], 3, axis=1)
        inputs = {"query": self._narrow(self.full), "key": self.full, "value": self.full}
        for (name, read), part in zip(inputs.items(), parts, strict=True):
            constant = self.graph.add_constant(f"{weights}_{name}", np.ascontiguousarray(part))
            made = f"{narrow}_{name}"
            self.nodes.append(helper.make_node("MatMul", [read, constant], [made], name=made))
        projected = [f"{narrow}_{name}" for name in inputs]
        settings: Mapping[str, object] = attributes(self.attention)
        attend = helper.make_node(
            "MultiHeadAttention", [*projected, bias, mask], [narrow], f"{self.attention.name}_first", domain=CONTRIBUTED
        )
        attend.attribute.extend(helper.make_attribute(name, value) for name, value in settings.items())
        self.nodes.append(attend)
