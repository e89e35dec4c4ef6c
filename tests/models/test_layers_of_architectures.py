"""Students of some layers, for each architecture: they answer as the teacher would with only these layers."""

import copy
import re

import pytest
import torch
import transformers
from torch import nn
from transformers import (
    AlbertConfig,
    BartConfig,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    Gemma3TextConfig,
    GPT2Config,
    GPTNeoConfig,
    LlamaConfig,
    LongformerConfig,
    MarianConfig,
    ModernBertConfig,
    Qwen2Config,
    Qwen3Config,
    RobertaConfig,
    T5Config,
    XLMConfig,
    XLNetConfig,
)

from distill.errors import ModelError
from distill.models import loading
from distill.models.forward import outputs
from distill.student.from_layers import from_layers

TEXT, WRITE, PAIR = (
    f"AutoModelFor{name}" for name in ("SequenceClassification", "CausalLM", "Seq2SeqLM")
)  # fmt: skip
SIZE = {"vocab_size": 40, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 16, "pad_token_id": 0}
BERT = {**SIZE, "hidden_size": 16}
ENDS = {"bos_token_id": 1, "eos_token_id": 2}
LLAMA = {**BERT, **ENDS, "num_key_value_heads": 1}
BART = {
    "vocab_size": 40, "d_model": 16, "encoder_layers": 4, "decoder_layers": 4, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "pad_token_id": 0, **ENDS,
    "decoder_start_token_id": 2, "max_position_embeddings": 32,
}  # fmt: skip
DEBERTA = {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_buckets": 4, "share_att_key": True}
MADE = {
    "bert": (TEXT, lambda: BertConfig(**BERT)),
    "distilbert": (TEXT, lambda: DistilBertConfig(vocab_size=40, dim=16, n_layers=4, n_heads=2, hidden_dim=16)),
    "roberta": (TEXT, lambda: RobertaConfig(**BERT)),
    "electra": (TEXT, lambda: ElectraConfig(embedding_size=8, **BERT)),
    "deberta-v2": (
        TEXT, lambda: DebertaV2Config(norm_rel_ebd="layer_norm", conv_kernel_size=3, **DEBERTA, **BERT),
    ),
    "modernbert": (
        TEXT, lambda: ModernBertConfig(local_attention=4, cls_token_id=1, sep_token_id=2, **ENDS, **BERT),
    ),
    "gpt2": (WRITE, lambda: GPT2Config(vocab_size=40, n_embd=16, n_layer=4, n_head=2, **ENDS)),
    "gpt_neo": (
        WRITE,
        lambda: GPTNeoConfig(
            vocab_size=40, hidden_size=16, num_layers=4, num_heads=2, window_size=3,
            attention_types=[[["global", "local"], 2]], **ENDS,
        ),
    ),
    "llama": (WRITE, lambda: LlamaConfig(**LLAMA)),
    "qwen2": (WRITE, lambda: Qwen2Config(use_sliding_window=True, sliding_window=3, max_window_layers=2, **LLAMA)),
    "qwen3": (WRITE, lambda: Qwen3Config(head_dim=8, **LLAMA)),
    "gemma3": (
        WRITE,
        lambda: Gemma3TextConfig(
            head_dim=8, sliding_window=3, layer_types=["sliding_attention", "full_attention"] * 2, **LLAMA
        ),
    ),
    "t5": (
        PAIR,
        lambda: T5Config(
            vocab_size=40, d_model=16, d_kv=8, d_ff=16, num_layers=4, num_heads=2, pad_token_id=0,
            decoder_start_token_id=0, relative_attention_num_buckets=4,
        ),
    ),
    "t5 with a head of its own": (
        PAIR,
        lambda: T5Config(vocab_size=40, d_model=16, d_kv=8, d_ff=16, num_layers=4, num_heads=2, pad_token_id=0,
                         decoder_start_token_id=0, relative_attention_num_buckets=4, tie_word_embeddings=False),
    ),
    "bart": (PAIR, lambda: BartConfig(**BART)),
    "marian": (PAIR, lambda: MarianConfig(**BART)),
}  # fmt: skip
UNEVEN = [(0, 3), (0, 2, 3)]
"""Choices that begin with layer 0, as ModernBERT asks, and give layers other numbers than they had."""
STACKS = ("layer", "layers", "h", "block")
IDS = torch.tensor([[1, 5, 6, 9, 8, 7, 3, 2], [1, 7, 9, 4, 2, 0, 0, 0]])
BATCH = {"input_ids": IDS, "attention_mask": (IDS != 0).long()}


def teacher(name):
    """A random one, with weights large enough that each layer matters."""
    head, config = MADE[name]
    torch.manual_seed(3)
    model = loading.from_config(config(), head).eval()
    if "head of its own" in name:  # from_config ties T5's, whatever its configuration says
        model.lm_head.weight = nn.Parameter(model.lm_head.weight.detach().clone())
    with torch.no_grad():
        for weight in (each for each in model.parameters() if each.requires_grad):
            weight.add_(0.2 * torch.randn_like(weight))
    return head, model


def running_only(model, chosen):
    """A twin of the model whose lists of layers hold only the chosen modules themselves."""
    twin = copy.deepcopy(model)
    for module in list(twin.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.ModuleList) and name in STACKS and len(child) == 4:
                setattr(module, name, nn.ModuleList([child[layer] for layer in chosen]))
                if hasattr(module, "config"):
                    module.config.num_hidden_layers = len(chosen)
    for layers in (each for each in twin.modules() if isinstance(each, nn.ModuleList)):
        bias = getattr(getattr(getattr(layers[0], "layer", [None])[0], "SelfAttention", None), "q", None)
        if bias is not None and chosen[0] != 0:
            move_relative_positions(model, twin, layers)
    if isinstance(getattr(model.config, "layer_types", None), list):
        kinds = [model.config.layer_types[layer] for layer in chosen]
        for module in twin.modules():
            if hasattr(module, "config"):
                module.config.layer_types = kinds
    return twin


def move_relative_positions(model, twin, layers):
    """T5: the first block owns the relative positions of its whole stack."""
    (stack,) = (name for name in ("encoder", "decoder") if getattr(twin, name).block is layers)
    own = getattr(model, stack).block[0].layer[0].SelfAttention
    first = layers[0].layer[0].SelfAttention
    first.has_relative_attention_bias, first.relative_attention_bias = True, own.relative_attention_bias


def logits(model):
    more = {"use_cache": False} if model.can_generate() else {}
    if model.config.is_encoder_decoder:
        more["decoder_input_ids"] = IDS[:, :4]
    with torch.no_grad():
        return model(**BATCH, **more).logits


@pytest.mark.parametrize("layers", [(0,), (0, 1)])
@pytest.mark.parametrize("name", MADE)
def test_the_states_of_equal_layers_are_equal_also_where_one_model_ends_and_the_other_goes_on(name, layers):
    head, model = teacher(name)
    student = from_layers(model, layers, None, head, dropout=0.0).eval()
    batch = {**BATCH, "target_ids": IDS[:, 1:4]} if model.config.is_encoder_decoder else BATCH
    with torch.no_grad():
        mine, theirs = (outputs(each, batch, hidden=True).hidden for each in (student, model))
    assert len(mine) == 1 + len(layers)
    assert len(theirs) == 5
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(mine, theirs, strict=False))
    assert not torch.allclose(theirs[-1], theirs[-2])


