import copy
import re

import pytest
import torch
from narrowing import (
    BOTH,
    ENDS,
    FULL,
    HEADS,
    LM,
    MADE,
    SHARED,
    SIZE,
    SPAN,
    STACKS,
    TEXT,
    TRANSLATE,
    WORD,
    batches,
    gap,
    inside,
    sized,
    teacher,
    without_sines,
)
from transformers import (
    BartConfig,
    BertConfig,
    DebertaV2Config,
    ElectraConfig,
    GPT2Config,
    LlamaConfig,
    MarianConfig,
    ModernBertConfig,
    OPTConfig,
)

from distill.errors import ModelError
from distill.models import loading
from distill.student.narrow.architectures import FAMILIES
from distill.student.narrow.narrowing import Width, narrow, narrowed_config
from distill.student.narrow.sublayers import head_of, parts


@pytest.mark.parametrize(("name", "head"), HEADS)
def test_a_copy_of_full_width_answers_like_the_teacher(name, head):
    model = teacher(name, head)
    made = narrow(model, batches(model), FULL, head).eval()
    assert gap(made, model) < 1e-9
    assert made.config.hidden_size == 24


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize(
    "width", [Width(12, 4, 20), pytest.param(Width(18, 2, 40), marks=pytest.mark.long), Width(12, 2, 12)]
)
def test_a_narrow_copy_is_nearer_to_the_teacher_than_a_random_model_of_its_size(name, width):
    head, width = BOTH if name in TRANSLATE else WORD, sized(name, width)
    model = teacher(name, head)
    made = narrow(model, batches(model), width, head).eval()
    assert made.config.hidden_size == width.hidden_size
    torch.manual_seed(0)
    chance = loading.from_config(copy.deepcopy(made.config), head).eval()
    share = 0.95 if FAMILIES[made.config.model_type].whole else 0.7  # heads that are kept whole cannot stand for others
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
        without_sines(made)
        # ModernBERT's head leaves half of its inner units out, the last layer's input nothing.
        assert gap(made, model, states=-2 if head_of(model).norm else None) < 1e-7


def test_heads_that_share_what_they_add_for_distances_are_left_out_of_all_layers_alike():
    model = teacher("t5", BOTH)
    with torch.no_grad():
        for each in parts(model):
            if each.source is not None:  # two heads of each stack add nothing, and two others of what looks across
                left_out = torch.arange(32) % 16 < 8 if each.distances else torch.arange(32) >= 16
                model.get_submodule(each.adds).weight[:, left_out] = 0.0
    made = narrow(model, batches(model), Width(24, 2, 40), BOTH).eval()
    assert gap(made, model) < 1e-9
    for stack in ("encoder", "decoder"):
        name = f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        assert torch.equal(made.state_dict()[name], model.state_dict()[name][:, [1, 3]])


def test_the_wider_the_copy_the_nearer():
    model = teacher("bert", WORD)
    gaps = [gap(narrow(model, batches(model), Width(size, 4, 40), WORD).eval(), model) for size in (4, 12, 20, 24)]
    assert gaps == sorted(gaps, reverse=True)


@pytest.mark.parametrize(("name", "head"), [
    ("bert", TEXT), ("bart", BOTH), ("bart with embeddings that are scaled", BOTH),
    ("marian with embeddings that are scaled", BOTH), ("t5", BOTH),
    ("t5 with gated units and a head of its own", BOTH), ("t5 with gated units and a head of its own", SPAN),
])  # fmt: skip
def test_the_same_texts_give_the_same_copy_and_the_teacher_stays_as_it_was(name, head, tmp_path):
    model = teacher(name, head)
    before = copy.deepcopy(model.state_dict())
    one, other = (narrow(model, batches(model), Width(12, 2, 20), head) for _ in range(2))
    assert all(torch.equal(weight, other.state_dict()[key]) for key, weight in one.state_dict().items())
    assert all(torch.equal(weight, before[key]) for key, weight in model.state_dict().items())
    assert model.config.hidden_size == 24
    one.save_pretrained(tmp_path)
    assert gap(loading.load_model(tmp_path, head).eval(), one.eval()) == 0


def refused(config, width, message):
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        narrowed_config(config, width)


def test_what_cannot_be_copied_is_refused():
    refused(
        OPTConfig(), FULL,
        "student.init=narrow: opt models cannot be copied narrower; these can: bert, roberta, xlm-roberta, camembert, "
        "electra, distilbert, gpt2, llama, mistral, qwen2, qwen3, modernbert, deberta-v2, bart, marian, t5, mt5",
    )  # fmt: skip
    refused(
        GPT2Config(add_cross_attention=True), FULL,
        "student.init=narrow: gpt2 models with add_cross_attention=True cannot be copied narrower",
    )  # fmt: skip
    refused(
        MarianConfig(share_encoder_decoder_embeddings=False), FULL,
        "student.init=narrow: marian models with share_encoder_decoder_embeddings=False cannot be copied narrower",
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
