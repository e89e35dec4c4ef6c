"""A model and its tokenizer from raw text: an encoder learns masked-language modelling, others begin at random."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from datasets import Dataset
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from distill.base.files import RESUME, whole_folder
from distill.errors import ModelError
from distill.metrics import language_modeling
from distill.models import loading, scratch
from distill.models.fitting import token_count
from distill.models.tokenizers import train
from distill.objective import Objective
from distill.objective.terms.gold import Hard
from distill.pipeline.context import Builder
from distill.stages import Job, supervised
from distill.tasks import masked_language_modeling as task
from distill.training import length
from distill.training.supervised import SupervisedModule, TrainingSpec

RECIPE = 5


def skipped(build: Builder) -> str | None:
    """A checkpoint brings its own pretraining."""
    return "the teacher comes from a checkpoint" if build.base != "pretrain" else None


def needs(build: Builder) -> list[str]:
    """Nothing but text, or the checkpoint to go on from."""
    return ["teacher_checkpoint"] if build.config.pretrain.continued else []


def settings(build: Builder) -> dict[str, Any]:
    """Size, vocabulary, masking, training, and the texts without their labels."""
    teacher, section = build.config.teacher, build.config.pretrain
    scratch_ = {
        "architecture": asdict(teacher.architecture), "vocab_size": teacher.vocab_size, "lowercase": teacher.lowercase,
    }  # fmt: skip
    return {
        **supervised.settings(build, section),
        **({} if section.continued else scratch_),
        "mask_probability": section.mask_probability,
        "texts": {split: build.data.texts(split) for split in ("train", "validation")},
    }


def run(job: Job) -> dict[str, Any]:
    """Train tokenizer and model; the folder ``model`` holds both."""
    build, config = job.build, job.build.config
    tokenizer = _tokenizer(job)
    pl.seed_everything(config.seed, verbose=False)
    model = _model(build, tokenizer)
    if not config.pretrain.max_epochs:
        if build.ranks.rank == 0:
            loading.save(model, tokenizer, job.folder / "model")
        return {"steps": 0, "epochs": 0, "parameters": loading.parameters(model)}
    collate = task.Collate(
        seed=config.seed, probability=config.pretrain.mask_probability, pad_id=tokenizer.pad_token_id,
        mask_id=tokenizer.mask_token_id, vocabulary=token_count(tokenizer),
        special=frozenset(tokenizer.all_special_ids),
    )  # fmt: skip
    train, validation = (build.encoded(build.data.splits[each], tokenizer) for each in ("train", "validation"))
    batches = (
        build.training_batches(train, collate, collate.counts(train)),
        build.scoring_batches(validation, collate),
    )
    section, every = length.of(build, config.pretrain, batches[0], job.title)
    metrics, optimization = language_modeling.collection(), supervised.optimization(build, section, batches[0])
    recipe = TrainingSpec(task.align, metrics, optimization, config.seed)
    learner = SupervisedModule(model, Objective({"hard": Hard()}, {"hard": 1.0}), recipe)
    return supervised.train(job, section, learner, tokenizer, batches, language_modeling.HEADLINE, every)


def _model(build: Builder, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    config, dropout, family = build.config, build.config.pretrain.dropout, build.task.family
    if config.pretrain.continued:
        folder = build.checkpoints["teacher_checkpoint"]
        return loading.load_model(
            folder, task.HEAD, dropout=dropout, tokenizer=tokenizer, dtype=build.dtype, new_head=True
        )
    made = configuration(build, tokenizer)
    return loading.from_config(made, task.HEAD if family == "encoder" else build.task.head)


def configuration(build: Builder, tokenizer: PreTrainedTokenizerBase) -> PretrainedConfig:
    """The configuration of a teacher that is trained from scratch."""
    config, size = build.config, scratch.Size(**asdict(build.config.teacher.architecture))
    length, dropout = config.data.max_length, config.pretrain.dropout
    return scratch.config(build.task.family, tokenizer, size, max_length=length, dropout=dropout)


def _tokenizer(job: Job) -> PreTrainedTokenizerBase:
    """That of the checkpoint, or one that is trained, which an interrupted stage finds again."""
    build = job.build
    if build.config.pretrain.continued:
        return build.tokenizer(build.checkpoints["teacher_checkpoint"])

    def made() -> Path:
        def save(folder: Path) -> None:
            trained(build, build.data.splits["train"]).save_pretrained(folder)

        return whole_folder(job.folder / RESUME, "tokenizer", save)

    return build.tokenizer(build.ranks.first(made))


def refuse_without_mask(tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse a tokenizer that cannot hide words.

    Raises:
        ModelError: it has no mask token.
    """
    if tokenizer.mask_token_id is None:
        raise ModelError("pretrain.continued=true: the checkpoint's tokenizer has no mask token to hide words with")


def trained(build: Builder, rows: Dataset) -> PreTrainedTokenizerBase:
    """A tokenizer from scratch that has learnt from the texts of ``rows``."""
    teacher = build.config.teacher
    return train(
        build.task.family, list(_texts(build, rows)), vocab_size=teacher.vocab_size,
        max_length=build.config.data.max_length, lowercase=teacher.lowercase,
    )  # fmt: skip


def _texts(build: Builder, rows: Dataset) -> Iterator[str]:
    """All text of ``rows``, without the marks that become tokens of their own."""
    for role in build.task.text:
        for text in rows[role][:]:  # a column by itself is read row by row
            joined = text if isinstance(text, str) else " ".join(text)
            for marker in build.task.markers:
                joined = joined.replace(marker, " ")
            yield joined
