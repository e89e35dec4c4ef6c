"""Where a new head begins, and what is said of the examples."""

from dataclasses import replace

import pytest
import torch
from run_parts import job_of, spec_of
from transformers import BertConfig, BertForSequenceClassification

from distill.config.schema import Config
from distill.metrics import Headline
from distill.models.tokenizer_training import train_wordpiece
from distill.stages import hyperparameters, loaders, supervised

SIZE = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}


@pytest.mark.parametrize("task", ["multilabel_classification", "regression", "classification"])
def test_a_new_head_begins_at_what_train_says_of_any_text(task):
    config = Config(task=task)
    config.data.source, config.data.limit.train = "embedded", 100
    spec = spec_of(config)
    labels = spec.data.splits["train"]["label"][:]
    model = BertForSequenceClassification(BertConfig(**SIZE, num_labels=len(spec.data.labels) or 1))
    begins = supervised.centre(spec, model).classifier.bias.detach()
    if task == "classification":
        assert begins.tolist() == [0] * len(spec.data.labels)
    elif task == "regression":
        assert begins.tolist() == pytest.approx([sum(labels) / len(labels)])
    else:
        often = [(sum(column) + 0.5) / (len(labels) + 1) for column in zip(*labels, strict=True)]
        assert torch.sigmoid(begins).tolist() == pytest.approx(often, rel=1e-5)


def test_what_is_cut_is_said_once_a_run(tmp_path, caplog):
    config = Config(task="classification")
    config.data.source, config.data.limit.train, config.data.max_length = "embedded", 40, 6
    config.data.limit.test = 30
    spec = spec_of(config)
    one, other = job_of(spec, tmp_path / "one"), job_of(spec, tmp_path / "other")
    texts, tested = spec.data.splits["train"]["text"], spec.data.splits["test"]["text"]
    tokenizer = train_wordpiece(texts, vocab_size=300, max_length=512)
    with caplog.at_level("INFO", "distill"):
        jobs = (one, replace(one, title="control", folder=tmp_path), other)
        notes = [loaders.make_loaders(job, tokenizer).notes for job in jobs]
    cut, of_test = (sum(len(tokenizer(text)["input_ids"]) > 6 for text in split) for split in (texts, tested))
    assert min(cut, of_test) > 0
    said = (
        f"{cut} of 40 examples of train do not fit and are cut: data.max_length=6 tokens",
        f"{of_test} of 30 examples of test do not fit and are cut: data.max_length=6 tokens",
    )
    assert notes == [said] * 3, "each stage's result says it, also where the log does not again"
    assert caplog.messages == [*said, *said]


@pytest.mark.parametrize(
    ("title", "scores", "rising"),
    [
        ("finetune", [0.5, 0.6, 0.7], True),
        ("distill", [0.6, 0.7], True),
        ("finetune", [0.5, 0.7, 0.7], False),
        ("finetune", [0.5, 0.8, 0.7], False),
        ("finetune", [0.5], False),
        ("control", [0.5, 0.6, 0.7], False),
    ],
)
def test_a_stage_says_that_it_may_have_been_too_short(tmp_path, title, scores, rising):
    config = Config(task="classification")
    config.data.source, config.data.limit.train = "embedded", 40
    job = job_of(spec_of(config), tmp_path, title=title)
    rows = [f"{epoch},validation/accuracy,{score},{epoch}" for epoch, score in enumerate(scores)]
    (tmp_path / "metrics.csv").write_text("\n".join(["step,name,value,epoch", *rows]) + "\n", encoding="utf-8")
    section = config.distill if title != "finetune" else config.finetune
    rate = 0.001 if title == "finetune" else 0.002
    notes = supervised._underfitting_notes(job, section, Headline("accuracy", "max"))
    expected = (
        [
            f"{title}: its last epoch was its best on validation (accuracy {scores[-2]:.4f}, then {scores[-1]:.4f}): "
            f"more epochs ({title}.max_epochs) or a higher rate ({title}.optimizer.lr, {rate} here) may help"
        ]
        if rising
        else []
    )
    assert notes == expected


def test_steps_that_are_left_open_follow_the_weights():
    config = Config(task="classification")
    for section in (config.pretrain, config.finetune, config.distill):
        section.min_steps = None
    steps = [
        hyperparameters.min_steps(config, section) for section in (config.pretrain, config.finetune, config.distill)
    ]
    assert steps == [1500, 600, 600]
    config.teacher.model = "anything"
    assert [hyperparameters.min_steps(config, section) for section in (config.finetune, config.distill)] == [300, 300]


def test_pretraining_stops_early_and_a_student_reads_to_the_end(tmp_path):
    config = Config(task="classification")
    config.data.source, config.data.limit.train = "embedded", 64
    job = job_of(spec_of(config), tmp_path, title="pretrain")
    config.pretrain.min_steps = config.distill.min_steps = 200
    sections = [
        hyperparameters.with_length(job, section, range(2)).settings for section in (config.pretrain, config.distill)
    ]
    assert [section.early_stopping.patience for section in sections] == [3, 100]
    assert hyperparameters.settings(job.spec, config.pretrain)["patience"] == 3
    assert "patience" not in hyperparameters.settings(job.spec, config.distill)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"peft": "lora"},
            "finetune.optimizer.lr=5e-05: with finetune.peft=lora few numbers learn, which takes 0.0005",
        ),
        ({"frozen": "body"}, "finetune.optimizer.lr=5e-05: with finetune.frozen=body few numbers learn, which takes"),
        ({"peft": "lora", "lr": 1.5e-4}, None),
        ({"peft": "lora", "lr": None}, None),
        ({"frozen": "embeddings"}, None),
    ],
)
def test_a_rate_with_which_few_numbers_hardly_move_is_said_with_the_way_out(settings, said):
    section = Config(task="classification").finetune
    section.optimizer.lr = settings.pop("lr", 5e-5)
    for name, value in settings.items():
        setattr(section, name, value)
    found = hyperparameters.too_low_for_few_numbers(section, "finetune")
    assert found is None if said is None else found.startswith(said) and found.endswith("=null takes that")
