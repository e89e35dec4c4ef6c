"""A graph is fused only where it then answers the same, and computes no more than its head reads."""

import numpy as np
import onnx
import pytest
from tiny_graphs import SIZE, encoder, rows, together

from distill.export.int8 import fusing
from distill.export.int8.first_token import keep_first_token
from distill.export.int8.graph import Graph
from distill.inference.onnx_session import OnnxSession

HEADS = {"heads": SIZE["num_attention_heads"], "width": SIZE["hidden_size"]}


def operators(path):
    return [node.op_type for node in Graph.load(path).nodes]


def answers(path, batch):
    return OnnxSession.open(path).run(batch)


def test_a_model_of_texts_attends_with_its_first_token_alone_in_the_last_layer(tmp_path):
    source, target, some = encoder(tmp_path / "model.onnx"), tmp_path / "fused.onnx", rows(6)
    fusions = fusing.prepare(source, target, fusing.probes(some), **HEADS)
    assert fusions == ["attention", "first token"]
    assert [operators(target).count(name) for name in ("Attention", "MultiHeadAttention", "Softmax")] == [1, 1, 0]
    assert len(operators(target)) < len(operators(source)) / 3
    for batch in (*some, together(some, 30)):
        assert np.abs(answers(target, batch) - answers(source, batch)).max() < 1e-5


def test_a_model_of_tokens_keeps_all_of_its_last_layer(tmp_path):
    source, target, some = encoder(tmp_path / "model.onnx", tokens=True), tmp_path / "fused.onnx", rows(6)
    assert fusing.prepare(source, target, fusing.probes(some), **HEADS) == ["attention"]
    batch = together(some, 30)
    real = batch["attention_mask"] > 0
    assert np.abs(answers(target, batch) - answers(source, batch))[real].max() < 1e-5


def test_a_mask_may_have_its_holes_anywhere(tmp_path):
    source, target = encoder(tmp_path / "model.onnx"), tmp_path / "fused.onnx"
    fusing.prepare(source, target, fusing.probes(rows(6)), **HEADS)
    (row,) = rows(1, longest=12)
    row["attention_mask"][0, [0, 2]] = 0
    assert np.abs(answers(target, row) - answers(source, row)).max() < 1e-5


@pytest.mark.parametrize("heads", [{}, {"heads": 2, "width": 32}, {"heads": 4, "width": 16}], ids=str)
def test_a_graph_that_cannot_be_fused_rightly_stays_as_it_was(tmp_path, heads):
    source, target, some = encoder(tmp_path / "model.onnx"), tmp_path / "fused.onnx", rows(4)
    assert fusing.prepare(source, target, fusing.probes(some), **heads) == []
    assert operators(target) == operators(source)
    batch = together(some, 30)
    assert np.array_equal(answers(target, batch), answers(source, batch))


def test_a_fusion_that_answers_otherwise_is_left_out(tmp_path, monkeypatch):
    def wrong(model):
        graph = Graph(keep_first_token(model))
        name = next(name for name, values in graph.constants.items() if values.shape == (32, 64))
        graph.constants[name] = graph.constants[name] * 1.01
        return graph.built(graph.nodes)

    monkeypatch.setattr(fusing, "keep_first_token", wrong)
    source, some = encoder(tmp_path / "model.onnx"), rows(4)
    assert fusing.prepare(source, tmp_path / "fused.onnx", fusing.probes(some), **HEADS) == ["attention"]


def test_what_a_file_says_of_itself_stays(tmp_path):
    source, target = encoder(tmp_path / "model.onnx"), tmp_path / "fused.onnx"
    model = onnx.load(source)
    onnx.helper.set_model_props(model, {"outputs": '["a", "b", "c"]'})
    onnx.save(model, source)
    fusing.prepare(source, target, fusing.probes(rows(4)), **HEADS)
    assert OnnxSession.open(target).outputs == ("a", "b", "c")


def test_the_probes_are_the_longest_row_and_a_padded_batch():
    some = rows(10)
    alone, padded = fusing.probes(some)
    assert alone["input_ids"].shape[1] == max(row["input_ids"].shape[1] for row in some)
    assert padded["input_ids"].shape[0] == 4
    assert (padded["attention_mask"].sum(axis=1) == [row["input_ids"].shape[1] for row in some[:4]]).all()
    assert fusing.probes([]) == []
