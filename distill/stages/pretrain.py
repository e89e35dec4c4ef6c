"""A language model and its tokenizer from raw text, by masked-language modelling."""

from dataclasses import asdict
from typing import Any

import pytorch_lightning as pl
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.build import Builder
from distill.errors import ModelError
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
    """Nothing but text, or the checkpoint to go on from."""
    return ["teacher_checkpoint"] if build.config.pretrain.continued else []


def settings(build: Builder) -> dict[str, Any]:
    """Size, vocabulary, masking, training, and the texts without their labels."""
    teacher, section = build.config.teacher, build.config.pretrain
    scratch = {"architecture": asdict(teacher.architecture), "vocab_size": teacher.vocab_size}
    return {
        **training.settings(build, section),
        **({} if section.continued else scratch),
        "mask_probability": section.mask_probability,
        "texts": {split: build.data.texts(split) for split in ("train", "validation")},
    }


def run(job: Job) -> dict[str, Any]:
    """Train tokenizer and model; the folder ``model`` holds both."""
    build, config = job.build, job.build.config
    tokenizer = _tokenizer(job)
    pl.seed_everything(config.seed, verbose=False)
    model = _model(build, tokenizer)
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


def _model(build: Builder, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    config, dropout = build.config, build.config.pretrain.dropout
    if config.pretrain.continued:
        return loading.model(build.checkpoints["teacher_checkpoint"], task.HEAD, dropout=dropout)
    size = asdict(config.teacher.architecture)
    return loading.from_config(
        bert_config(tokenizer, max_length=config.data.max_length, dropout=dropout, **size), task.HEAD
    )


def _tokenizer(job: Job) -> Any:  # noqa: ANN401
    build, folder = job.build, job.folder / "model"
    if build.config.pretrain.continued:
        tokenizer = loading.tokenizer(build.checkpoints["teacher_checkpoint"])
        if tokenizer.mask_token_id is None:
            raise ModelError("pretrain.continued=true: the checkpoint's tokenizer has no mask token to hide words with")
        return tokenizer
    if build.ranks.rank == 0 and not (folder / "tokenizer.json").is_file():
        texts = [text for role in build.task.TEXT for text in build.data.splits["train"][role]]
        size, length = build.config.teacher.vocab_size, build.config.data.max_length
        train_wordpiece(texts, vocab_size=size, max_length=length).save_pretrained(folder)
    build.ranks.wait()
    return loading.tokenizer(folder)
