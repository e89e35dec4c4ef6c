import copy
import re

import pytest
import torch
from transformers import BertConfig, DistilBertConfig, ElectraConfig, RobertaConfig

from distill.errors import ModelError
from distill.models import factors, loading
from distill.models.narrow import narrow, narrowed
from distill.models.narrow_weights import Width
from distill.models.teacher import outputs

TEXT, WORD, SPAN = (f"AutoModelFor{n}" for n in ("SequenceClassification", "TokenClassification", "QuestionAnswering"))
SIZE = {
    "vocab_size": 60, "hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 40,
    "pad_token_id": 0, "max_position_embeddings": 20,
}  # fmt: skip
MADE = {
    "bert": lambda: BertConfig(**SIZE),
    "roberta": lambda: RobertaConfig(**SIZE),
    "electra": lambda: ElectraConfig(embedding_size=24, **SIZE),
    "electra with narrow embeddings": lambda: ElectraConfig(embedding_size=10, **SIZE),
}
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
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if "embeddings.weight" in key and weight.shape[1] == 24:
                weight.copy_(torch.randn_like(weight) @ few.mT)
            elif weight.dim() == 2:
                weight.mul_(6.0)
            elif key.endswith("LayerNorm.weight"):
                weight.add_(0.3 * torch.randn_like(weight))
            else:
                weight.add_(0.1 * torch.randn_like(weight))
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


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("head", [TEXT, WORD, SPAN])
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
    assert gap(made, model) < 0.7 * gap(chance, model)
    assert gap(made, model, states=True) < 0.7 * gap(chance, model, states=True)


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
    basis = factors.shared_basis([states + 3.0], 3)
    assert torch.allclose(basis.mT @ basis, torch.eye(3, dtype=torch.double), atol=1e-9)
    assert float((turned[:, :3].mT @ basis).square().sum()) == pytest.approx(3, abs=1e-2)
    assert torch.allclose(factors.shared_basis([states], 6), torch.eye(6, dtype=torch.double), atol=1e-9)


def refused(config, width, message):
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        narrowed(config, width)


def test_what_cannot_be_copied_is_refused():
    refused(
        DistilBertConfig(), FULL,
        "student.init=narrow: distilbert models cannot be copied narrower; these can: "
        "bert, roberta, xlm-roberta, camembert, electra",
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
