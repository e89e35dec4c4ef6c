"""Bundles of small models with random weights, large enough that every token counts in an answer."""

from dataclasses import asdict

import numpy as np
import torch
import transformers
from transformers import BertConfig

from distill.export import Source, exporter
from distill.models import loading
from distill.models.special_tokens_as_text import read_as_text
from distill.models.tokenizer_training import train
from distill.tasks import EncodingSpec, task
from distill.tasks.setup import TaskSetup

TEXTS = (
    "Anna lives in Rome , and Mary saw the old film there .",
    "The plot is good , but <e1>Mary</e1> left <e2>Rome</e2> early : who wrote it ?",
    "A river stands near the tower of Paris , says the letter of Peru .",
)
LABELS = {
    "classification": ("good", "bad", "fair"),
    "pair_classification": ("same", "other"),
    "multilabel_classification": ("news", "sport", "film", "art"),
    "regression": (),
    "token_classification": ("O", "B-PER", "I-PER", "B-LOC", "I-LOC"),
    "relation_extraction": ("none", "lives in", "left"),
    "question_answering": (),
}
SIZE = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24,
    "max_position_embeddings": 64,
}  # fmt: skip


def bert(tokenizer):
    return BertConfig(vocab_size=len(tokenizer), **SIZE)


def student(folder, name, config=bert, *, tokenizer=None, double=False, **limits):
    """Save a model of a task with a tokenizer of its own, and return the setup."""
    described = task(name)
    setup = TaskSetup(name, described, EncodingSpec(LABELS[name], **{"max_length": 32, "stride": 8, **limits}))
    tokenizer = read_as_text(tokenizer or train("encoder", TEXTS, vocab_size=120, max_length=32), described.markers)
    made = config(tokenizer)
    if setup.outputs:
        loading.name_labels(made, setup.outputs, described.kind)
    torch.manual_seed(0)
    model = getattr(transformers, described.head).from_config(made)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(std=0.4)
    loading.fit_tokens(model, tokenizer)
    loading.save(model.double() if double else model, tokenizer, folder)
    return setup


def bundle(folder, name, config=bert, *, formats=("huggingface", "onnx"), **more):
    """Write the formats of a student as one bundle, and return its folder and the setup."""
    setup = student(folder / "model", name, config, **more)
    form = {**asdict(setup.spec), "task": name, "columns": {}, "generation": {}}
    form = {key: value for key, value in form.items() if value or key == "stride"}
    source = Source(folder / "model", setup, form, calibration=lambda: _rows(folder / "model", setup))
    for each in formats:
        exporter(each).write(source, folder / "student" / exporter(each).place)
    return folder / "student", setup


def _rows(folder, setup):
    """Rows to calibrate with, one text each."""
    tokenizer, pair = loading.load_tokenizer(folder), len(setup.task.inputs) == 2
    texts = [text[start:] for text in TEXTS for start in range(0, 30, 6)]
    encoded = [tokenizer(*[text] * (1 + pair), truncation=True, max_length=setup.spec.max_length) for text in texts]
    return [{name: np.array([values]) for name, values in each.items()} for each in encoded]
