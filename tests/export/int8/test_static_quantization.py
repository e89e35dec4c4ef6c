"""A quantized layer computes what its formula says, and an answer does not depend on the batch."""

import numpy as np
import onnx
import pytest
from tiny_graphs import SIZE, encoder, rows, together

from distill.export.int8 import dynamic, fusing, static
from distill.export.int8.graph import Graph
from distill.export.int8.ranges import calibrate, watched
from distill.export.int8.saturation import saturation
from distill.export.int8.weights import round_linear
from distill.inference.onnx_session import OnnxSession
from distill.models.eight_bits import LARGEST_SUM, rounded


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A fused encoder of texts, its ranges, and both forms of 8 bits."""
    folder = tmp_path_factory.mktemp("made")
    source, some = encoder(folder / "model.onnx"), rows(40)
    heads = {"heads": SIZE["num_attention_heads"], "width": SIZE["hidden_size"]}
    fusing.prepare(source, folder / "fused.onnx", fusing.probes(some), **heads)
    graph = Graph.load(folder / "fused.onnx")
    read = [layer.reads for layer in static.layers(graph) if layer.reads]
    within = calibrate(graph, read, some)
    onnx.save(static.quantize(graph, within), folder / "static.onnx")
    dynamic.quantize(source, folder / "dynamic.onnx")
    return folder, graph, within


def logits(path, batch):
    return OnnxSession.open(path).run(batch)


def test_all_linear_layers_but_the_last_and_the_large_tables_are_quantized(made):
    folder, graph, _ = made
    names = [layer.name for layer in static.layers(graph)]
    assert len(names) == len(set(names)) == 2 + 4 + 6 + 1  # tables, a whole layer, one of the first token, the pooler
    made_of = [node.op_type for node in Graph.load(folder / "static.onnx").nodes]
    assert [made_of.count(name) for name in ("QAttention", "MatMulIntegerToFloat", "MatMul", "Gemm")] == [1, 10, 0, 1]
    assert made_of.count("Add") == 3 + 4 - 1  # of embeddings and around layers: those of a bias are part of the layer


@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_gives_what_its_formula_says(made, bias):
    folder, graph, within = made
    quantized, constants = Graph.load(folder / "static.onnx"), graph.constants
    layers = [
        node for node in quantized.nodes if node.op_type == "MatMulIntegerToFloat" and (len(node.input) > 6) == bias
    ]
    before = {node.name: node for node in graph.nodes}
    for node in layers:
        read = before[node.name].input[0]
        weights = constants[before[node.name].input[1]]
        weights = weights.T if before[node.name].op_type == "Gemm" else weights
        seen = watched(quantized, [read, node.output[0]])(rows(1)[0])
        values, scale = round_linear(weights)
        expected = rounded(seen[read], within[read]) @ (values * scale.astype(np.float64))
        expected += constants[node.input[6]] if bias else 0
        assert seen[node.output[0]] == pytest.approx(expected, abs=1e-4)
    assert layers


def test_embeddings_are_their_rounded_rows(made):
    folder, graph, _ = made
    table = next(layer for layer in static.layers(graph) if layer.reads is None)
    node = next(each for each in graph.nodes if each.name == table.name)
    row = rows(1)[0]
    quantized = Graph.load(folder / "static.onnx")
    seen = watched(quantized, [node.output[0]])(row)[node.output[0]]
    full = graph.constants[table.weights][row["input_ids"]]
    assert 0 < np.abs(seen - full).max() <= np.abs(full).max() / 127 / 2 * 1.001


def test_a_layer_that_is_kept_stays_in_32_bits(made):
    _, graph, within = made
    kept = [layer.name for layer in static.layers(graph)][:3]
    names = {node.name: node.op_type for node in static.quantize(graph, within, kept).graph.node}
    assert [names[name] for name in kept] == ["Gather", "Gather", "Attention"]
    everything = {layer.name for layer in static.layers(graph)}
    same = static.quantize(graph, within, everything)
    row = rows(1)[0]
    assert np.array_equal(watched(Graph(same), ["logits"])(row)["logits"], watched(graph, ["logits"])(row)["logits"])


def test_the_graph_is_small_and_answers_nearly_the_same(made):
    folder, _, _ = made
    assert (folder / "static.onnx").stat().st_size < 0.5 * (folder / "fused.onnx").stat().st_size
    for row in rows(10, seed=1):
        full, small = (logits(folder / name, row) for name in ("model.onnx", "static.onnx"))
        assert 0 < np.abs(full - small).max() < 0.1 * np.abs(full).max()


def test_an_answer_depends_on_the_batch_in_the_dynamic_form_alone(made):
    folder, _, _ = made
    some, changes = rows(30, seed=2), {}
    for name in ("static", "dynamic"):
        session = OnnxSession.open(folder / f"{name}.onnx")
        alone = np.concatenate([session.run(row) for row in some])
        batches = [session.run(together(some, tokens)) for tokens in (20, 39)]
        changes[name] = max(float(np.abs(batch - alone).max()) for batch in batches)
    assert changes["static"] < 1e-4
    assert changes["dynamic"] > 1e-2


def test_no_form_can_overflow_sums_of_16_bits(made):
    folder, _, _ = made
    for name in ("static", "dynamic"):
        proved = saturation(folder / f"{name}.onnx")
        assert len(proved.bounds) >= 10
        assert LARGEST_SUM / 2 < proved.bound <= proved.limit == LARGEST_SUM
        assert not proved.possible


def test_weights_of_the_whole_range_are_found_to_overflow(tmp_path, made):
    folder, _, _ = made
    graph = Graph.load(folder / "static.onnx")
    node = next(each for each in graph.nodes if each.op_type == "MatMulIntegerToFloat")
    weights = graph.constants[node.input[1]].copy()
    weights[4:6, 0] = 127
    graph.constants[node.input[1]] = weights
    onnx.save(graph.built(graph.nodes), tmp_path / "model.onnx")
    proved = saturation(tmp_path / "model.onnx")
    assert proved.possible
    assert proved.bounds[node.name] == proved.bound == 254 * 255


def test_a_quantized_file_says_of_itself_what_its_source_does(tmp_path):
    source = encoder(tmp_path / "model.onnx")
    model = onnx.load(source)
    onnx.helper.set_model_props(model, {"outputs": '["a", "b", "c"]'})
    onnx.save(model, source)
    dynamic.quantize(source, tmp_path / "dynamic.onnx")
    assert OnnxSession.open(tmp_path / "dynamic.onnx").outputs == ("a", "b", "c")
