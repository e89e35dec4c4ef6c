"""A graph of ONNX answers as its model does, for batches and lengths that it was not traced with, or is refused."""

import hashlib
import json
import re
import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch
import transformers
from small_bundles import SIZE, TEXTS, bundle, student

from distill.errors import ModelError
from distill.export import Source, exporter
from distill.export import onnx as onnx_format
from distill.inference.onnx_runtime import OnnxRuntime
from distill.inference.onnx_session import OnnxSession
from distill.inference.runtime import CPU
from distill.models import loading
from distill.models.bilstm import BiLstmConfig
from distill.tasks.collating import model_inputs

EARLIER = {**SIZE, "max_position_embeddings": 66, "pad_token_id": 0}
ARCHITECTURES = {
    "bert": lambda size: transformers.BertConfig(**SIZE, **size),
    "roberta": lambda size: transformers.RobertaConfig(**EARLIER, **size),
    "xlm-roberta": lambda size: transformers.XLMRobertaConfig(**EARLIER, **size),
    "camembert": lambda size: transformers.CamembertConfig(**EARLIER, **size),
    "distilbert": lambda size: transformers.DistilBertConfig(
        dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=64, **size
    ),
    "electra": lambda size: transformers.ElectraConfig(**SIZE, embedding_size=12, **size),
    "deberta": lambda size: transformers.DebertaConfig(
        **SIZE, relative_attention=True, pos_att_type=["c2p", "p2c"], **size
    ),
    "deberta-v2": lambda size: transformers.DebertaV2Config(
        **SIZE, relative_attention=True, pos_att_type=["c2p", "p2c"], position_buckets=8, share_att_key=True,
        norm_rel_ebd="layer_norm", position_biased_input=False, type_vocab_size=0, **size,
    ),
    "mpnet": lambda size: transformers.MPNetConfig(**EARLIER, **size),
    "albert": lambda size: transformers.AlbertConfig(**SIZE, embedding_size=12, **size),
    "modernbert": lambda size: transformers.ModernBertConfig(
        **SIZE, global_attn_every_n_layers=2, local_attention=8, pad_token_id=0, bos_token_id=2, eos_token_id=3,
        cls_token_id=2, sep_token_id=3, **size,
    ),
    "bilstm": lambda size: BiLstmConfig(embedding_size=12, lstm_size=8, num_hidden_layers=2, **size),
}  # fmt: skip
RUNS = [
    *((name, ("classification", "token_classification")[number % 2]) for number, name in enumerate(ARCHITECTURES)),
    *(("bert", name) for name in ("token_classification", "relation_extraction", "question_answering")),
    ("deberta-v2", "question_answering"), ("bilstm", "pair_classification"),
]  # fmt: skip


def refused(message):
    return pytest.raises(ModelError, match=f"^{re.escape(message)}$")


def both(folder, setup):
    """The student as its folder holds it, and as its graph does."""
    tokenizer = loading.load_tokenizer(folder)
    return [exporter(name).open(folder / place, setup, tokenizer, CPU) for name, place in
            (("huggingface", "."), ("onnx", "onnx"))], tokenizer  # fmt: skip


def batch_of(tokenizer, texts):
    encoded = tokenizer(texts, truncation=True, max_length=32)
    return model_inputs({name: encoded[name] for name in encoded}, tokenizer.pad_token_id)


@pytest.mark.parametrize(("architecture", "task"), RUNS, ids=lambda part: part)
def test_a_graph_answers_as_its_student_for_other_batches_and_lengths(tmp_path, architecture, task):
    folder, setup = bundle(
        tmp_path, task, lambda tokenizer: ARCHITECTURES[architecture]({"vocab_size": len(tokenizer)})
    )
    (expected, graph), tokenizer = both(folder, setup)
    for texts in (["a"], [TEXTS[0]], [*TEXTS, "good film", "a"], [TEXTS[1] * 3], ["old old", "film"] * 4):
        batch = batch_of(tokenizer, texts)
        with torch.inference_mode():
            right, answer = expected.logits(batch), graph.logits(batch)
        read = batch["attention_mask"].bool() if right.ndim == 3 else torch.ones(len(right), dtype=torch.bool)
        assert right[read].std() > 1e-3
        torch.testing.assert_close(answer[read], right[read], rtol=0, atol=1e-4)
    assert graph.parameters == expected.parameters
    assert graph.description == expected.description
    assert graph.labels == tuple(setup.outputs)


