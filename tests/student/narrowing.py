"""Small random models of every architecture that can be copied narrower, and how far two of them are apart."""

from dataclasses import replace

import torch
from torch import nn
from transformers import (
    BartConfig,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    GPT2Config,
    LlamaConfig,
    MarianConfig,
    MistralConfig,
    ModernBertConfig,
    MT5Config,
    Qwen2Config,
    Qwen3Config,
    RobertaConfig,
    T5Config,
)
from transformers.pytorch_utils import Conv1D

from distill.models import loading
from distill.models.forward import outputs
from distill.student.narrow.architectures import FAMILIES
from distill.student.narrow.narrowing import Width
from distill.student.narrow.sublayers import head_of, parts, points
from distill.types import IGNORE

TEXT, WORD, SPAN, LM, BOTH = (
    f"AutoModelFor{name}"
    for name in ("SequenceClassification", "TokenClassification", "QuestionAnswering", "CausalLM", "Seq2SeqLM")
)
SIZE = {
    "vocab_size": 60, "hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 40,
    "pad_token_id": 0, "max_position_embeddings": 20,
}  # fmt: skip
ENDS = {"bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
MADE = {
    "bert": lambda: BertConfig(**SIZE),
    "roberta": lambda: RobertaConfig(**SIZE),
    "distilbert": lambda: DistilBertConfig(
        vocab_size=60, dim=24, n_layers=3, n_heads=4, hidden_dim=40, pad_token_id=0, max_position_embeddings=20
    ),
    "modernbert": lambda: ModernBertConfig(**SIZE, **ENDS),
    "modernbert with biases": lambda: ModernBertConfig(
        norm_bias=True,
        mlp_bias=True,
        attention_bias=True,
        classifier_bias=True,
        classifier_pooling="mean",
        **SIZE,
        **ENDS,
    ),
    "deberta-v2": lambda: DebertaV2Config(
        relative_attention=True,
        share_att_key=True,
        norm_rel_ebd="layer_norm",
        pos_att_type=["p2c", "c2p"],
        position_biased_input=False,
        position_buckets=8,
        **SIZE,
    ),
    "electra": lambda: ElectraConfig(embedding_size=24, **SIZE),
    "electra with narrow embeddings": lambda: ElectraConfig(embedding_size=10, **SIZE),
}
SHARED = {**SIZE, "num_key_value_heads": 2}
WRITE = {
    "gpt2": lambda: GPT2Config(
        vocab_size=60, n_embd=24, n_layer=3, n_head=4, n_inner=40, n_positions=20, pad_token_id=0, eos_token_id=1
    ),
    "llama": lambda: LlamaConfig(**SHARED),
    "llama with one embedding": lambda: LlamaConfig(tie_word_embeddings=True, **SHARED),
    "mistral": lambda: MistralConfig(**SHARED),
    "qwen2": lambda: Qwen2Config(**SHARED),
    "qwen3": lambda: Qwen3Config(head_dim=8, **SHARED),
}
STACKS = {
    "vocab_size": 60, "d_model": 24, "encoder_layers": 3, "decoder_layers": 2, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "encoder_ffn_dim": 40, "decoder_ffn_dim": 40, "max_position_embeddings": 20,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1, "forced_eos_token_id": None,
}  # fmt: skip
TEXT_TO_TEXT = {
    "vocab_size": 60, "d_model": 24, "d_kv": 8, "d_ff": 40, "num_layers": 3, "num_decoder_layers": 2, "num_heads": 4,
    "relative_attention_num_buckets": 8, "pad_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 0,
}  # fmt: skip
TRANSLATE = {
    "bart": lambda: BartConfig(**STACKS),
    "bart with a head of its own": lambda: BartConfig(tie_word_embeddings=False, **STACKS),
    "bart with scaled embeddings and a head of its own": lambda: BartConfig(
        scale_embedding=True, tie_word_embeddings=False, **STACKS
    ),
    "bart with embeddings that are scaled": lambda: BartConfig(scale_embedding=True, **STACKS),
    "marian": lambda: MarianConfig(**STACKS),
    "marian with embeddings that are scaled": lambda: MarianConfig(scale_embedding=True, **STACKS),
    "t5": lambda: T5Config(**TEXT_TO_TEXT),
    "t5 with a head of its own": lambda: T5Config(**TEXT_TO_TEXT),
    "t5 with gated units and a head of its own": lambda: T5Config(
        feed_forward_proj="gated-gelu", tie_word_embeddings=False, **TEXT_TO_TEXT
    ),
    "mt5": lambda: MT5Config(**TEXT_TO_TEXT),
}
MADE |= WRITE | TRANSLATE
LACKING = {"bart": {WORD, LM}, "marian": {TEXT, SPAN, WORD, LM}, "t5": {LM}, "mt5": {LM}}
HEADS = [
    (name, head)
    for name in MADE
    for head in (TEXT, SPAN, WORD, BOTH, LM)
    if head not in LACKING.get(name.split()[0], {BOTH} if name in WRITE else {BOTH, LM})
]
FULL = Width(24, 4, 40)


def batches(model=None):
    """Texts that end with 2; and for a model that translates, what it writes."""
    draw = torch.Generator().manual_seed(1)
    made = []
    for _ in range(6):
        ids = torch.randint(4, 60, (8, 12), generator=draw)
        lengths = torch.randint(5, 13, (8, 1), generator=draw)
        mask = (torch.arange(12) < lengths).long()
        ids = ids.scatter(1, lengths - 1, 2)
        made.append({"input_ids": ids * mask, "attention_mask": mask})
        if model is not None and model.config.is_encoder_decoder and model.can_generate():
            targets = torch.randint(4, 60, (8, 9), generator=draw)
            made[-1]["target_ids"] = targets.masked_fill(torch.arange(9) >= lengths - 3, IGNORE)
    return made


def teacher(name, head):
    """A random one whose states lie mostly in few directions, and whose norms do something."""
    torch.manual_seed(2)
    model = loading.from_config(MADE[name](), head).eval()
    if "head of its own" in name and head == BOTH:  # which T5's configuration does not say
        model.lm_head.weight = nn.Parameter(model.lm_head.weight.detach().clone())
    few = torch.linalg.qr(torch.randn(24, 24)).Q * torch.logspace(0, -2, 24)
    embedded = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if not weight.requires_grad:
                continue
            if id(weight) in embedded and weight.shape[1] == 24:
                weight.copy_(torch.randn_like(weight) @ few.mT)
            elif weight.dim() == 2:
                weight.mul_(6.0 if hasattr(model.config, "initializer_range") else 1.0)  # T5's are large already
            elif key.endswith("weight"):
                weight.add_(0.3 * torch.randn_like(weight))
            else:
                weight.add_(0.1 * torch.randn_like(weight))
        if hasattr(model, "final_logits_bias"):
            model.final_logits_bias.add_(torch.randn_like(model.final_logits_bias))
    return model


@torch.no_grad()
def inside(name, head, *, plain):
    """A random one whose states lie in 12 directions, as do queries, keys and values that may be mixed in 3 a head."""
    model = teacher(name, head)
    family = FAMILIES[model.config.model_type]
    part = twelve()
    for module in model.modules():
        if isinstance(module, nn.Embedding) and module.embedding_dim == 24:
            module.weight.copy_(torch.randn_like(module.weight) @ part)
    without_sines(model)
    made = [model.get_submodule(point.norm) for point in points(model, head_of(model))]
    for norm in made if plain else ():
        if not isinstance(norm, nn.Linear) and hasattr(norm, "weight"):
            norm.load_state_dict({key: torch.full((24,), 0.8 * (key == "weight")) for key in norm.state_dict()})
    writers = [model.get_submodule(part.adds) for part in parts(model)]
    for module in [*writers, *(each for each in made if isinstance(each, nn.Linear))]:
        module.weight.copy_(module.weight @ part if isinstance(module, Conv1D) else part @ module.weight)
        if module.bias is not None:
            module.bias.copy_(part @ module.bias)
    for part in parts(model):
        if part.source is not None and not family.whole:
            halve(*map(model.get_submodule, part.reads))
        elif part.source is not None and not family.free:  # two heads add nothing
            model.get_submodule(part.adds).weight[:, 12:] = 0.0
    return model


@torch.no_grad()
def without_sines(model):
    """Let positions be 0 that follow from the width alone."""
    for module in model.modules():
        if isinstance(module, nn.Embedding) and not module.weight.requires_grad:
            module.weight.zero_()


def halve(*modules):
    for module in modules:
        rows = module.weight.mT if isinstance(module, Conv1D) else module.weight
        half = (torch.arange(len(rows)) % 6 < 3).float()
        rows.mul_(half[:, None])
        module.bias.mul_(half)


def twelve():
    """What takes states into 12 directions; one is that of all numbers alike, which norms take away."""
    few = torch.randn(24, 12)
    few[:, 1:] -= few[:, 1:].mean(0)
    few[:, 0] = 1.0
    few = torch.linalg.qr(few).Q
    return few @ few.mT


def gap(one, other, *, states=None):
    """The mean squared difference of logits, or of the lengths and angles of some states."""
    total = []
    with torch.no_grad():
        for batch in batches(one):
            mine, theirs = (outputs(model, batch, hidden=states is not None) for model in (one, other))
            if states is None:
                total.append((mine.logits - theirs.logits).square().mean())
            else:
                total.append(_products(mine.hidden[states], theirs.hidden[states], batch["attention_mask"].bool()))
    return float(torch.stack(total).mean())


def _products(one, other, mask):
    """Between the products of all pairs of states, which a turned basis leaves alone."""
    grams = [states[mask] @ states[mask].mT for states in (one, other)]
    return (grams[0] - grams[1]).square().mean()


def sized(name, width):
    """The width, or with heads of the teacher's where the copy's cannot have another."""
    family = FAMILIES[MADE[name]().model_type]
    return replace(width, heads=width.hidden_size // 6) if family.whole and not family.free else width
