"""A temperature in the weights of a head: every runtime divides, and no decision changes."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from small_bundles import student
from transformers import BertConfig

from distill.errors import ModelError
from distill.models import bilstm, loading, temperature

TASKS = (
    "classification",
    "multilabel_classification",
    "token_classification",
    "relation_extraction",
    "question_answering",
)


def logits(folder, head):
    model = loading.load_model(folder, head)
    model.train(False)
    with torch.no_grad():
        answer = model(input_ids=torch.tensor([[2, 8, 9, 17, 3], [2, 30, 12, 7, 3]]))
    return answer.logits if "logits" in answer else torch.stack([answer.start_logits, answer.end_logits])


@pytest.mark.parametrize("name", TASKS)
def test_logits_are_divided_and_all_else_stays(tmp_path, name):
    head = student(tmp_path / "model", name).task.head
    temperature.fold(tmp_path / "model", tmp_path / "divided", head, 2.5)
    before, after = (logits(tmp_path / folder, head) for folder in ("model", "divided"))
    torch.testing.assert_close(after, before / 2.5, rtol=1e-5, atol=1e-6)
    assert (tmp_path / "divided" / "config.json").read_bytes() == (tmp_path / "model" / "config.json").read_bytes()
    one, other = (load_file(tmp_path / folder / "model.safetensors") for folder in ("model", "divided"))
    changed = {key for key in one if not torch.equal(one[key], other[key])}
    assert len({key.rpartition(".")[0] for key in changed}) == 1


def test_a_student_without_attention_is_divided_too(tmp_path):
    def small(tokenizer):
        return bilstm.BiLstmConfig(len(tokenizer), embedding_size=8, lstm_size=6, pad_token_id=tokenizer.pad_token_id)

    head = student(tmp_path / "model", "classification", small).task.head
    temperature.fold(tmp_path / "model", tmp_path / "divided", head, 0.5)
    before, after = (logits(tmp_path / folder, head) for folder in ("model", "divided"))
    torch.testing.assert_close(after, 2 * before)


def test_weights_under_another_name_are_refused(tmp_path):
    head = student(tmp_path / "model", "classification").task.head
    path = tmp_path / "model" / "model.safetensors"
    weights = load_file(path)
    save_file({key.replace("classifier", "other"): value for key, value in weights.items()}, path, {"format": "pt"})
    with pytest.raises(ModelError, match="keeps the weights of its head under another name than classifier"):
        temperature.fold(tmp_path / "model", tmp_path / "divided", head, 2.0)


def test_a_head_that_is_not_linear_is_refused():
    config = BertConfig(num_labels=7, hidden_size=16, num_attention_heads=2, intermediate_size=24, num_hidden_layers=1)
    with pytest.raises(ModelError, match="the logits of bert do not come from one linear layer"):
        temperature.head_layer(config, "AutoModel")