def test_a_graph_is_one_file_of_standard_operators_that_says_what_it_is(tmp_path):
    folder, setup = bundle(tmp_path, "classification")
    assert [path.name for path in (folder / "onnx").iterdir()] == ["model.onnx"]
    graph = onnx.load_model(folder / "onnx" / "model.onnx", load_external_data=False)
    assert {node.domain for node in graph.graph.node} == {""}
    assert not any(tensor.external_data for tensor in graph.graph.initializer)
    assert [(entry.domain, entry.version) for entry in graph.opset_import] == [("", 17)]
    axes = {value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
            for value in (*graph.graph.input, *graph.graph.output)}  # fmt: skip
    assert axes == {
        **{name: ["batch", "tokens"] for name in ("input_ids", "attention_mask", "token_type_ids")},
        "logits": ["batch", 3],
    }  # fmt: skip
    session = OnnxSession.open(folder / "onnx" / "model.onnx")
    assert session.outputs == setup.labels
    assert session.metadata["task"] == "classification"
    assert json.loads(session.metadata["versions"])["onnx"] == onnx.__version__
    assert session.metadata["student"] == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def test_the_graph_of_answers_has_their_ends_by_themselves_too(tmp_path):
    folder, _ = bundle(tmp_path, "question_answering", formats=("onnx",))
    session = OnnxSession.open(folder / "onnx" / "model.onnx")
    assert [value.name for value in session.session.get_outputs()] == ["logits", "start_logits", "end_logits"]
    batch = {name: np.ones((2, 5), dtype=np.int64) for name in session.inputs}
    logits, start, end = session.session.run(None, batch)
    np.testing.assert_array_equal(session.run(batch), np.stack([start, end], axis=-1))
    np.testing.assert_array_equal(logits, session.run(batch))


def test_a_student_of_double_precision_becomes_a_graph_of_single_precision(tmp_path):
    folder, setup = bundle(tmp_path, "classification", double=True)
    graph = onnx.load_model(folder / "onnx" / "model.onnx")
    assert onnx.TensorProto.DOUBLE not in {tensor.data_type for tensor in graph.graph.initializer}
    (expected, session), tokenizer = both(folder, setup)
    batch = batch_of(tokenizer, list(TEXTS))
    with torch.inference_mode():
        torch.testing.assert_close(session.logits(batch), expected.logits(batch), rtol=0, atol=1e-4)


def test_the_tracer_warns_nobody(tmp_path, capfd, recwarn):
    for task, name in (("classification", "deberta-v2"), ("token_classification", "bilstm")):
        bundle(tmp_path / name, task, lambda tokenizer, name=name: ARCHITECTURES[name]({"vocab_size": len(tokenizer)}))
    assert tuple(capfd.readouterr()) == ("", "")
    assert not [str(warning.message) for warning in recwarn if "trac" in str(warning.message).lower()]


def test_an_architecture_that_decides_by_the_shape_of_its_batch_is_refused(tmp_path, monkeypatch):
    right = transformers.BertForSequenceClassification.forward

    def shaped(self, input_ids, **inputs):
        answer = right(self, input_ids, **inputs)
        answer["logits"] = answer["logits"] + 0.001 * int(input_ids.shape[1])
        return answer

    monkeypatch.setattr(transformers.BertForSequenceClassification, "forward", shaped)
    message = (
        "models of the kind bert cannot be traced: a batch of 1 of 32 tokens is answered otherwise by the graph than "
        "by the model"
    )
    with refused(message):
        bundle(tmp_path, "classification", formats=("onnx",))


def test_an_architecture_with_an_operator_that_onnx_lacks_is_refused_with_the_reason(tmp_path, monkeypatch):
    right = transformers.BertForSequenceClassification.forward

    def unknown(self, input_ids, **inputs):
        answer = right(self, input_ids, **inputs)
        answer["logits"] = answer["logits"] * torch.linalg.matrix_exp(torch.eye(3) * answer["logits"].sum()).sum()
        return answer

    monkeypatch.setattr(transformers.BertForSequenceClassification, "forward", unknown)
    with pytest.raises(ModelError, match=r"^models of the kind bert cannot be traced \(.*matrix_exp"):
        bundle(tmp_path, "classification", formats=("onnx",))


def test_weights_that_do_not_fit_into_one_file_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("distill.export.onnx_graph._LARGEST", 1000)
    with pytest.raises(ModelError, match=r"^its weights have [\d,]+ bytes, and a file of ONNX has 1,000 at most$"):
        bundle(tmp_path, "classification", formats=("onnx",))


