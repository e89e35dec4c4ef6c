"""Queries, keys, values and scores are those with which a model really attends."""

import re

import pytest
import torch
import transformers as hf
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode
from torchmetrics import MetricCollection

from distill.errors import ModelError
from distill.models import loading
from distill.models.attention import captured, causal, projections, scores, widths
from distill.models.forward import outputs
from distill.objective import Objective
from distill.objective.terms.attention import Relations
from distill.teacher.live import LiveTeacher
from distill.training.distillation import DistillationModule
from distill.training.optim import Optimization
from distill.training.supervised import TrainingSpec

SMALL = {"vocab_size": 40, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
BERT = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 16}
GROUPED = {**BERT, "num_key_value_heads": 2, "head_dim": 4}
SEQ2SEQ = {
    "d_model": 16, "encoder_layers": 2, "decoder_layers": 1, "encoder_attention_heads": 4, "encoder_ffn_dim": 16,
    "decoder_attention_heads": 4, "decoder_ffn_dim": 16,
}  # fmt: skip
MODELS = {
    "bert": (hf.BertConfig, hf.BertForSequenceClassification, BERT),
    "roberta": (hf.RobertaConfig, hf.RobertaForTokenClassification, BERT),
    "electra": (hf.ElectraConfig, hf.ElectraForSequenceClassification, {**BERT, "embedding_size": 8}),
    "distilbert": (
        hf.DistilBertConfig, hf.DistilBertForQuestionAnswering,
        {"dim": 16, "n_layers": 2, "n_heads": 4, "hidden_dim": 16},
    ),
    "bart": (hf.BartConfig, hf.BartForConditionalGeneration, SEQ2SEQ),
    "marian": (hf.MarianConfig, hf.MarianMTModel, {**SEQ2SEQ, "decoder_start_token_id": 0}),
    "opt": (hf.OPTConfig, hf.OPTForCausalLM, {
        "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 16, "word_embed_proj_dim": 16,
    }),
    "llama": (hf.LlamaConfig, hf.LlamaForSequenceClassification, GROUPED),
    "qwen2": (hf.Qwen2Config, hf.Qwen2ForCausalLM, {**BERT, "num_key_value_heads": 2}),
    "deberta-v2": (hf.DebertaV2Config, hf.DebertaV2ForSequenceClassification, {
        **BERT, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 8,
        "norm_rel_ebd": "layer_norm", "share_att_key": True,
    }),
    "t5": (hf.T5Config, hf.T5ForConditionalGeneration, {
        "d_model": 16, "num_layers": 2, "num_decoder_layers": 1, "num_heads": 4, "d_kv": 4, "d_ff": 16,
        "decoder_start_token_id": 0,
    }),
    "gpt2": (hf.GPT2Config, hf.GPT2ForSequenceClassification, {"n_embd": 16, "n_layer": 2, "n_head": 4}),
    "modernbert": (hf.ModernBertConfig, hf.ModernBertForSequenceClassification, {
        **BERT, "cls_token_id": 1, "sep_token_id": 2,
    }),
}  # fmt: skip
BATCH = {
    "input_ids": torch.tensor([[1, 5, 6, 7, 2], [1, 8, 2, 0, 0]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
    "target_ids": torch.tensor([[5, 6, 2], [7, 2, -100]]),
    "key": torch.tensor([1, 2]),
}


def made(name, **more):
    torch.manual_seed(0)
    config, head, size = MODELS[name]
    return head(config(**SMALL, **size, **more)).eval()


@pytest.mark.parametrize("name", MODELS)
def test_each_architecture_gives_queries_keys_and_values_of_every_layer_with_a_gradient(name):
    model = made(name)
    wide, narrow = widths(model.config)
    assert wide == 16
    said = outputs(model, BATCH, qkv=True, attentions=True, hidden=True)
    assert [[part.shape for part in layer] for layer in said.qkv] == [
        [(2, 5, wide), (2, 5, narrow), (2, 5, narrow)]
    ] * 2
    assert [each.shape for each in said.attentions] == [(2, 4, 5, 5)] * 2
    assert len(said.hidden) == 3
    sum(part.square().sum() for part in said.qkv[1]).backward()
    assert any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in model.parameters())


@pytest.mark.parametrize("name", ["bert", "roberta", "distilbert", "bart", "gpt2", "opt"])
def test_the_softmax_of_the_scores_is_what_eager_attention_attends_with(name):
    model = made(name, attn_implementation="eager")
    said = outputs(model, BATCH, attentions=True)
    inputs = {key: BATCH[key] for key in ("input_ids", "attention_mask")}
    if model.config.is_encoder_decoder:
        eager = model.get_encoder()(**inputs, output_attentions=True).attentions
    else:
        eager = model(**inputs, output_attentions=True).attentions
    seen = BATCH["attention_mask"].bool()[:, None, None, :]
    if causal(model.config):
        seen = seen & torch.ones(5, 5, dtype=torch.bool).tril()
    assert len(eager) == len(said.attentions) == 2
    real = BATCH["attention_mask"].bool()[:, None, :, None]
    for mine, theirs in zip(said.attentions, eager, strict=True):
        found = mine.masked_fill(~seen, float("-inf")).softmax(dim=-1)
        torch.testing.assert_close(found * real, theirs * real, atol=1e-5, rtol=0)


class Fused(TorchFunctionMode):
    """Counts how often fused attention is called."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.calls += func is torch.nn.functional.scaled_dot_product_attention
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("kernel", [SDPBackend.MATH, SDPBackend.FLASH_ATTENTION])
@pytest.mark.parametrize("name", [name for name in MODELS if name != "deberta-v2"])
@torch.no_grad()  # flash attention does not learn T5's positions
def test_fused_and_flash_attention_stay_and_give_the_queries_keys_and_values_of_eager_attention(name, kernel):
    fused, eager = made(name, attn_implementation="sdpa"), made(name, attn_implementation="eager")
    with Fused() as seen, sdpa_kernel(kernel):
        found = outputs(fused, BATCH, qkv=True)
    assert seen.calls >= len(found.qkv) == 2
    with Fused() as seen:
        expected = outputs(eager, BATCH, qkv=True)
    assert seen.calls == 0
    torch.testing.assert_close(found.qkv, expected.qkv)


def test_student_and_teacher_keep_fused_attention_where_relations_alone_are_compared():
    config = hf.BertConfig(attention_probs_dropout_prob=0.0, **SMALL, **BERT)
    head = "AutoModelForSequenceClassification"
    student, teacher = (loading.from_config(config, head) for _ in range(2))

    def align(logits, batch):
        return logits, torch.tensor([0, 1])

    objective = Objective({"relations": Relations([(1, 1)], 4)}, {"relations": 1.0})
    recipe = TrainingSpec(align, MetricCollection([]), Optimization("adamw", 1e-3, 0.0, 0.9, "constant", 0.0, 1), 0)
    module = DistillationModule(
        student, objective, recipe, LiveTeacher(teacher, align, None, qkv="teacher_qkv" in objective.needs)
    )
    with Fused() as seen, sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        said, taught, _ = module.forward_models(BATCH)
    assert [model.config._attn_implementation for model in (student, teacher)] == ["sdpa", "sdpa"]
    assert seen.calls == len(said.qkv) + len(taught.qkv) == 4
    assert (said.attentions, taught.attentions) == ((), ())


@pytest.mark.parametrize("name", ["bert", "gpt2", "bart"])
def test_capturing_changes_nothing_of_the_answer_and_leaves_no_hook(name):
    model = made(name)
    plain, rich = outputs(model, BATCH), outputs(model, BATCH, qkv=True, attentions=True)
    assert torch.equal(plain.logits, rich.logits)
    assert (plain.qkv, plain.attentions, plain.hidden) == ((), (), ())
    assert not any(module._forward_hooks for module in model.modules())


def test_a_failing_model_leaves_no_hook_either():
    model = made("bert")
    with pytest.raises(IndexError), captured(model):
        model(input_ids=torch.tensor([[99]]))
    assert not any(module._forward_hooks for module in model.modules())


def test_the_fused_projection_is_cut_into_query_key_and_value_in_this_order():
    model = made("gpt2")
    (fused,), _ = projections(model)
    query, key, value = outputs(model, BATCH, qkv=True).qkv[0]
    states = model.transformer.h[0].ln_1(outputs(model, BATCH, hidden=True).hidden[0])
    for part, found in enumerate((query, key, value)):
        own = slice(16 * part, 16 * (part + 1))
        torch.testing.assert_close(found, states @ fused.weight[:, own] + fused.bias[own])


def test_grouped_keys_serve_their_queries():
    model = made("llama")
    query, key, _ = outputs(model, BATCH, qkv=True).qkv[0]
    found = scores(model.config, query, key)
    for head in range(4):
        own, shared = query[..., 4 * head : 4 * head + 4], key[..., 4 * (head // 2) : 4 * (head // 2) + 4]
        torch.testing.assert_close(found[:, head], own @ shared.mT / 2)


def test_keys_that_no_group_of_heads_can_share_are_refused():
    config = hf.BertConfig(**BERT)
    message = (
        "bert models: queries 16 wide in 4 heads and keys 12 wide do not fit together, "
        "so distill.attention.weight must be 0"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        scores(config, torch.zeros(1, 2, 16), torch.zeros(1, 2, 12))


@pytest.mark.parametrize(
    "model",
    [
        lambda: hf.AlbertForSequenceClassification(hf.AlbertConfig(**SMALL, **BERT, embedding_size=8)),
        lambda: hf.SqueezeBertForSequenceClassification(hf.SqueezeBertConfig(**SMALL, **BERT, embedding_size=16)),
    ],
    ids=["layers that share weights", "convolutions"],
)
def test_an_architecture_without_known_projections_is_named(model):
    made = model()
    message = (
        f"{made.config.model_type} models: queries, keys and values cannot be found in their 2 layers, "
        "so distill.attention.weight and distill.relations.weight must be 0"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        outputs(made, BATCH, qkv=True)


@pytest.mark.parametrize(
    "config",
    [
        hf.LongformerConfig(**SMALL, **BERT, attention_window=[4, 4], max_position_embeddings=40),
        hf.IBertConfig(**SMALL, **BERT),
    ],
    ids=lambda config: config.model_type,
)
def test_projections_of_another_layout_are_refused(config):
    model = loading.from_config(config, "AutoModelForSequenceClassification").eval()
    message = (
        f"{config.model_type} models: queries, keys and values do not come one for each token of each text, "
        "so distill.attention.weight and distill.relations.weight must be 0"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        outputs(model, BATCH, qkv=True)


@pytest.mark.parametrize("name", MODELS)
def test_only_decoders_are_causal(name):
    assert causal(made(name).config) == (name in ("opt", "llama", "qwen2", "gpt2"))


def test_the_live_teacher_drops_nothing_of_what_is_asked():
    teacher = LiveTeacher(
        made("bert"), lambda logits, _: (logits, None), [1, 0], hidden=True, attentions=True, qkv=True
    )
    said = teacher(BATCH)
    assert (len(said.hidden), len(said.attentions), len(said.qkv)) == (3, 2, 2)
    assert torch.equal(said.logits, outputs(teacher.model, BATCH).logits[:, [1, 0]])
    assert torch.equal(said.mask, BATCH["attention_mask"].bool())
    assert not said.qkv[0][0].requires_grad


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (hf.XLNetConfig(), False), (hf.BertGenerationConfig(), False), (hf.BertGenerationConfig(is_decoder=True), True),
        (hf.BertConfig(is_decoder=True), True), (hf.BartConfig(), False),
    ],
)  # fmt: skip
def test_a_model_that_may_read_both_ways_is_causal_where_it_is_told_so(config, expected):
    assert causal(config) == expected