@pytest.mark.parametrize("config", [
    LongformerConfig(attention_window=[4, 4], max_position_embeddings=40, **{**BERT, "num_hidden_layers": 2}),
    XLMConfig(vocab_size=40, emb_dim=16, n_layers=2, n_heads=2, pad_index=0),
    XLNetConfig(vocab_size=40, d_model=16, n_layer=2, n_head=2, d_inner=16),
    AlbertConfig(embedding_size=8, inner_group_num=2, **{**BERT, "num_hidden_layers": 2}),
], ids=lambda config: config.model_type)  # fmt: skip
def test_states_come_as_transformers_gives_them_where_the_last_layer_is_not_plainly_one(config):
    torch.manual_seed(0)
    model = loading.from_config(config, TEXT).eval()
    with torch.no_grad():
        expected = model(**BATCH, output_hidden_states=True).hidden_states
        found = outputs(model, BATCH, hidden=True).hidden
    assert len(found) == len(expected)
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(found, expected, strict=True))


def test_a_student_of_longformer_has_the_windows_of_its_layers():
    torch.manual_seed(0)
    config = LongformerConfig(attention_window=[4, 8], max_position_embeddings=40, **{**BERT, "num_hidden_layers": 2})
    student = from_layers(loading.from_config(config, TEXT), [1], None, TEXT, dropout=0.0)
    assert student.config.attention_window == [8]