@pytest.mark.parametrize("name", ["translation", "summarization", "dialogue"])
def test_a_task_that_writes_has_no_graph(tmp_path, name):
    from distill.tasks import EncodingSpec, task
    from distill.tasks.setup import TaskSetup

    setup = TaskSetup(name, task(name), EncodingSpec())
    reason = f"{name} writes token by token, which takes several graphs and a loop around them"
    assert onnx_format.refuses(setup) == reason
    with refused(f"onnx: {reason}"):
        onnx_format.write(Source(tmp_path, setup, {}), tmp_path / "onnx")


def test_outputs_are_matched_with_the_tasks_by_their_names(tmp_path):
    folder, setup = bundle(tmp_path, "classification", formats=("onnx",))
    session = OnnxSession.open(folder / "onnx" / "model.onnx")
    batch = {name: torch.ones(1, 4, dtype=torch.long) for name in session.inputs}
    usual, turned = OnnxRuntime(session, setup.labels), OnnxRuntime(session, setup.labels[::-1])
    assert torch.equal(turned.logits(batch), usual.logits(batch).flip(-1))
    with refused(f"{session.path} has no output named other, only good, bad, fair"):
        OnnxRuntime(session, ["other"])


def test_a_file_that_is_no_graph_of_a_task_is_refused(tmp_path):
    missing, text, sums = tmp_path / "a.onnx", tmp_path / "b.onnx", tmp_path / "c.onnx"
    with refused(f"{missing} is no file: give a folder that was exported with this format"):
        OnnxSession.open(missing)
    text.write_text("no graph", encoding="utf-8")
    with pytest.raises(ModelError, match=f"^{re.escape(str(text))} is no graph that ONNX Runtime opens \\("):
        OnnxSession.open(text)
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.INT64, [1])
    other = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.INT64, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Neg", ["x"], ["y"])], "sums", [value], [other])
    onnx.save_model(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), sums)
    with refused(f"{sums} has no output named logits: give a folder that was exported with this format"):
        OnnxSession.open(sums)


def test_a_batch_that_a_graph_cannot_read_is_refused(tmp_path, capfd):
    folder, _ = bundle(tmp_path, "classification", formats=("onnx",))
    session = OnnxSession.open(folder / "onnx" / "model.onnx")
    ids, ones = np.full((1, 4), 7), np.ones((1, 4))
    np.testing.assert_array_equal(
        session.run({"input_ids": ids, "attention_mask": ones}),
        session.run({"input_ids": ids, "attention_mask": ones, "token_type_ids": 0 * ids, "labels": ids}),
    )
    with refused(f"{session.path} reads attention_mask, which the tokenizer does not give"):
        session.run({"input_ids": ids})
    with pytest.raises(ModelError, match=r"does not answer .*: its tokenizer seems to be of another model$"):
        session.run({"input_ids": ids + 10_000, "attention_mask": ones})
    assert tuple(capfd.readouterr()) == ("", "")


def test_a_graph_is_asked_without_torch_and_missing_onnxruntime_is_named(tmp_path):
    folder, _ = bundle(tmp_path, "classification", formats=("onnx",))
    program = f"""
import sys
sys.modules.update(dict.fromkeys(("torch", "transformers", "onnx")))
from pathlib import Path
from distill.errors import ModelError
from distill.inference.onnx_session import OnnxSession
path = Path({str(folder / "onnx" / "model.onnx")!r})
print(OnnxSession.open(path, threads=1).run({{name: [[5, 6]] for name in ("input_ids", "attention_mask")}}).shape)
sys.modules["onnxruntime"] = None
try:
    OnnxSession.open(path)
except ModelError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "(1, 3)",
        f"{folder}/onnx/model.onnx is opened by onnxruntime, which is not installed; pip install 'distill[serve]' "
        "brings it",
    ]


def test_a_graph_does_not_write(tmp_path):
    folder, setup = bundle(tmp_path, "classification", formats=("onnx",))
    graph = onnx_format.opened(folder / "onnx", setup, None, CPU)
    with refused(f"{graph.name} holds a model that does not write"):
        graph.generate({}, {})


def test_what_cannot_be_an_exported_student_says_so(tmp_path):
    setup = student(tmp_path / "model", "classification")
    (tmp_path / "model" / "model.safetensors").unlink()
    with pytest.raises(ModelError):
        onnx_format.write(Source(tmp_path / "model", setup, {}), tmp_path / "onnx")
