"""A Hugging Face folder as a runtime, and what asks runtimes knows nothing of transformers' models."""

import ast
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from distill.inference.runtime import CPU, StatesRuntime
from distill.inference.torch_runtime import TorchRuntime
from distill.models import loading
from distill.models.tokenizer_training import train

PACKAGE = Path(__file__).parents[2] / "distill"
ASKING = sorted(
    path.relative_to(PACKAGE)
    for pattern in ("inference/*.py", "export/*.py", "stages/evaluate.py", "stages/export.py", "stages/teach.py")
    for path in PACKAGE.glob(pattern)
)
KNOW_MODELS = {
    "inference/torch_runtime.py", "inference/generation.py", "inference/generation_ensemble.py",
    "inference/word_replacement.py", "export/onnx.py", "export/onnx_graph.py", "export/onnx_probes.py",
}  # fmt: skip
"""What runs such models, or traces them."""
BATCH = {
    "input_ids": torch.tensor([[2, 5, 6, 3], [2, 7, 3, 0]]),
    "attention_mask": torch.tensor([[1] * 4, [1, 1, 1, 0]]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("model")
    tokenizer = train("encoder", ["the film is good", "the plot is bad"], vocab_size=60, max_length=16)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=8,
        num_labels=3, initializer_range=0.5,
    )  # fmt: skip
    loading.save(BertForSequenceClassification(config), tokenizer, folder)
    return folder


def opened(folder, **given):
    head = "AutoModelForSequenceClassification"
    return TorchRuntime.load(folder, head, loading.load_tokenizer(folder), **given)


def test_outputs_come_in_the_order_of_the_task(folder):
    plain, ordered = opened(folder), opened(folder, columns=[2, 0], labels=["c", "a"])
    with torch.inference_mode():
        assert torch.equal(ordered.logits(BATCH), plain.logits(BATCH)[:, [2, 0]])
    assert (plain.labels, ordered.labels) == ((), ("c", "a"))


def test_the_same_batch_has_the_same_answer_since_nothing_is_dropped(folder):
    runtime = opened(folder)
    runtime.model.train(True)
    runtime = TorchRuntime(runtime.model)
    assert not runtime.model.training
    with torch.inference_mode():
        assert torch.equal(runtime.logits(BATCH), runtime.logits(BATCH))


def test_hidden_states_come_with_the_logits_and_the_mask(folder):
    runtime = opened(folder, columns=[1])
    assert isinstance(runtime, StatesRuntime)
    with torch.inference_mode():
        answer = runtime.outputs(BATCH, hidden=True)
        assert torch.equal(answer.logits, runtime.logits(BATCH))
    assert [tuple(states.shape) for states in answer.hidden] == [(2, 4, 8)] * 3
    assert torch.equal(answer.mask, BATCH["attention_mask"].bool())


def test_a_model_answers_in_the_precision_that_is_asked_for(folder):
    with torch.inference_mode():
        assert opened(folder, dtype=torch.float64).logits(BATCH).dtype == torch.float64
        assert opened(folder).logits(BATCH).dtype == torch.float32


def test_a_model_says_what_it_is(folder):
    runtime = opened(folder)
    assert runtime.name == str(folder)
    assert runtime.device == CPU
    assert runtime.description == "bert, 2 layers of width 8"
    assert runtime.bytes == (folder / "model.safetensors").stat().st_size
    assert runtime.parameters == sum(weight.numel() for weight in runtime.model.parameters())


@pytest.mark.parametrize("path", [path for path in ASKING if path.as_posix() not in KNOW_MODELS], ids=str)
def test_whoever_asks_a_runtime_knows_no_model_of_transformers(path):
    names = set()
    for node in ast.walk(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute):
            names.add(f"….{node.attr}")
    assert not names & {"transformers.PreTrainedModel", "distill.models.forward.outputs", "….load_model"}
    assert not any(name.startswith("pytorch_lightning") for name in names)
