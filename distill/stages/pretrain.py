"""Pretrain a model and its tokenizer on raw text, by predicting masked tokens or the next one."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
from datasets import Dataset
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from distill.base.files import RESUME, whole_folder
from distill.config.adapting import VIRTUAL
from distill.config.pretrain import NEXT
from distill.config.training import TrainingConfig
from distill.errors import ModelError
from distill.metrics import language_modeling
from distill.models import from_scratch, loading
from distill.models.sources import PRETRAINING_TEACHER, TEACHER_CHECKPOINT
from distill.models.tokenizer_training import train
from distill.objective import Objective
from distill.objective.terms.gold import Hard
from distill.stages import hyperparameters, pretraining_teacher, pretraining_text, supervised
from distill.stages.job import Job, RunSpec, StageResult, StageSettings
from distill.tasks import causal_language_modeling as causal
from distill.tasks import masked_language_modeling as masked
from distill.tasks import next_sentence_prediction as following
from distill.training.segment_pairs import ACCURACY, SegmentPairsModule
from distill.training.supervised import SupervisedModule, TrainingSpec
from distill.training.tracking import read_curves

RECIPE = 5


def skipped(spec: RunSpec) -> str | None:
    """Return why the stage is left out where a checkpoint brings its own pretraining, else none."""
    if spec.config.teacher.answers is not None and spec.decisions.student_source != "pretrain":
        return "the student begins with a checkpoint, and the teacher is a file of answers"
    return "the teacher comes from a checkpoint" if spec.decisions.base != "pretrain" else None


def needs(spec: RunSpec) -> list[str]:
    """Return the checkpoint to go on from, and the model to learn from; else it needs nothing but text."""
    read = {TEACHER_CHECKPOINT: spec.config.pretrain.continued, PRETRAINING_TEACHER: _taught(spec)}
    return [name for name, is_read in read.items() if is_read]


def _taught(spec: RunSpec) -> bool:
    return spec.config.pretrain.teacher is not None


def settings(spec: RunSpec) -> StageSettings:
    """Return size, vocabulary, masking, training, and the texts without their labels."""
    teacher, section = spec.config.teacher, spec.config.pretrain
    from_scratch: StageSettings = {"architecture": asdict(teacher.architecture)}
    if not _taught(spec):
        from_scratch |= {"vocab_size": teacher.vocab_size, "lowercase": teacher.lowercase}
    if places := _virtual_places(spec):
        from_scratch["virtual_tokens"] = places
    return {
        **hyperparameters.settings(spec, section),
        **({} if section.continued else from_scratch),
        **pretraining_text.settings(spec),
        **({"terms": asdict(section.terms)} if _taught(spec) else {}),
    }


def run(job: Job) -> StageResult:
    """Train tokenizer and model; the folder ``model`` holds both."""
    spec, config = job.spec, job.spec.config
    tokenizer = _tokenizer(job)
    pl.seed_everything(config.seed, verbose=False)
    model = _model(spec, tokenizer)
    if not config.pretrain.max_epochs:
        if job.context.ranks.rank == 0:
            loading.save(model, tokenizer, job.folder / "model")
        return {"steps": 0, "epochs": 0, "parameters": loading.parameters(model)}
    batches = pretraining_text.make_loaders(job, tokenizer)
    section = hyperparameters.with_length(job, config.pretrain, batches.train)
    optimization = hyperparameters.optimization(config, section.settings, batches.train)
    training = TrainingSpec(masked.align, language_modeling.collection(), optimization, config.seed)
    result = supervised.train(
        job, section, _module(spec, model, training), tokenizer, batches, language_modeling.HEADLINE
    )
    return {**result, "language_model": _language_model(job, section.settings)}


def _module(spec: RunSpec, model: PreTrainedModel, training: TrainingSpec) -> SupervisedModule:
    """Return the module that trains the model on text alone, or on a teacher's answers as well."""
    if _taught(spec):
        return pretraining_teacher.module(spec, model, training)
    if spec.config.pretrain.objective == NEXT:
        return SegmentPairsModule(model, training)
    return SupervisedModule(model, Objective({"hard": Hard()}, {"hard": 1.0}), training)


