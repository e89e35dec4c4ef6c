"""An exported folder gives the answers that were scored, in the precision in which they were scored."""

import json

import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertForSequenceClassification

from distill.export import Source, huggingface
from distill.models import loading
from distill.models.tokenizer_training import train
from distill.tasks import EncodingSpec, task
from distill.tasks.setup import TaskSetup

SIZE = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}


def test_a_model_of_double_precision_is_exported_in_the_precision_in_which_it_was_scored(tmp_path):
    tokenizer = train("encoder", ["the film is good", "the plot is bad"], vocab_size=60, max_length=16)
    model = BertForSequenceClassification(BertConfig(vocab_size=len(tokenizer), **SIZE)).double()
    loading.save(model, tokenizer, tmp_path / "model")
    weights = load_file(tmp_path / "model" / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float64}
    setup = TaskSetup("classification", task("classification"), EncodingSpec(max_length=16))
    huggingface.write(Source(tmp_path / "model", setup, {}), tmp_path / "export")
    exported = load_file(tmp_path / "export" / "model.safetensors")
    assert exported.keys() == weights.keys()
    assert all(torch.equal(exported[name], weights[name].float()) for name in weights)
    assert json.loads((tmp_path / "export" / "config.json").read_text())["dtype"] == "float32"
    assert {weight.dtype for weight in load_file(tmp_path / "model" / "model.safetensors").values()} == {torch.float64}
    assert loading.load_tokenizer(tmp_path / "export").model_max_length == 16
