"""A graph holds embeddings of a low rank as their two factors."""

import onnx
import pytest
import torch
from small_bundles import TEXTS, _rows, bundle, student

from distill.export import Source, exporter
from distill.inference.runtime import CPU
from distill.models import loading, low_rank
from distill.tasks.collating import model_inputs

FORMATS = ("huggingface", "onnx", "onnx_int8")


@pytest.fixture(scope="module")
def factored(tmp_path_factory):
    """The folder and the graph of a student with embeddings of rank 5, its setup and its number of tokens."""
    folder = tmp_path_factory.mktemp("factored")
    setup = student(folder / "model", "classification")
    tokenizer = loading.load_tokenizer(folder / "model")
    model = loading.load_model(folder / "model", setup.task.head, tokenizer=tokenizer)
    low_rank.reduce_embeddings(model, torch.ones(len(tokenizer)), 5)
    loading.save(low_rank.multiply_out(model), tokenizer, folder / "model")
    form = {"task": "classification", "generation": {}}
    source = Source(folder / "model", setup, form, calibration=lambda: _rows(folder / "model", setup))
    for name in FORMATS:
        exporter(name).write(source, folder / "bundle" / exporter(name).place)
    return folder / "bundle", setup, len(tokenizer)


def shapes(folder):
    graph = onnx.load_model(folder / "onnx" / "model.onnx").graph
    return {tuple(tensor.dims) for tensor in graph.initializer}, [node.op_type for node in graph.node]


def test_the_graph_gathers_short_vectors_and_multiplies_them(factored, tmp_path):
    (found, operators), tokens = shapes(factored[0]), factored[2]
    whole, operators_of_whole = shapes(bundle(tmp_path, "classification")[0])
    assert {(tokens, 5), (5, 16)} <= found
    assert (tokens, 16) in whole - found
    assert operators.count("MatMul") == operators_of_whole.count("MatMul") + 1


def test_it_answers_as_the_student_and_counts_fewer_parameters(factored):
    folder, setup, tokens = factored
    tokenizer = loading.load_tokenizer(folder)
    plain, graph, rounded = (
        exporter(name).open(folder / exporter(name).place, setup, tokenizer, CPU) for name in FORMATS
    )
    encoded = tokenizer(list(TEXTS), truncation=True, max_length=32)
    batch = model_inputs({name: encoded[name] for name in encoded}, tokenizer.pad_token_id)
    with torch.inference_mode():
        expected = plain.logits(batch)
        torch.testing.assert_close(graph.logits(batch), expected, rtol=0, atol=1e-4)
        torch.testing.assert_close(rounded.logits(batch), expected, rtol=0, atol=0.15)
    assert plain.parameters - graph.parameters == 16 * tokens - 5 * (16 + tokens)
