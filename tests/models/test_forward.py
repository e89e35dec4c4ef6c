"""Outputs have one state for each token of a text, and a decoder reads what it is to write, moved by one."""

import pytest
import torch
import transformers as hf

from distill.models import loading
from distill.models.forward import outputs

IDS = torch.tensor([[5, 6, 9, 8, 2], [7, 9, 2, 1, 1]])
TARGETS = torch.tensor([[7, 8, 9, 2], [6, 2, -100, -100]])
BATCH = {"input_ids": IDS, "attention_mask": (IDS != 1).long(), "target_ids": TARGETS}
SIZE = {
    "vocab_size": 40, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "pad_token_id": 1, "bos_token_id": 0,
    "eos_token_id": 2, "decoder_start_token_id": 2, "max_position_embeddings": 32, "init_std": 0.5,
}  # fmt: skip
T5 = {
    "vocab_size": 40, "d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 2, "num_heads": 2, "pad_token_id": 1,
    "eos_token_id": 2, "decoder_start_token_id": 1, "relative_attention_num_buckets": 4,
}  # fmt: skip
WRITING = {
    "m2m_100": lambda: hf.M2M100Config(**SIZE),
    "nllb-moe": lambda: hf.NllbMoeConfig(**SIZE, num_experts=2, encoder_sparse_step=0, decoder_sparse_step=0),
    "blenderbot": lambda: hf.BlenderbotConfig(**SIZE),
    "blenderbot-small": lambda: hf.BlenderbotSmallConfig(**SIZE),
    "bart": lambda: hf.BartConfig(**SIZE),
    "pegasus": lambda: hf.PegasusConfig(**SIZE),
    "t5": lambda: hf.T5Config(**T5),
}
BIG_BIRD = {
    "vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16,
    "max_position_embeddings": 64, "attention_type": "block_sparse", "block_size": 4, "num_random_blocks": 1,
    "pad_token_id": 0, "sep_token_id": 2,
}  # fmt: skip


@pytest.mark.parametrize("name", WRITING)
def test_a_writing_model_reads_what_transformers_makes_of_labels(name):
    torch.manual_seed(0)
    model = loading.from_config(WRITING[name](), "AutoModelForSeq2SeqLM").eval()
    inputs = {key: BATCH[key] for key in ("input_ids", "attention_mask")}
    with torch.no_grad():
        expected = model(**inputs, labels=TARGETS, use_cache=False).logits
        assert torch.allclose(outputs(model, BATCH).logits, expected, atol=1e-6)
    assert expected.std(dim=-1).min() > 0


@pytest.mark.filterwarnings("ignore")  # that it fills up, which is what is looked at
def test_what_big_bird_fills_a_text_up_with_has_no_states():
    torch.manual_seed(0)
    model = loading.from_config(hf.BigBirdConfig(**BIG_BIRD), "AutoModelForSequenceClassification").eval()
    ids = torch.randint(3, 40, (2, 45))
    with torch.no_grad():
        plain = model(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True).hidden_states
        found = outputs(model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)}, hidden=True, qkv=True)
        query = model.bert.encoder.layer[1].attention.self.query(plain[1])[:, :45]
    assert plain[0].shape[1] == 48, "the library fills up, so this shows something"
    assert [states.shape for states in found.hidden] == [(2, 45, 16)] * 3
    assert all(torch.equal(mine, theirs[:, :45]) for mine, theirs in zip(found.hidden, plain, strict=True))
    torch.testing.assert_close(found.qkv[1][0], query)


def test_the_last_state_of_a_filled_up_text_comes_before_the_norm_too():
    torch.manual_seed(0)
    sparse = {key: BIG_BIRD[key] for key in ("attention_type", "block_size", "num_random_blocks")}
    config = hf.BigBirdPegasusConfig(**{**SIZE, "max_position_embeddings": 64, "encoder_layers": 2}, **sparse)
    model = loading.from_config(config, "AutoModelForSeq2SeqLM").eval()
    ids = torch.randint(3, 40, (2, 45))
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "target_ids": TARGETS}
    with torch.no_grad():
        found = outputs(model, batch, hidden=True).hidden
        after = model.model.encoder(input_ids=ids, attention_mask=batch["attention_mask"]).last_hidden_state
        assert [states.shape for states in found] == [(2, 45, 16)] * 3
        torch.testing.assert_close(model.model.encoder.layernorm_embedding(found[-1]), after)
    assert not torch.allclose(found[-1], after, atol=1e-3)


@pytest.mark.parametrize("kind", ["T5", "UMT5"])
def test_the_head_of_an_encoder_alone_comes_with_its_states(kind):
    torch.manual_seed(0)
    model = loading.from_config(getattr(hf, f"{kind}Config")(**T5), "AutoModelForTokenClassification").eval()
    assert [states.shape for states in outputs(model, BATCH, hidden=True).hidden] == [(2, 5, 16)] * 3