def _language_model(job: Job, trained: TrainingConfig) -> dict[str, object]:
    """Return the objective, and the perplexity and accuracy of the epoch whose weights were kept, on held-out text."""
    curves = [row for row in read_curves(job.folder / "metrics.csv") if row["name"].startswith("validation/")]
    values = {
        name: [row["value"] for row in curves if row["name"] == f"validation/{name}"]
        for name in (*map(str, language_modeling.collection(sync=False)), *_further_scores(job.spec))
    }
    perplexities = values["perplexity"]
    kept = int(np.nanargmin(perplexities)) if trained.early_stopping.patience is not None else -1
    section = job.spec.config.pretrain
    return {
        "objective": section.objective,
        **{name: each[kept] for name, each in values.items()},
        "held_out": "files" if section.paths else "validation",
    }


def _further_scores(spec: RunSpec) -> list[str]:
    """Return the names of scores beside those of a language model."""
    return [ACCURACY] if spec.config.pretrain.objective == NEXT else []


def head(spec: RunSpec) -> str:
    """Return the class of an encoder that is pretrained, by what it learns."""
    return {"clm": causal.HEAD, NEXT: following.HEAD}.get(spec.config.pretrain.objective, masked.HEAD)


def _model(spec: RunSpec, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    section = spec.config.pretrain
    if section.continued:
        return loading.load_model(
            spec.sources.checkpoints[TEACHER_CHECKPOINT],
            head(spec),
            dropout=section.dropout,
            tokenizer=tokenizer,
            dtype=spec.dtype,
            new_head=True,
        )
    model_config, task = configuration(spec, tokenizer), spec.setup.task
    return loading.from_config(model_config, head(spec) if task.family == "encoder" else task.head)


def configuration(spec: RunSpec, tokenizer: PreTrainedTokenizerBase) -> PretrainedConfig:
    """Return the configuration of a teacher that is trained from scratch."""
    size = from_scratch.Size(**asdict(spec.config.teacher.architecture))
    length, dropout = spec.setup.spec.max_length + _virtual_places(spec), spec.config.pretrain.dropout
    return from_scratch.config(spec.setup.task.family, tokenizer, size, max_length=length, dropout=dropout)


def _virtual_places(spec: RunSpec) -> int:
    """Return the places that a teacher from scratch needs before its texts, for what fine-tuning puts there."""
    section = spec.config.finetune
    return section.virtual_tokens if section.peft in VIRTUAL else 0


def _tokenizer(job: Job) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a checkpoint that is read, or train one, which an interrupted stage finds again."""
    spec = job.spec
    if begins := needs(spec):
        return spec.sources.tokenizer(spec.sources.checkpoints[begins[0]])

    def make() -> Path:
        def save(folder: Path) -> None:
            trained_tokenizer(spec).save_pretrained(folder)

        return whole_folder(job.folder / RESUME, "tokenizer", save)

    return spec.sources.tokenizer(job.context.ranks.first(make))


def refuse_without_mask(tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse a tokenizer without a mask token.

    Raises:
        ModelError: it has no mask token.
    """
    if tokenizer.mask_token_id is None:
        raise ModelError("pretrain.continued=true: the checkpoint's tokenizer has no mask token to hide words with")


def trained_tokenizer(spec: RunSpec, splits: Sequence[Dataset] | None = None) -> PreTrainedTokenizerBase:
    """Train a tokenizer from scratch on all text of the stage, or on the texts of some rows alone."""
    teacher = spec.config.teacher
    return train(
        spec.setup.task.family,
        pretraining_text.all_texts(spec) if splits is None else pretraining_text.of_rows(spec, splits),
        vocab_size=teacher.vocab_size,
        max_length=spec.setup.spec.max_length,
        lowercase=teacher.lowercase,
    )
