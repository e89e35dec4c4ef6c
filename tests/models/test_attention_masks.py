"""A mask that is made for every batch changes no answer, with padding or without, of models that read either way."""

import pytest
import torch
from transformers import BertConfig, BertModel, GPT2Config, GPT2Model
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS

from distill.models import attention_masks

SIZES = {"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
MODELS = {
    "bert": lambda: BertModel(BertConfig(**SIZES, intermediate_size=8)),
    "gpt2": lambda: GPT2Model(GPT2Config(vocab_size=20, n_embd=8, n_layer=2, n_head=2)),
}


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_models_answer_alike(name, padded):
    model = MODELS[name]().double().eval()
    mask = torch.ones(2, 5, dtype=torch.int64)
    if padded:
        mask[1, 3:] = 0
    inputs = {"input_ids": torch.arange(10).view(2, 5), "attention_mask": mask}
    expected = model(**inputs).last_hidden_state
    with attention_masks.always_made(torch.device("cuda")):
        found = model(**inputs).last_hidden_state
    real = mask.bool()
    assert torch.allclose(found[real], expected[real], rtol=0, atol=1e-14)
    assert torch.equal(model(**inputs).last_hidden_state, expected)


def test_on_a_cpu_nothing_changes():
    usual = ALL_MASK_ATTENTION_FUNCTIONS["sdpa"]
    with attention_masks.always_made(torch.device("cpu")):
        assert ALL_MASK_ATTENTION_FUNCTIONS["sdpa"] is usual
