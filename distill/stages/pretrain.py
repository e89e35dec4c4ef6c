"""Pretrain a model and its tokenizer on raw text by masked-language modelling; decoders begin at random instead."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import pytorch_lightning as pl
from datasets import Dataset, concatenate_datasets
from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from distill.base.files import RESUME, whole_folder
from distill.config.adapting import VIRTUAL
from distill.data.splits import UNLABELLED
from distill.errors import ModelError
from distill.metrics import language_modeling
from distill.models import from_scratch, loading
from distill.models.checkpoint_fitting import token_count
from distill.models.sources import TEACHER_CHECKPOINT
from distill.models.tokenizer_training import train
from distill.objective import Objective
from distill.objective.terms.gold import Hard
from distill.stages import hyperparameters, loaders, supervised
from distill.stages.job import Job, RunSpec, StageResult, StageSettings
from distill.tasks import masked_language_modeling as masked
from distill.training.supervised import SupervisedModule, TrainingSpec

RECIPE = 5


def skipped(spec: RunSpec) -> str | None:
    """Return why the stage is left out where a checkpoint brings its own pretraining, else none."""
    if spec.config.teacher.answers is not None and spec.decisions.student_source != "pretrain":
        return "the student begins with a checkpoint, and the teacher is a file of answers"
    return "the teacher comes from a checkpoint" if spec.decisions.base != "pretrain" else None


def needs(spec: RunSpec) -> list[str]:
    """Return the checkpoint to go on from, where there is one; from scratch it needs nothing but text."""
    return [TEACHER_CHECKPOINT] if spec.config.pretrain.continued else []


def settings(spec: RunSpec) -> StageSettings:
    """Return size, vocabulary, masking, training, and the texts without their labels."""
    teacher, section = spec.config.teacher, spec.config.pretrain
    from_scratch: StageSettings = {
        "architecture": asdict(teacher.architecture),
        "vocab_size": teacher.vocab_size,
        "lowercase": teacher.lowercase,
    }
    if places := _virtual_places(spec):
        from_scratch["virtual_tokens"] = places
    return {
        **hyperparameters.settings(spec, section),
        **({} if section.continued else from_scratch),
        "mask_probability": section.mask_probability,
        "texts": {split: spec.data.texts(split) for split in (*_splits_read(spec), "validation")},
    }


def _splits_read(spec: RunSpec) -> list[str]:
    """Return the splits whose texts the model learns from."""
    return [split for split in ("train", UNLABELLED) if split in spec.data.splits]


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
    batches = _loaders(job, tokenizer)
    section = hyperparameters.with_length(job, config.pretrain, batches.train)
    optimization = hyperparameters.optimization(config, section.settings, batches.train)
    training = TrainingSpec(masked.align, language_modeling.collection(), optimization, config.seed)
    module = SupervisedModule(model, Objective({"hard": Hard()}, {"hard": 1.0}), training)
    return supervised.train(job, section, module, tokenizer, batches, language_modeling.HEADLINE)


def _loaders(job: Job, tokenizer: PreTrainedTokenizerBase) -> loaders.Loaders:
    """Return batches of train and validation in which words are masked."""
    collate = masked.Collate(
        seed=job.spec.config.seed,
        probability=job.spec.config.pretrain.mask_probability,
        pad_id=tokenizer.pad_token_id,
        mask_id=tokenizer.mask_token_id,
        vocabulary=token_count(tokenizer),
        special=frozenset(tokenizer.all_special_ids),
    )
    splits = job.spec.data.splits
    texts = [job.examples.encode(splits[name], tokenizer) for name in _splits_read(job.spec)]
    common = [name for name in texts[0].column_names if all(name in features.column_names for features in texts)]
    train = concatenate_datasets([features.select_columns(common) for features in texts])
    validation = job.examples.encode(splits["validation"], tokenizer)
    return loaders.Loaders(
        job.examples.training_batches(train, collate, collate.counts(train)),
        job.examples.scoring_batches(validation, collate),
    )


def _model(spec: RunSpec, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    section = spec.config.pretrain
    if section.continued:
        return loading.load_model(
            spec.sources.checkpoints[TEACHER_CHECKPOINT],
            masked.HEAD,
            dropout=section.dropout,
            tokenizer=tokenizer,
            dtype=spec.dtype,
            new_head=True,
        )
    model_config, task = configuration(spec, tokenizer), spec.setup.task
    return loading.from_config(model_config, masked.HEAD if task.family == "encoder" else task.head)


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
    """Return the checkpoint's tokenizer, or train one, which an interrupted stage finds again."""
    spec = job.spec
    if spec.config.pretrain.continued:
        return spec.sources.tokenizer(spec.sources.checkpoints[TEACHER_CHECKPOINT])

    def make() -> Path:
        def save(folder: Path) -> None:
            trained_tokenizer(spec, [spec.data.splits[name] for name in _splits_read(spec)]).save_pretrained(folder)

        return whole_folder(job.folder / RESUME, "tokenizer", save)

    return spec.sources.tokenizer(job.context.ranks.first(make))


def refuse_without_mask(tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse a tokenizer without a mask token.

    Raises:
        ModelError: it has no mask token.
    """
    if tokenizer.mask_token_id is None:
        raise ModelError("pretrain.continued=true: the checkpoint's tokenizer has no mask token to hide words with")


def trained_tokenizer(spec: RunSpec, splits: Sequence[Dataset]) -> PreTrainedTokenizerBase:
    """Train a tokenizer from scratch on the texts of some splits."""
    teacher = spec.config.teacher
    return train(
        spec.setup.task.family,
        [text for rows in splits for text in _texts(spec, rows)],
        vocab_size=teacher.vocab_size,
        max_length=spec.setup.spec.max_length,
        lowercase=teacher.lowercase,
    )


def _texts(spec: RunSpec, rows: Dataset) -> Iterator[str]:
    """Yield all text of ``rows``, without the marks that become tokens of their own."""
    task = spec.setup.task
    for role in task.text:
        for text in rows[role][:]:  # a column by itself is read row by row
            joined = text if isinstance(text, str) else " ".join(text)
            for marker in task.markers:
                joined = joined.replace(marker, " ")
            yield joined
