"""Fine-tune the teacher: a pretrained model learns the task from labels."""

import pytorch_lightning as pl

from distill.config.adapting import lora_settings
from distill.models import loading
from distill.stages import adapting, hyperparameters, loaders, supervised, warm_starts
from distill.stages.job import Job, RunSpec, StageResult, StageSettings

RECIPE = 6


def skipped(spec: RunSpec) -> str | None:
    """Return why the stage is left out where the teacher's checkpoint is fine-tuned already, else none."""
    if spec.config.teacher.answers is not None:
        return "the teacher is a file of answers"
    return "the checkpoint is fine-tuned already" if spec.config.teacher.finetuned else None


def needs(spec: RunSpec) -> list[str]:
    """Return the input that holds the pretrained model."""
    return [spec.decisions.base]


def settings(spec: RunSpec) -> StageSettings:
    """Return the settings of training, labels and examples."""
    section = spec.config.finetune
    adapted: StageSettings = {
        "frozen_layers": section.frozen_layers,
        "lora": lora_settings(section),
        **adapting.settings(section),
    }
    if section.frozen_layers:
        adapted["frozen"] = "embeddings of every name"
    weights = {"class_weights": spec.config.data.class_weights}
    return {
        **hyperparameters.settings(spec, section),
        **weights,
        **adapted,
        **warm_starts.settings(warm_starts.of_teacher(spec)),
        **spec.data.identity("train", "validation"),
    }


def run(job: Job) -> StageResult:
    """Fine-tune the teacher; the folder ``model`` holds it and its tokenizer."""
    spec, section, setup = job.spec, job.spec.config.finetune, job.spec.setup
    folder = spec.sources.folder(spec.decisions.base, job.inputs)
    tokenizer = spec.sources.tokenizer(folder)
    pl.seed_everything(spec.config.seed, verbose=False)
    start = warm_starts.of_teacher(spec)
    model = loading.load_model(
        folder,
        setup.task.head,
        labels=setup.outputs,
        kind=setup.task.kind,
        dropout=section.dropout,
        tokenizer=tokenizer,
        dtype=spec.dtype,
        new_head=True,
        named=start.had if start is not None else (),
    )
    supervised.centre(spec, model)
    adapting.adapt_model(model, section, "finetune", "teacher")
    batches = loaders.make_loaders(job, tokenizer)
    batches = batches._replace(notes=(*batches.notes, *warm_starts.told(job, start, "teacher")))
    trained = hyperparameters.with_length(job, section, batches.train)
    module = supervised.supervised_module(spec, trained.settings, model, batches.train)
    return supervised.train(job, trained, module, tokenizer, batches, hyperparameters.watched(spec, trained.settings))
