"""Where a new head begins, and what is said of the examples."""

from dataclasses import replace

import pytest
import torch
from run_parts import job_of, spec_of
from transformers import BertConfig, BertForSequenceClassification

from distill.config.schema import Config
from distill.models.tokenizer_training import train_wordpiece
from distill.stages import supervised

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
    spec = spec_of(config)
    one, other = job_of(spec, tmp_path / "one"), job_of(spec, tmp_path / "other")
    texts = spec.data.splits["train"]["text"]
    tokenizer = train_wordpiece(texts, vocab_size=300, max_length=512)
    with caplog.at_level("INFO", "distill"):
        for job in (one, replace(one, title="control", folder=tmp_path), other):
            supervised.loaders(job, tokenizer)
    cut = sum(len(tokenizer(text)["input_ids"]) > 6 for text in texts)
    assert cut > 0
    said = f"{cut} of 40 examples of train do not fit and are cut: data.max_length=6 tokens"
    assert caplog.messages == [said, said]
