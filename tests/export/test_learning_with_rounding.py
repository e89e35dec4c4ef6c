"""A student that learns with rounding answers, while it learns, as its file in 8 bits will."""

import numpy as np
import pytest
import torch
from small_bundles import _rows, student

from distill.export import Source, exporter
from distill.inference.onnx_session import OnnxSession
from distill.models import loading
from distill.models.bilstm import BiLstmConfig
from distill.models.fake_quantization import FakeQuantization
from distill.models.forward import outputs
from distill.models.static import StaticConfig


def bilstm(tokenizer):
    return BiLstmConfig(vocab_size=len(tokenizer), layers=1, hidden_size=16, embedding_size=12)


def static(tokenizer):
    return StaticConfig(vocab_size=len(tokenizer), hidden_size=24)


def with_outliers(folder, setup):
    """Write a student again, a few of whose numbers are larger than all others, as in grown models."""
    model, tokenizer = loading.load_model(folder, setup.task.head), loading.load_tokenizer(folder)
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, torch.nn.Linear):
                layer.weight *= 0.5
                layer.weight[:, ::7] *= 8
    loading.save(model, tokenizer, folder)
    return model


@pytest.mark.parametrize(
    ("name", "config", "share"),
    [
        ("token_classification", None, 0.02),
        ("classification", None, 0.5),  # the file's last layer computes the first token alone, on ranges of its own
        ("classification", bilstm, 0.02),
        ("classification", static, 0.02),
    ],
    ids=["tokens", "texts", "a BiLSTM", "a static student"],
)
def test_logits_in_training_are_those_of_the_file_in_8_bits(name, config, share, tmp_path):
    folder = tmp_path / "model"
    setup = student(folder, name, *[config] * bool(config))
    model, rows = with_outliers(folder, setup), _rows(folder, setup)
    source = Source(folder, setup, {}, calibration=lambda: rows)
    for each in ("onnx", "onnx_int8"):
        exporter(each).write(source, tmp_path / "onnx")
    full, small = (OnnxSession.open(tmp_path / "onnx" / exporter(each).file) for each in ("onnx", "onnx_int8"))
    batches = [{key: torch.from_numpy(values) for key, values in row.items()} for row in rows]
    FakeQuantization(model.eval(), batches)
    with torch.no_grad():
        learnt = [outputs(model, batch).logits.numpy() for batch in batches]
    answers = [np.concatenate([session.run(row).ravel() for row in rows]) for session in (full, small)]
    answers.append(np.concatenate([each.ravel() for each in learnt]))
    of_float, of_learnt = (np.sqrt(np.mean((answers[place] - answers[1]) ** 2)) for place in (0, 2))
    assert 0 < of_learnt < share * of_float
