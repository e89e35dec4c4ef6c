"""Terms that compare what an architecture has not one of for each token are refused before the first stage."""

import re

import pytest
import transformers as hf
from run_parts import spec_of

from distill.config.schema import Config
from distill.errors import ConfigError, ModelError
from distill.models.on_meta import outputs_on_meta
from distill.pipeline.compared_states import refuse_other_shapes

SIZE = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
LONGFORMER = hf.LongformerConfig(**SIZE, attention_window=[4, 4], max_position_embeddings=40, pad_token_id=1)
FUNNEL = hf.FunnelConfig(vocab_size=40, d_model=16, n_head=2, d_head=8, d_inner=16, block_sizes=[1, 1])
BART = hf.BartConfig(
    vocab_size=40, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
    decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
)  # fmt: skip
HEAD = "AutoModelForSequenceClassification"


def spec():
    config = Config()
    config.distill.cka.weight, config.distill.hidden.weight = 0.0, 0.5
    return spec_of(config)


def test_pooled_states_are_refused():
    message = (
        "distill.hidden.weight=0.5: funnel models do not have a hidden state for each token in all layers, which are "
        "compared; allowed is 0"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        refuse_other_shapes(spec(), {"teacher_hidden"}, [hf.BertConfig(**SIZE), FUNNEL])


@pytest.mark.parametrize("needs", ["teacher_qkv", "teacher_attentions"])
def test_projections_of_another_layout_are_refused(needs):
    with pytest.raises(ModelError, match=r"^longformer models: queries, keys and values do not come one for each"):
        refuse_other_shapes(spec(), {needs}, [hf.BertConfig(**SIZE), LONGFORMER])


@pytest.mark.parametrize("config", [LONGFORMER, BART, hf.BertConfig(**SIZE), hf.GPT2Config(n_embd=16, n_head=2)])
def test_states_of_each_token_are_taken(config):
    refuse_other_shapes(spec(), {"teacher_hidden", "student_hidden"}, [config])


def test_nothing_is_asked_of_a_model_where_logits_alone_are_compared():
    refuse_other_shapes(spec(), {"teacher_logits"}, [FUNNEL])


def test_shapes_are_known_of_models_that_look_at_numbers_and_not_of_heads_that_count():
    assert [
        states.shape for states in outputs_on_meta(LONGFORMER, HEAD, hidden=True, attentions=False, qkv=False).hidden
    ] == ([(2, 7, 16)] * 3)
    assert outputs_on_meta(BART, HEAD, hidden=True, attentions=False, qkv=False) is None
