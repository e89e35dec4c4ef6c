"""Ask the teachers of a student: live or from what is stored, one or several, and a student of an earlier round."""

from typing import Any, cast

import torch
from datasets import Dataset
from transformers import PreTrainedTokenizerBase

from distill.config import ensemble as ensembles
from distill.config.ensemble import FIRST
from distill.inference.output_store import OutputStore
from distill.inference.torch_runtime import output_columns
from distill.models import loading
from distill.models.checkpoint_fitting import token_count
from distill.models.sources import ModelRef
from distill.objective import Objective
from distill.objective.settings import terms_with_temperature
from distill.stages import teach
from distill.stages.job import Job, RunSpec, StageSettings, title
from distill.stages.kept_outputs import combine_logits
from distill.stages.passes import output_pass
from distill.teacher import ensemble
from distill.teacher.ensemble import Ensemble
from distill.teacher.live import LiveTeacher
from distill.training.trainer import on_gpu
from distill.types import TeacherFn

_DTYPES = {"32-true": torch.float32, "bf16-true": torch.bfloat16, "16-true": torch.float16}
"""The dtypes of ``teacher.precision``."""


def asked(
    job: Job, teacher: ModelRef, tokenizer: PreTrainedTokenizerBase, objective: Objective
) -> tuple[TeacherFn, PreTrainedTokenizerBase | None]:
    """Return the teacher of train, and its tokenizer where it answers live and reads other tokens than the student."""
    spec, needs = job.spec, objective.needs
    if spec.members:
        return _stored_ensemble(job, objective), None
    if spec.decisions.outputs.stored:
        return teach.stored(job, spec.teachers[FIRST], teacher, job.inputs["teach"]), None
    teacher_tokenizer = spec.sources.tokenizer(teacher.folder)
    dtype = live_dtype(spec)
    model = loading.load_model(teacher.folder, spec.setup.task.head, tokenizer=teacher_tokenizer, dtype=dtype)
    same_tokens = spec.same_tokens(tokenizer, teacher_tokenizer)
    live = LiveTeacher(
        model,
        spec.setup.align,
        output_columns(spec.setup, teacher),
        hidden="teacher_hidden" in needs,
        attentions="teacher_attentions" in needs,
        qkv="teacher_qkv" in needs,
        prefix="" if same_tokens else "teacher_",
    )
    return live, None if same_tokens else teacher_tokenizer


def live_dtype(spec: RunSpec) -> torch.dtype:
    """Return the dtype of a teacher that answers while the student learns, on the device of this machine."""
    asked, trainer = spec.config.teacher.precision, spec.config.trainer
    if asked != "auto":
        return _DTYPES[asked]
    halved = trainer.precision.endswith("-mixed") and on_gpu(trainer.accelerator)
    return torch.bfloat16 if halved and torch.cuda.is_bf16_supported(including_emulation=False) else spec.dtype


def settings(spec: RunSpec) -> StageSettings:
    """Return the precision of a live teacher where it is another than that of the student's weights."""
    live = not spec.decisions.outputs.stored and spec.labelled is None
    dtype = live_dtype(spec) if live else spec.dtype
    return {} if dtype == spec.dtype else {"teacher_precision": str(dtype).removeprefix("torch.")}


def _stored_ensemble(job: Job, objective: Objective) -> Ensemble:
    """Return the stored outputs of all teachers as one, at the temperature of the objective at that moment."""
    spec, stores = job.spec, _stores(job)
    rule, weights = spec.config.ensemble.combine, ensembles.weights(spec.config)
    if spec.setup.task.writes:
        first = spec.model(spec.decisions.teacher, job.inputs)
        return ensemble.of_kept_logits(stores, rule, weights, token_count(spec.sources.tokenizer(first.folder)))
    kind = spec.setup.task.kind
    names = terms_with_temperature(spec.config.distill, kind)
    if not names:
        return ensemble.of_logits(stores, ensemble.combined_logits(rule, kind, weights))
    term = cast(Any, objective.terms[names[0]])
    return ensemble.of_logits(stores, ensemble.combined_logits(rule, kind, weights, lambda: float(term.temperature)))


def of_unlabelled(job: Job, texts: Dataset, teacher: TeacherFn) -> TeacherFn:
    """Return the teacher of texts without labels, at temperature 1: that of train, or the student of an earlier round.

    Args:
        job: the stage in which a student learns.
        texts: those without labels.
        teacher: that of train, at the temperature of the objective.
    """
    spec, follows = job.spec, job.spec.learner.follows
    if follows is not None:
        model = spec.finished(spec.model(follows, job.inputs), spec.dtype)
        return output_pass(job).rows(model, texts, job.folder / "followed")
    return ensemble.of_logits(_stores(job), combine_logits(spec)) if spec.members else teacher


def _stores(job: Job) -> list[OutputStore]:
    """Return the stored outputs of each of several teachers."""
    spec = job.spec
    return [
        teach.stored(
            job,
            member,
            spec.model(title(member.decisions.teacher, name), job.inputs),
            job.inputs[title("teach", name)],
        )
        for name, member in spec.members.items()
    ]
