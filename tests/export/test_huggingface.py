"""An exported folder gives the answers that were scored, in the precision in which they were scored."""

import json
import math

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertForSequenceClassification

from distill.errors import ModelError
from distill.export import huggingface
from distill.models import loading
from distill.models.tokenizer_training import train

SIZE = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}


@pytest.mark.parametrize("place", [0, 5])
@pytest.mark.parametrize("value", [math.nan, math.inf, 1e-2])
def test_logits_that_differ_or_are_no_numbers_are_not_called_the_same(place, value):
    expected = torch.arange(6.0).view(3, 2)
    assert huggingface.drift(expected + 1e-5, expected) == pytest.approx(1e-5, rel=0.1)
    said = r"the exported folder's logits differ by up to (nan|inf|0.01) from the student's"
    for exported, kept in ((True, False), (False, True)):
        pair = [expected.clone(), expected.clone()]
        for spoilt, logits in zip((exported, kept), pair, strict=True):
            logits.view(-1)[place] += value if spoilt else 0.0
        with pytest.raises(ModelError, match=f"^{said}$"):
            huggingface.drift(*pair)


def test_a_model_of_double_precision_is_exported_in_the_precision_in_which_it_was_scored(tmp_path):
    tokenizer = train("encoder", ["the film is good", "the plot is bad"], vocab_size=60, max_length=16)
    model = BertForSequenceClassification(BertConfig(vocab_size=len(tokenizer), **SIZE)).double()
    loading.save(model, tokenizer, tmp_path / "model")
    weights = load_file(tmp_path / "model" / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float64}
    huggingface.write(tmp_path / "model", tmp_path / "export", 16, {})
    exported = load_file(tmp_path / "export" / "model.safetensors")
    assert exported.keys() == weights.keys()
    assert all(torch.equal(exported[name], weights[name].float()) for name in weights)
    assert json.loads((tmp_path / "export" / "config.json").read_text())["dtype"] == "float32"
    assert {weight.dtype for weight in load_file(tmp_path / "model" / "model.safetensors").values()} == {torch.float64}
