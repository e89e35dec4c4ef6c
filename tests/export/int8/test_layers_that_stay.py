"""Where all layers in 8 bits are not good enough, those that hurt most stay in 32 bits, found by measurement."""

import json

import numpy as np
import onnx
import pytest
from tiny_graphs import encoder, rows

from distill.errors import DataError, ModelError
from distill.export.int8 import search, static
from distill.export.int8.graph import Graph
from distill.export.int8.ranges import calibrate
from distill.inference.onnx_session import OnnxSession


def spoil(model):
    """Make a layer that 8 bits cannot hold: few of its inputs' numbers are huge, and hardly count."""
    dense = model.bert.encoder.layer[0].intermediate.dense
    after = model.bert.encoder.layer[0].output.dense
    dense.weight[:2] *= 300
    after.weight[:, :2] /= 300


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory):
    return encoder(tmp_path_factory.mktemp("spoiled") / "model.onnx", change=spoil)


def ranges_of(graph, some):
    return calibrate(graph, [layer.reads for layer in static.layers(graph) if layer.reads], some)


def judge(source, target, some, allowed):
    """Return what accepts a file whose logits are near enough to its source's, and notes what it was asked."""
    full, asked = OnnxSession.open(source), []

    def accept():
        session = OnnxSession.open(target)
        worst = max(float(np.abs(session.run(row) - full.run(row)).max()) for row in some)
        asked.append(worst)
        return None if worst <= allowed else f"its logits move by {worst:.2f}"

    return accept, asked


def test_the_layer_that_hurts_is_found(spoiled):
    graph, some = Graph.load(spoiled), rows(16)
    hurt = search.sensitivity(graph, ranges_of(graph, some), some)
    assert max(hurt, key=hurt.get).endswith("layer.0/output/dense/MatMul")
    assert hurt.keys() == {layer.name for layer in static.layers(graph)}


def test_a_layer_that_hurts_stays_in_32_bits(spoiled, tmp_path):
    some, target = rows(16), tmp_path / "small.onnx"
    accept, asked = judge(spoiled, target, some, 0.25)
    kept = search.quantize(spoiled, target, some, accept)
    assert [name.split("bert/")[1] for name in kept] == ["encoder/layer.0/output/dense/MatMul"]
    assert asked[0] > 0.25 >= asked[1]
    assert len(asked) == 2
    assert json.loads(OnnxSession.open(target).metadata["kept_in_fp32"]) == kept


def test_where_all_layers_are_good_enough_none_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "sensitivity", lambda *_: pytest.fail("measured"))
    source, target, some = encoder(tmp_path / "model.onnx"), tmp_path / "small.onnx", rows(8)
    assert search.quantize(source, target, some, lambda: None) == []
    assert json.loads(OnnxSession.open(target).metadata["kept_in_fp32"]) == []


def test_what_is_never_good_enough_is_given_up_with_the_reasons(tmp_path):
    source, target, said = encoder(tmp_path / "model.onnx"), tmp_path / "small.onnx", iter("abcdef")
    with pytest.raises(ModelError, match=r"^a; with 4 of 15 layers in 32 bits d$"):
        search.quantize(source, target, rows(8), lambda: next(said))


def test_a_graph_without_layers_is_refused(tmp_path):
    path = tmp_path / "empty.onnx"
    identity = onnx.helper.make_node("Identity", ["x"], ["logits"])
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n"]) for name in ("x", "logits")]
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([identity], "empty", ends[:1], ends[1:])), path)
    with pytest.raises(ModelError, match=r"^it has no linear layer and no embeddings that could be quantized$"):
        search.quantize(path, tmp_path / "small.onnx", rows(8), lambda: None)


def test_too_few_rows_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(DataError, match="calibrated on 3 rows"):
        search.quantize(encoder(tmp_path / "model.onnx"), tmp_path / "small.onnx", rows(3), lambda: None)
    assert not (tmp_path / "small.onnx").exists()
