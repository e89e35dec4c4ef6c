"""Where a new head begins."""

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from distill.build import Builder
from distill.config.schema import Config
from distill.stages import training
from distill.stages.reading import prepare

SIZE = {"vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}


@pytest.mark.parametrize("task", ["multilabel_classification", "regression", "classification"])
def test_a_new_head_begins_at_what_train_says_of_any_text(task, tmp_path):
    config = Config(task=task)
    config.data.source, config.data.limit.train = "embedded", 100
    build = Builder(config, prepare(config), tmp_path, "")
    labels = build.data.splits["train"]["label"][:]
    model = BertForSequenceClassification(BertConfig(**SIZE, num_labels=len(build.data.labels) or 1))
    begins = training.centre(build, model).classifier.bias.detach()
    if task == "classification":
        assert begins.tolist() == [0] * len(build.data.labels)
    elif task == "regression":
        assert begins.tolist() == pytest.approx([sum(labels) / len(labels)])
    else:
        often = [(sum(column) + 0.5) / (len(labels) + 1) for column in zip(*labels, strict=True)]
        assert torch.sigmoid(begins).tolist() == pytest.approx(often, rel=1e-5)
