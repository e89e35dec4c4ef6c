"""A language model and its tokenizer from raw text, by masked-language modelling."""

from dataclasses import asdict
from typing import Any

import pytorch_lightning as pl

from distill.build import Builder
from distill.losses import Hard, Objective
from distill.metrics import language_modeling
from distill.models import loading
from distill.models.student import bert_config
from distill.models.tokenizers import train_wordpiece
from distill.stages import Job, training
from distill.tasks import masked_language_modeling as task
from distill.training.learner import Learner

RECIPE = 1


def skipped(build: Builder) -> str | None:
    """A checkpoint brings its own pretraining."""
    return "the teacher comes from a checkpoint" if build.base != "pretrain" else None


def needs(build: Builder) -> list[str]:
    """Nothing but text."""
    return []


def settings(build: Builder) -> dict[str, Any]:
    """Size, vocabulary, masking, training, and the texts without their labels."""
    teacher, section = build.config.teacher, build.config.pretrain
    return {
        **training.settings(build, section),
        "mask_probability": section.mask_probability,
        "architecture": asdict(teacher.architecture),
        "vocab_size": teacher.vocab_size,
        "texts": {split: build.data.texts(split) for split in ("train", "validation")},
    }


def run(job: Job) -> dict[str, Any]:
    """Train tokenizer and model; the folder ``model`` holds both."""
    build, config = job.build, job.build.config
    tokenizer = _tokenizer(job)
    pl.seed_everything(config.seed, verbose=False)
    size, dropout = asdict(config.teacher.architecture), config.pretrain.dropout
    architecture = bert_config(tokenizer, max_length=config.data.max_length, dropout=dropout, **size)
    model = loading.from_config(architecture, task.HEAD)
    collate = task.Collate(
        seed=config.seed, probability=config.pretrain.mask_probability, pad_id=tokenizer.pad_token_id,
        mask_id=tokenizer.mask_token_id, vocabulary=len(tokenizer), special=frozenset(tokenizer.all_special_ids),
    )  # fmt: skip
    train, validation = (build.encoded(split, tokenizer) for split in ("train", "validation"))
    batches = (
        build.training_batches(train, collate, collate.counts(train)),
        build.scoring_batches(validation, collate),
    )
    recipe = training.recipe(build, config.pretrain, batches[0], task.align, language_modeling.collection())
    learner = Learner(model, Objective({"hard": Hard()}, {"hard": 1.0}), recipe)
    return training.train(job, "pretrain", config.pretrain, learner, tokenizer, batches, language_modeling.HEADLINE)


def _tokenizer(job: Job) -> Any:  # noqa: ANN401
    build, folder = job.build, job.folder / "model"
    if build.ranks.rank == 0 and not (folder / "tokenizer.json").is_file():
        texts = [text for role in build.task.TEXT for text in build.data.splits["train"][role]]
        size, length = build.config.teacher.vocab_size, build.config.data.max_length
        train_wordpiece(texts, vocab_size=size, max_length=length).save_pretrained(folder)
    build.ranks.wait()
    return loading.tokenizer(folder)
