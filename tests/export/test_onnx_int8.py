"""The 8-bit format is written beside that of 32 bits, of the same student, and judged by the gate's measure."""

import numpy as np
import pytest
import torch
from tiny_graphs import SIZE, rows
from transformers import BertConfig, BertForSequenceClassification

from distill.export import Source, onnx, onnx_int8
from distill.inference.onnx_session import OnnxSession
from distill.models import loading
from distill.models.bilstm import BiLstmConfig, BiLstmForSequenceClassification
from distill.models.tokenizer_training import train
from distill.tasks import EncodingSpec, task
from distill.tasks.setup import TaskSetup

NAMES = ("ham", "spam")


def student(folder, make=lambda words: BertForSequenceClassification(BertConfig(vocab_size=words, **SIZE))):
    torch.manual_seed(0)
    texts = [f"word{number} is as good as number {number % 7}" for number in range(40)]
    tokenizer = train("encoder", texts, vocab_size=120, max_length=20)
    model = make(len(tokenizer)).eval()
    model.config.id2label, model.config.label2id = dict(enumerate(NAMES)), {name: at for at, name in enumerate(NAMES)}
    loading.save(model, tokenizer, folder / "model")
    setup = TaskSetup("classification", task("classification"), EncodingSpec(labels=NAMES, max_length=20))
    return Source(folder / "model", setup, {}, calibration=lambda: rows(10))


def near(folder, name, other):
    both = [OnnxSession.open(folder / "onnx" / each) for each in (name, other)]
    answers = [[session.run(row) for row in rows(5, seed=3)] for session in both]
    scale = max(float(np.abs(answer).max()) for answer in answers[0])
    return max(float(np.abs(one - two).max()) for one, two in zip(*answers, strict=True)) / scale


def test_both_graphs_lie_side_by_side_and_answer_alike(tmp_path):
    source = student(tmp_path)
    onnx.write(source, tmp_path / "onnx")
    full = (tmp_path / "onnx" / "model.onnx").read_bytes()
    onnx_int8.write(source, tmp_path / "onnx")
    assert sorted(path.name for path in (tmp_path / "onnx").iterdir()) == ["model.onnx", "model_quantized.onnx"]
    assert (tmp_path / "onnx" / "model.onnx").read_bytes() == full
    assert (tmp_path / "onnx" / "model_quantized.onnx").stat().st_size < len(full) / 2
    assert 0 < near(tmp_path, "model.onnx", "model_quantized.onnx") < 0.1
    session = OnnxSession.open(tmp_path / "onnx" / "model_quantized.onnx")
    assert session.outputs == NAMES
    assert session.metadata["task"] == "classification"


def test_without_the_graph_of_32_bits_none_is_left_beside_it(tmp_path):
    onnx_int8.write(student(tmp_path), tmp_path / "onnx")
    assert [path.name for path in (tmp_path / "onnx").iterdir()] == ["model_quantized.onnx"]
    assert onnx_int8.facts(tmp_path / "onnx") == {
        "saturation": {"possible": False, "bound": 32640, "limit": 32767},
        "kept_in_fp32": [],
    }


def test_the_same_student_gives_the_same_file(tmp_path):
    source = student(tmp_path)
    for name in ("one", "other"):
        onnx_int8.write(source, tmp_path / name)
    assert len({(tmp_path / name / "model_quantized.onnx").read_bytes() for name in ("one", "other")}) == 1


def test_the_gate_is_asked_of_each_try_and_layers_stay_as_it_says(tmp_path):
    said, asked = iter(["it loses 3 points", None]), []
    source = student(tmp_path)

    def accept(folder):
        asked.append(folder)
        return next(said)

    onnx_int8.write(Source(source.model, source.setup, {}, source.calibration, accept), tmp_path / "onnx")
    assert asked == [tmp_path / "onnx"] * 2
    (kept,) = onnx_int8.facts(tmp_path / "onnx")["kept_in_fp32"]
    assert "bert" in kept or "Attention" in kept


def test_the_dynamic_form_is_written_where_it_is_asked_for(tmp_path):
    source = student(tmp_path)
    wanted = Source(source.model, source.setup, {}, pytest.fail, pytest.fail, int8="dynamic")
    onnx_int8.write(wanted, tmp_path / "onnx")
    assert not onnx_int8.facts(tmp_path / "onnx")["saturation"]["possible"]
    assert OnnxSession.open(tmp_path / "onnx" / "model_quantized.onnx").outputs == NAMES


def test_a_bilstm_has_its_embeddings_in_8_bits(tmp_path):
    source = student(tmp_path, lambda words: BiLstmForSequenceClassification(BiLstmConfig(vocab_size=words)))
    onnx.write(source, tmp_path / "onnx")
    onnx_int8.write(source, tmp_path / "onnx")
    assert 0 < near(tmp_path, "model.onnx", "model_quantized.onnx") < 0.1


def test_a_task_that_writes_is_refused(tmp_path):
    assert onnx_int8.EXPORTER.refuses(TaskSetup("translation", task("translation"), EncodingSpec())) is not None
    assert onnx_int8.EXPORTER.refuses(TaskSetup("classification", task("classification"), EncodingSpec())) is None
