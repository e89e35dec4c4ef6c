import copy
import re
from dataclasses import replace

import pytest
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
    MistralConfig,
    ModernBertConfig,
    OPTConfig,
    Qwen2Config,
    Qwen3Config,
    RobertaConfig,
)
from transformers.pytorch_utils import Conv1D

from distill.errors import ModelError
from distill.models import loading
from distill.models.narrow import Width, narrow, narrowed
from distill.models.narrow_families import FAMILIES
from distill.models.narrow_places import head_of, parts, points
from distill.models.teacher import outputs
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
TRANSLATE = {
    "bart": lambda: BartConfig(**STACKS),
    "bart with a head of its own": lambda: BartConfig(tie_word_embeddings=False, **STACKS),
}
MADE |= WRITE | TRANSLATE
HEADS = [
    (name, head)
    for name in MADE
    for head in (TEXT, SPAN, *([BOTH] if name in TRANSLATE else [WORD]), *([LM] if name in WRITE else []))
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
        if hasattr(model, "final_logits_bias"):
            targets = torch.randint(4, 60, (8, 9), generator=draw)
            made[-1]["target_ids"] = targets.masked_fill(torch.arange(9) >= lengths - 3, IGNORE)
    return made


def teacher(name, head):
    """A random one whose states lie mostly in few directions, and whose norms do something."""
    torch.manual_seed(2)
    model = loading.from_config(MADE[name](), head).eval()
    few = torch.linalg.qr(torch.randn(24, 24)).Q * torch.logspace(0, -2, 24)
    embedded = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if id(weight) in embedded and weight.shape[1] == 24:
                weight.copy_(torch.randn_like(weight) @ few.mT)
            elif weight.dim() == 2:
                weight.mul_(6.0)
            elif key.endswith("weight"):
                weight.add_(0.3 * torch.randn_like(weight))
            else:
                weight.add_(0.1 * torch.randn_like(weight))
        if head == BOTH:
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
    made = [model.get_submodule(point.norm) for point in points(model, head_of(model))]
    for norm in made if plain else ():
        if not isinstance(norm, nn.Linear):
            norm.load_state_dict({key: torch.full((24,), 0.8 * (key == "weight")) for key in norm.state_dict()})
    writers = [model.get_submodule(part.adds) for part in parts(model)]
    for module in [*writers, *(each for each in made if isinstance(each, nn.Linear))]:
        module.weight.copy_(module.weight @ part if isinstance(module, Conv1D) else part @ module.weight)
        if module.bias is not None:
            module.bias.copy_(part @ module.bias)
    for part in parts(model):
        if part.source is not None and not family.rotary:
            halve(*map(model.get_submodule, part.reads))
        elif part.source is not None and not family.free:  # two heads add nothing
            model.get_submodule(part.adds).weight[:, 12:] = 0.0
    return model


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
    return replace(width, heads=width.hidden_size // 6) if family.rotary and not family.free else width


@pytest.mark.parametrize(("name", "head"), HEADS)
def test_a_copy_of_full_width_answers_like_the_teacher(name, head):
    model = teacher(name, head)
    made = narrow(model, batches(model), FULL, head).eval()
    assert gap(made, model) < 1e-9
    assert made.config.hidden_size == 24


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("width", [Width(12, 4, 20), Width(18, 2, 40), Width(12, 2, 12)])
def test_a_narrow_copy_is_nearer_to_the_teacher_than_a_random_model_of_its_size(name, width):
    head, width = BOTH if name in TRANSLATE else WORD, sized(name, width)
    model = teacher(name, head)
    made = narrow(model, batches(model), width, head).eval()
    assert made.config.hidden_size == width.hidden_size
    torch.manual_seed(0)
    chance = loading.from_config(copy.deepcopy(made.config), head).eval()
    share = (
        0.95 if FAMILIES[made.config.model_type].rotary else 0.7
    )  # heads that are kept whole cannot stand for others
    assert gap(made, model) < share * gap(chance, model)
    assert gap(made, model, states=-1) < share * gap(chance, model, states=-1)


@pytest.mark.parametrize("name", MADE)
def test_where_all_states_lie_in_fewer_directions_a_copy_of_their_number_answers_like_the_teacher(name):
    """With norms that scale all numbers alike; and with any norms, where these go into what reads them."""
    family, width = FAMILIES[MADE[name]().model_type], sized(name, Width(12, 4, 40))
    for head, plain in ((WORD, True), (LM, True), (BOTH, True), (WORD, False)):
        if (name, head) not in HEADS or (not plain and (family.first or not family.last)):
            continue
        model = inside(name, head, plain=plain)
        made = narrow(model, batches(model), width, head).eval()
        # ModernBERT's head leaves half of its inner units out, the last layer's input nothing.
        assert gap(made, model, states=-2 if head_of(model).norm else None) < 1e-7


def test_the_wider_the_copy_the_nearer():
    model = teacher("bert", WORD)
    gaps = [gap(narrow(model, batches(model), Width(size, 4, 40), WORD).eval(), model) for size in (4, 12, 20, 24)]
    assert gaps == sorted(gaps, reverse=True)


@pytest.mark.parametrize(("name", "head"), [("bert", TEXT), ("bart", BOTH)])
def test_the_same_texts_give_the_same_copy_and_the_teacher_stays_as_it_was(name, head, tmp_path):
    model = teacher(name, head)
    before = copy.deepcopy(model.state_dict())
    one, other = (narrow(model, batches(model), Width(12, 2, 20), head) for _ in range(2))
    assert all(torch.equal(weight, other.state_dict()[key]) for key, weight in one.state_dict().items())
    assert all(torch.equal(weight, before[key]) for key, weight in model.state_dict().items())
    assert model.config.hidden_size == 24
    one.save_pretrained(tmp_path)
    assert gap(loading.model(tmp_path, head).eval(), one.eval()) == 0


def refused(config, width, message):
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        narrowed(config, width)


def test_what_cannot_be_copied_is_refused():
    refused(
        OPTConfig(), FULL,
        "student.init=narrow: opt models cannot be copied narrower; these can: bert, roberta, xlm-roberta, camembert, "
        "electra, distilbert, gpt2, llama, mistral, qwen2, qwen3, modernbert, deberta-v2, bart",
    )  # fmt: skip
    refused(
        GPT2Config(add_cross_attention=True), FULL,
        "student.init=narrow: gpt2 models with add_cross_attention=True cannot be copied narrower",
    )  # fmt: skip
    refused(
        BartConfig(scale_embedding=True), FULL,
        "student.init=narrow: bart models with scale_embedding=True cannot be copied narrower",
    )  # fmt: skip
    refused(
        BartConfig(**{**STACKS, "decoder_ffn_dim": 60}), FULL,
        "student.init=narrow: bart models with encoder_ffn_dim=40 and decoder_ffn_dim=60 cannot be copied narrower; "
        "allowed is one number for both",
    )  # fmt: skip
    refused(
        DebertaV2Config(relative_attention=True, share_att_key=True, norm_rel_ebd="layer_norm", embedding_size=9), FULL,
        "student.init=narrow: deberta-v2 models with embedding_size=9 cannot be copied narrower",
    )  # fmt: skip
    refused(
        DebertaV2Config(relative_attention=True), FULL,
        "student.init=narrow: deberta-v2 models with share_att_key=None cannot be copied narrower",
    )  # fmt: skip
    refused(
        ModernBertConfig(**SIZE, **ENDS), Width(12, 4, 40),
        "student.architecture.hidden_size=12: heads of modernbert models are kept whole, so 4 of 6 numbers need 24",
    )  # fmt: skip
    refused(
        LlamaConfig(**{**SHARED, "num_attention_heads": 6, "num_key_value_heads": 2}), Width(20, 5, 40),
        "student.architecture.heads=5: the teacher's heads share keys and values in 2 groups of 3; allowed is "
        "1, 2, 3, 4, 6",
    )  # fmt: skip
    for name, width in (("hidden_size", 28), ("heads", 6), ("intermediate_size", 48)):
        size = {"hidden_size": 24, "heads": 4, "intermediate_size": 40}
        message = f"student.architecture.{name}={width}: the teacher to be copied has {size[name]}"
        refused(BertConfig(**SIZE), Width(**{**size, name: width}), message)
    refused(
        ElectraConfig(embedding_size=12, **SIZE), Width(12, 2, 20),
        "student.architecture.hidden_size=12: is the width of the teacher's embeddings, which would go into the layers "
        "without the teacher's projection; allowed is any other",
    )  # fmt: skip
