"""Layers that are picked by what two models make of the same texts."""

import logging

import numpy as np
import pytest
import torch
from run_parts import examples_of, spec_of
from transformers import BertConfig, BertForSequenceClassification

from distill.config.schema import Config
from distill.data import example_pipeline
from distill.models.tokenizer_training import train
from distill.objective import build as objectives
from distill.objective.settings import auto_mapped_terms
from distill.student import layer_matching
from distill.student.from_layers import from_layers
from distill.types import ModelShape

HEAD = "AutoModelForSequenceClassification"


@pytest.fixture(scope="module")
def spec():
    config = Config()
    config.data.source, config.data.limit.train = "embedded", 64
    return spec_of(config)


@pytest.fixture(scope="module")
def tokenizer(spec):
    return train("encoder", spec.data.splits["train"]["text"], vocab_size=200, max_length=32)


@pytest.fixture(scope="module")
def teacher(tokenizer):
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=5, num_attention_heads=2, intermediate_size=32,
        initializer_range=0.5,
    )  # fmt: skip
    return BertForSequenceClassification(config)


def sample(spec, tokenizer):
    """What is looked at."""
    return examples_of(spec).sample(spec.data.splits["train"], tokenizer)


def test_the_layers_that_make_the_same_of_texts_are_found_whatever_else_was_drawn(spec, teacher, tokenizer, caplog):
    student = from_layers(teacher, [0, 1], [0, 1], HEAD, dropout=0.1)
    student.train()
    with caplog.at_level(logging.INFO, logger="distill"):
        first = layer_matching.match_layers(student, teacher, sample(spec, tokenizer))
    assert first == [0, 1]
    assert "layers student:teacher by alignment: 0:0 (1.00), 1:1 (1.00)" in caplog.text
    torch.rand(7)
    assert layer_matching.match_layers(student, teacher, sample(spec, tokenizer)) == first
    assert student.training, "the student goes on to train"


def test_the_alignment_is_that_of_centred_kernels_over_all_real_tokens(spec, teacher, tokenizer):
    batches = sample(spec, tokenizer)
    assert len(batches) == 4, "all 64 rows, as they have fewer tokens than are looked at"
    found = layer_matching._states(teacher.eval(), batches)
    rows = sum(int(batch["attention_mask"].sum()) for batch in batches)
    assert [states.shape for states in found] == [(rows, 16)] * 5
    one, other = (states.double().numpy() - states.double().numpy().mean(0) for states in (found[0], found[3]))
    kernels = one @ one.T, other @ other.T
    expected = (kernels[0] * kernels[1]).sum() / np.linalg.norm(kernels[0]) / np.linalg.norm(kernels[1])
    real = torch.ones(1, rows, dtype=torch.bool)
    assert layer_matching._alignment(found[0], found[3], real) == pytest.approx(expected, abs=1e-4)


def test_no_more_texts_are_looked_at_than_are_needed(spec, tokenizer, monkeypatch):
    monkeypatch.setattr(example_pipeline, "_SAMPLED_TOKENS", 1)
    assert [len(batch["input_ids"]) for batch in sample(spec, tokenizer)] == [16]


def test_what_was_picked_is_what_the_terms_compare_and_what_is_recorded():
    teacher = ModelShape(5, 16, 2, (16, 16), False)
    student = ModelShape(2, 16, 2, (16, 16), False, follows="0,3")
    section = Config().distill
    section.cka.weight, section.cka.layer_map = 1.0, "auto"
    section.pkd.weight, section.pkd.layer_map = 1.0, "1:2"
    made = objectives.build_objective(section, "class", student, teacher)
    assert made.terms["cka"].pairs == ((1, 1), (2, 4))
    assert made.terms["pkd"].pairs == ((2, 3),)
    assert objectives.layer_maps(section, student, teacher) == {"cka": [(0, 0), (1, 3)], "pkd": [(1, 2)]}
    assert auto_mapped_terms(section) == ["cka"]
