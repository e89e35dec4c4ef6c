"""Let a model learn from another one's masked-language modelling (Sanh et al. 2019): task-agnostic distillation."""

from transformers import PreTrainedModel

from distill.config.pretrain import PretrainTermsConfig
from distill.models import loading
from distill.models.model_shape import model_shape
from distill.models.sources import PRETRAINING_TEACHER
from distill.objective.build import build_objective
from distill.objective.settings import TermsConfig, terms
from distill.stages.job import RunSpec
from distill.tasks import masked_language_modeling as masked
from distill.teacher.live import LiveTeacher
from distill.training.distillation import DistillationModule
from distill.training.supervised import TrainingSpec


def module(spec: RunSpec, model: PreTrainedModel, training: TrainingSpec) -> DistillationModule:
    """Return the module that trains a model on masked tokens and on what a teacher says of them.

    Raises:
        ModelError: the teacher cannot be loaded.
    """
    folder = spec.sources.checkpoints[PRETRAINING_TEACHER]
    teacher = loading.load_model(folder, masked.HEAD, tokenizer=spec.sources.tokenizer(folder), dtype=spec.dtype)
    config = terms_config(spec.config.pretrain.terms)
    objective = build_objective(config, "class", model_shape(model.config), model_shape(teacher.config))
    columns = range(model.config.vocab_size) if teacher.config.vocab_size != model.config.vocab_size else None
    live = LiveTeacher(teacher, masked.align, columns, hidden="teacher_hidden" in objective.needs)
    return DistillationModule(model, objective, training, live).to(spec.dtype)


def terms_config(section: PretrainTermsConfig) -> TermsConfig:
    """Return the objective's settings, in which the terms of pretraining have their weights and no other has one."""
    config = TermsConfig(temperature=section.temperature)
    for name, term in terms(config).items():
        term.weight = getattr(section, name, 0.0)
    return config
