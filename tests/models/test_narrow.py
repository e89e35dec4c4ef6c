import copy
import re

import pytest
import torch
from torch import nn
from transformers import (
    BertConfig,
    DistilBertConfig,
    ElectraConfig,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    OPTConfig,
    Qwen2Config,
    Qwen3Config,
    RobertaConfig,
)
from transformers.pytorch_utils import Conv1D

from distill.errors import ModelError
from distill.models import factors, loading
from distill.models.narrow import Width, narrow, narrowed
from distill.models.narrow_families import FAMILIES, head_of, layers, points
from distill.models.teacher import outputs

TEXT, WORD, SPAN, LM = (
    f"AutoModelFor{name}" for name in ("SequenceClassification", "TokenClassification", "QuestionAnswering", "CausalLM")
)
SIZE = {
    "vocab_size": 60, "hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 40,
    "pad_token_id": 0, "max_position_embeddings": 20,
}  # fmt: skip
MADE = {
    "bert": lambda: BertConfig(**SIZE),
    "roberta": lambda: RobertaConfig(**SIZE),
    "distilbert": lambda: DistilBertConfig(
        vocab_size=60, dim=24, n_layers=3, n_heads=4, hidden_dim=40, pad_token_id=0, max_position_embeddings=20
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
MADE |= WRITE
HEADS = [(name, head) for name in MADE for head in (TEXT, WORD, SPAN, *([LM] if name in WRITE else []))]
FULL = Width(24, 4, 40)


def batches():
    draw = torch.Generator().manual_seed(1)
    made = []
    for _ in range(6):
        ids = torch.randint(4, 60, (8, 12), generator=draw)
        lengths = torch.randint(5, 13, (8, 1), generator=draw)
        mask = (torch.arange(12) < lengths).long()
        made.append({"input_ids": ids * mask, "attention_mask": mask})
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
    return model


@torch.no_grad()
def inside(name, head, *, plain):
    """A random one whose states lie in 12 directions, as do queries, keys and values that may be mixed in 3 a head."""
    model = teacher(name, head)
    family = FAMILIES[model.config.model_type]
    few = torch.randn(24, 12)
    few[:, 0] = 1.0  # what states have in common with each other is in the norms' means
    few[:, 1:] -= few[:, 1:].mean(0)
    few = torch.linalg.qr(few).Q
    part = few @ few.mT
    made = [model.get_submodule(point.norm) for point in points(model, head_of(model))]
    for module in model.modules():
        if isinstance(module, nn.Embedding) and module.embedding_dim == 24:
            module.weight.copy_(torch.randn_like(module.weight) @ part)
    for norm in made if plain else ():
        if not isinstance(norm, nn.Linear):
            norm.weight.fill_(0.8)
            if getattr(norm, "bias", None) is not None:
                norm.bias.zero_()
    writers = [model.get_submodule(f"{layer}.{name}") for layer in layers(model) for name in (family.out, family.outer)]
    for module in [*writers, *(each for each in made if isinstance(each, nn.Linear))]:
        module.weight.copy_(module.weight @ part if isinstance(module, Conv1D) else part @ module.weight)
        if module.bias is not None:
            module.bias.copy_(part @ module.bias)
    half = torch.arange(24) % 6 < 3
    for module in [model.get_submodule(f"{layer}.{name}") for layer in layers(model) for name in family.qkv]:
        if not family.rotary:
            rows = module.weight.mT if isinstance(module, Conv1D) else module.weight
            rows.mul_(half.repeat(len(rows) // 24)[:, None])
            module.bias.mul_(half.repeat(len(rows) // 24))
    return model


def gap(one, other, *, states=False):
    """The mean squared difference of logits, or of the last states' lengths and angles."""
    total = []
    with torch.no_grad():
        for batch in batches():
            mine, theirs = (outputs(model, batch, hidden=states) for model in (one, other))
            total.append(_products(mine, theirs, batch) if states else (mine.logits - theirs.logits).square().mean())
    return float(torch.stack(total).mean())


def _products(one, other, batch):
    """Between the products of all pairs of states, which a turned basis leaves alone."""
    mask = batch["attention_mask"].bool()
    grams = [answer.hidden[-1][mask] @ answer.hidden[-1][mask].mT for answer in (one, other)]
    return (grams[0] - grams[1]).square().mean()


@pytest.mark.parametrize(("name", "head"), HEADS)
def test_a_copy_of_full_width_answers_like_the_teacher(name, head):
    model = teacher(name, head)
    made = narrow(model, batches(), FULL, head).eval()
    assert gap(made, model) < 1e-9
    assert made.config.hidden_size == 24


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("width", [Width(12, 4, 20), Width(16, 2, 40), Width(12, 2, 12)])
def test_a_narrow_copy_is_nearer_to_the_teacher_than_a_random_model_of_its_size(name, width):
    model = teacher(name, WORD)
    made = narrow(model, batches(), width, WORD).eval()
    assert made.config.hidden_size == width.hidden_size
    torch.manual_seed(0)
    chance = loading.from_config(copy.deepcopy(made.config), WORD).eval()
    share = 0.9 if FAMILIES[made.config.model_type].rotary else 0.7  # heads that are kept whole cannot stand for others
    assert gap(made, model) < share * gap(chance, model)
    assert gap(made, model, states=True) < share * gap(chance, model, states=True)


@pytest.mark.parametrize("name", MADE)
def test_where_all_states_lie_in_fewer_directions_a_copy_of_their_number_answers_like_the_teacher(name):
    """With norms that scale all numbers alike; and with any norms, where these go into what reads them."""
    model = inside(name, WORD, plain=True)
    assert gap(narrow(model, batches(), Width(12, 4, 40), WORD).eval(), model) < 1e-7
    if name in WRITE:
        model = inside(name, LM, plain=True)
        assert gap(narrow(model, batches(), Width(12, 4, 40), LM).eval(), model) < 1e-7
    if FAMILIES[model.config.model_type].last:
        model = inside(name, WORD, plain=False)
        assert gap(narrow(model, batches(), Width(12, 4, 40), WORD).eval(), model) < 1e-7


def test_the_wider_the_copy_the_nearer():
    model = teacher("bert", WORD)
    gaps = [gap(narrow(model, batches(), Width(size, 4, 40), WORD).eval(), model) for size in (4, 12, 20, 24)]
    assert gaps == sorted(gaps, reverse=True)


def test_the_same_texts_give_the_same_copy_and_the_teacher_stays_as_it_was(tmp_path):
    model = teacher("bert", TEXT)
    before = copy.deepcopy(model.state_dict())
    one, other = (narrow(model, batches(), Width(12, 2, 20), TEXT) for _ in range(2))
    assert all(torch.equal(weight, other.state_dict()[key]) for key, weight in one.state_dict().items())
    assert all(torch.equal(weight, before[key]) for key, weight in model.state_dict().items())
    assert model.config.hidden_size == 24
    one.save_pretrained(tmp_path)
    assert gap(loading.model(tmp_path, TEXT).eval(), one.eval()) == 0


def test_queries_and_keys_of_fewer_numbers_keep_the_scores_as_well_as_their_number_allows():
    torch.manual_seed(0)
    states = torch.randn(500, 7, dtype=torch.double) * torch.arange(1, 8)
    query, key = torch.randn(2, 5, 7, dtype=torch.double)
    exact = states @ query.mT @ key @ states.mT / 5**0.5
    left, values, right = torch.linalg.svd(exact, full_matrices=False)
    for size in (1, 3, 5, 6):
        mine, theirs = factors.scores(query, key, factors.root(states), size)
        found = states @ mine.mT @ theirs @ states.mT / size**0.5
        best = (left[:, :size] * values[:size]) @ right[:size]  # Eckart-Young: no other of this rank is nearer
        assert torch.allclose(found, best, atol=1e-4 * float(values[0]))


def test_a_basis_holds_the_directions_of_the_largest_spread_and_is_orthonormal():
    torch.manual_seed(0)
    turned = torch.linalg.qr(torch.randn(6, 6, dtype=torch.double)).Q
    states = torch.randn(400, 6, dtype=torch.double) * torch.tensor([9.0, 5.0, 4.0, 0.1, 0.1, 0.1]) @ turned.mT
    basis = factors.shared_basis([states], 3)
    assert torch.allclose(basis.mT @ basis, torch.eye(3, dtype=torch.double), atol=1e-9)
    assert float((turned[:, :3].mT @ basis).square().sum()) == pytest.approx(3, abs=1e-2)
    assert torch.allclose(factors.shared_basis([states], 6), torch.eye(6, dtype=torch.double), atol=1e-9)


@pytest.mark.parametrize("width", [1, 3, 6])
def test_a_basis_for_norms_that_take_means_away_keeps_means(width):
    torch.manual_seed(0)
    states = torch.randn(400, 6, dtype=torch.double) * torch.tensor([9.0, 5.0, 4.0, 0.1, 0.1, 0.0])
    basis = factors.shared_basis([states], width, centred=True)
    assert torch.allclose(basis.mT @ basis, torch.eye(width, dtype=torch.double), atol=1e-9)
    assert torch.allclose((states @ basis).mean(1) * (width / 6) ** 0.5, states.mean(1), atol=1e-9)
    assert width < 6 or torch.allclose(basis, torch.eye(6, dtype=torch.double), atol=1e-9)


def refused(config, width, message):
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        narrowed(config, width)


def test_what_cannot_be_copied_is_refused():
    refused(
        OPTConfig(), FULL,
        "student.init=narrow: opt models cannot be copied narrower; these can: bert, roberta, xlm-roberta, camembert, "
        "electra, distilbert, gpt2, llama, mistral, qwen2, qwen3",
    )  # fmt: skip
    refused(
        GPT2Config(add_cross_attention=True), FULL,
        "student.init=narrow: gpt2 models with add_cross_attention=True cannot be copied narrower",
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
