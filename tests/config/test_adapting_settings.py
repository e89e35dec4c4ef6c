"""Which weights learn is said once, and what cannot learn alone is refused before anything heavy is imported."""

import re
from functools import reduce

import pytest

from distill.config.adapting import lora_settings, method
from distill.config.schema import Config
from distill.config.validate import check
from distill.errors import ConfigError

LAYERS = {"student.init": "teacher"}
SUMMARIES = {"task": "summarization", "pretrain.max_epochs": 0, "teacher.model": "."}


def config(given):
    made = Config()
    for key, value in given.items():
        *parents, last = key.split(".")
        setattr(reduce(getattr, parents, made), last, value)
    return made


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"finetune.layer_decay": 0.0}, "finetune.layer_decay=0.0: allowed is a number above 0, at most 1"),
        ({"finetune.layer_decay": 1.5}, "finetune.layer_decay=1.5: allowed is a number above 0, at most 1"),
        ({"finetune.layer_decay": float("nan")}, "finetune.layer_decay=nan: allowed is a number above 0, at most 1"),
        ({"finetune.peft": "qlora"}, "finetune.peft=qlora: allowed is one of none, lora, ia3, prefix, prompt, bias"),
        ({"finetune.frozen": "all"}, "finetune.frozen=all: allowed is one of none, embeddings, body"),
        ({"finetune.frozen_layers": -1}, "finetune.frozen_layers=-1: allowed is a whole number from 0 up"),
        (
            {"finetune.peft": "ia3", "finetune.lora.rank": 4},
            "finetune.lora.rank=4: belongs to finetune.peft=lora, which is ia3; allowed is 0",
        ),
        (
            {"finetune.peft": "bias", "finetune.frozen_layers": 1},
            "finetune.frozen_layers: adapters freeze every layer already; allowed is 0 where finetune.peft is bias",
        ),
        (
            {"finetune.peft": "lora", "finetune.frozen": "body"},
            "finetune.frozen=body: adapters freeze all but the head already; allowed is none where "
            "finetune.peft is lora",
        ),
        (
            {"finetune.frozen": "embeddings", "finetune.frozen_layers": 2},
            "finetune.frozen_layers=2: freezes the embeddings, too, and finetune.frozen=embeddings says what stays as "
            "well; give one of the two",
        ),
        (
            {"finetune.frozen": "body", "finetune.gradual_unfreezing": True},
            "finetune.gradual_unfreezing=true: no layer ever learns with finetune.frozen=body; allowed is false",
        ),
        (
            {"distill.peft": "prompt", "distill.layer_decay": 0.9, "stages": ["distill"], **LAYERS},
            "distill.layer_decay=0.9: no layer learns with distill.peft=prompt; allowed is 1",
        ),
        (
            {"distill.frozen_layers": 1},
            "distill.frozen_layers=1: a student with student.init=random begins at random weights, of which none may "
            "stay as it is; allowed is 0",
        ),
        (
            {"distill.lora.rank": 4},
            "distill.lora.rank=4: a student with student.init=random begins at random weights, of which none may stay "
            "as it is; allowed is 0",
        ),
        (
            {"distill.layer_decay": 0.9, "student.init": "bilstm"},
            "distill.layer_decay=0.9: a student with student.init=bilstm has no layers of a transformer; allowed is "
            "1.0",
        ),
        (
            {"distill.gradual_unfreezing": True, "student.init": "static"},
            "distill.gradual_unfreezing=true: a student with student.init=static has no layers of a transformer; "
            "allowed is false",
        ),
        (
            {"distill.peft": "prefix", **LAYERS},
            "distill.peft=prefix: what learns stays beside the model, which is not exported without it; allowed is "
            "none, lora, ia3, bias, or stages without export",
        ),
        (
            {"distill.peft": "ia3", "distill.quantization": "int8", **LAYERS},
            "distill.quantization=int8: the export rounds other weights than those that learn with distill.peft=ia3; "
            "allowed is none, or distill.peft=lora or bias",
        ),
        (
            {"distill.peft": "lora", "distill.lora.dropout": 0.1, "distill.quantization": "int8", **LAYERS},
            "distill.lora.dropout=0.1: is not done with rounding; allowed is 0.0",
        ),
        (
            {"finetune.peft": "prompt", **LAYERS},
            "finetune.peft=prompt: what learns stays beside the teacher's weights, of which student.init=teacher is "
            "made; allowed is none, lora, ia3, bias, or a student with student.init=random or checkpoint",
        ),
        (
            {"finetune.peft": "prefix", **SUMMARIES},
            "finetune.peft=prefix: models of summarization write; allowed is none, lora, ia3, bias",
        ),
        (
            {"finetune.frozen": "body", **SUMMARIES},
            "finetune.frozen=body: the head of models of summarization is their embeddings; allowed is none, "
            "embeddings",
        ),
        (
            {"finetune.peft": "lora", "task": "summarization", "pretrain.max_epochs": 0},
            "finetune.peft=lora: the teacher begins at random weights, which would stay as they are; give a pretrained "
            "one as teacher.model=FOLDER",
        ),
        (
            {"finetune.virtual_tokens": 5},
            "finetune.virtual_tokens=5: belongs to finetune.peft=prefix or prompt; allowed is 20",
        ),
        (
            {"distill.lora.targets": ["key"]},
            "distill.lora.targets=['key']: belongs to adapters, distill.lora.rank above 0; allowed is []",
        ),
        (
            {"teacher.base": "."},
            "teacher.base=.: belongs to an adapter; give its folder as teacher.model=FOLDER",
        ),
        ({"teacher.model": ".", "teacher.base": "/no/such"}, "teacher.base=/no/such: there is no such folder"),
    ],
)  # fmt: skip
def test_what_cannot_learn_so_is_refused(given, message):
    with pytest.raises(ConfigError, match=f"^1 problem in the settings\n  {re.escape(message)}$"):
        check(config(given))


@pytest.mark.parametrize(
    "given",
    [
        {"distill.frozen": "embeddings", "student.init": "static"},
        {"distill.frozen": "embeddings", "student.init": "bilstm"},
        {"distill.layer_decay": 0.9, "distill.gradual_unfreezing": True},
        {"distill.peft": "lora", "distill.quantization": "int8", **LAYERS},
        {"distill.peft": "prefix", "stages": ["pretrain", "finetune", "teach", "distill", "evaluate"], **LAYERS},
        {"finetune.peft": "prompt", "finetune.virtual_tokens": 4},
        {"finetune.lora.rank": 4, "finetune.layer_decay": 0.9},
        {"finetune.peft": "lora", "finetune.lora.targets": ["key"], **SUMMARIES},
        {"finetune.frozen_layers": 1, "finetune.gradual_unfreezing": True, "finetune.layer_decay": 0.5},
    ],
)  # fmt: skip
def test_what_can_learn_so_is_taken(given):
    check(config(given))


def test_a_rank_alone_means_low_rank_adapters_as_it_always_did():
    alone, named = (config(given).finetune for given in ({"finetune.lora.rank": 8}, {"finetune.peft": "lora"}))
    assert (method(alone), method(named)) == ("lora", "lora")
    assert lora_settings(alone) == lora_settings(named) == {"rank": 8, "alpha": 16.0, "dropout": 0.0}
    assert lora_settings(Config().finetune) is None