@pytest.mark.parametrize("name", MADE)
def test_a_student_answers_as_the_teacher_would_with_only_the_chosen_layers(name, tmp_path):
    head, model = teacher(name)
    for chosen in UNEVEN if name == "modernbert" else [*UNEVEN, (1, 3), (2, 1)]:
        student = from_layers(model, chosen, None, head, dropout=0.0).eval()
        assert torch.allclose(logits(student), logits(running_only(model, chosen)), atol=1e-6), chosen
        assert not torch.allclose(logits(student), logits(model), atol=1e-2), chosen
    loading.from_config(model.config, head)  # the teacher's own configuration still makes the whole model
    student.save_pretrained(tmp_path)
    read = getattr(transformers, head).from_pretrained(tmp_path).eval()
    assert torch.equal(logits(read), logits(student))
    assert read.config.num_hidden_layers == len(chosen)


@pytest.mark.parametrize("name", MADE)
def test_a_student_of_all_layers_is_the_teacher(name):
    head, model = teacher(name)
    assert torch.equal(logits(from_layers(model, range(4), None, head, dropout=0.0).eval()), logits(model))


def refused(name, chosen, message, **changes):
    head, model = teacher(name)
    for key, value in changes.items():
        setattr(model.config, key, value)
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        from_layers(model, chosen, None, head, dropout=0.0)


def test_modernbert_has_no_norm_in_its_first_layer_for_another_one_to_use():
    refused(
        "modernbert", (1, 3),
        "modernbert models: the teacher's layer 1 cannot become layer 0 of the student: it has, unlike it, "
        "attn_norm.weight; choose others, such as student.layer_map=first",
    )  # fmt: skip
    refused(
        "modernbert", (0, 0),
        "modernbert models: the teacher's layer 0 cannot become layer 1 of the student: it lacks attn_norm.weight; "
        "choose others, such as student.layer_map=first",
    )  # fmt: skip


def test_attention_that_is_weighed_by_the_place_of_a_layer_is_refused():
    message = (
        "gpt2 models with scale_attn_by_inverse_layer_idx weigh attention by the place of a layer; "
        "allowed is student.layer_map=first"
    )
    refused("gpt2", (1, 3), message, scale_attn_by_inverse_layer_idx=True)


def test_stacks_of_other_depths_are_refused():
    config = T5Config(vocab_size=40, d_model=16, d_kv=8, d_ff=16, num_layers=4, num_decoder_layers=2, num_heads=2)
    message = (
        "t5 models: layers are taken from stacks of the same depth, not of num_hidden_layers=4, num_layers=4, "
        "num_decoder_layers=2"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        from_layers(loading.from_config(config, PAIR), (0, 1), None, PAIR, dropout=0.0)


def test_layers_that_share_their_weights_are_refused_with_the_students_that_need_none():
    config = AlbertConfig(embedding_size=8, **BERT)
    message = (
        "the teacher's 4 layers cannot be told from its weights' names, as where layers share their weights (ALBERT); "
        "take a student of a size of its own: student=scratch_tiny, whose student.init is random"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        from_layers(loading.from_config(config, TEXT), (0, 1), None, TEXT, dropout=0.0)
