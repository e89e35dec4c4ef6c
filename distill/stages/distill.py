"""The student, taught by labels and teacher."""

from dataclasses import asdict
from typing import Any

from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.build import Builder
from distill.data.batching import Batches
from distill.errors import ConfigError
from distill.losses import Hard, Hidden, Objective, Soft, silent_terms
from distill.models import loading
from distill.models.layers import layer_map
from distill.models.teacher import LiveTeacher
from distill.stages import Job, answers, students, training
from distill.teacher_store import TeacherStore
from distill.training.distiller import Distiller
from distill.types import Respond

RECIPE = 1


def skipped(build: Builder) -> str | None:
    """Never."""
    return None


def needs(build: Builder) -> list[str]:
    """The teacher, what the student starts from, and the teacher's stored outputs."""
    stored = ["teach"] if build.storable else []
    return list(dict.fromkeys([build.teacher, build.student_source, *stored]))


def settings(build: Builder) -> dict[str, Any]:
    """Training, the objective, the student, and the examples."""
    section = build.config.distill
    terms = {name: getattr(section, name) for name in ("hard", "soft", "hidden")}
    return {
        **training.settings(build, section),
        **build.data.identity("train", "validation"),
        "student": build.student_settings(),
        "given_labels": list(build.config.teacher.labels),
        "temperature": section.temperature if section.soft.weight else None,
        "terms": {name: asdict(term) for name, term in terms.items() if term.weight},
    }


def run(job: Job) -> dict[str, Any]:
    """Distil; the folder ``model`` holds the student and its tokenizer."""
    build, section = job.build, job.build.config.distill
    student, tokenizer = students.student(build, job.inputs)
    teacher, theirs = _teacher(job, tokenizer)
    batches = training.batches(build, tokenizer, theirs)
    objective = _objective(build, student, teacher.model if isinstance(teacher, LiveTeacher) else None)
    recipe = training.recipe(build, section, batches[0], build.task.align, build.metrics())
    module = Distiller(student, objective, recipe, teacher)
    _every_term_counts(module, batches[0])
    return training.train(job, "distill", section, module, tokenizer, batches, build.headline)


def _teacher(job: Job, tokenizer: PreTrainedTokenizerBase) -> tuple[Respond, PreTrainedTokenizerBase | None]:
    """The teacher, and its tokenizer where it is asked live and reads other tokens than the student."""
    build = job.build
    if build.storable:
        made_by = answers.identity(build, build.teacher, job.inputs)
        return TeacherStore(job.inputs["teach"] / "outputs", made_by), None
    folder = build.model_folder(build.teacher, job.inputs)
    model: PreTrainedModel = loading.model(folder, build.task.HEAD)
    theirs = loading.tokenizer(folder)
    same = students.same_tokens(build, tokenizer, theirs)
    columns = answers.columns(build, build.teacher, job.inputs)
    hidden = build.config.distill.hidden.weight > 0
    teacher = LiveTeacher(model, columns, hidden=hidden, prefix="" if same else "teacher_")
    return teacher, None if same else theirs


def _objective(build: Builder, student: PreTrainedModel, teacher: PreTrainedModel | None) -> Objective:
    """The weighted terms; the teacher's model is read where states are aligned."""
    settings = build.config.distill
    terms: dict[str, nn.Module] = {"hard": Hard(), "soft": Soft(settings.temperature)}
    if settings.hidden.weight and teacher is not None:
        mine, theirs, name = student.config, teacher.config, settings.hidden.layer_map
        layers = layer_map(name, student=mine.num_hidden_layers, teacher=theirs.num_hidden_layers)
        pairs = [(0, 0), *((layer + 1, taught + 1) for layer, taught in enumerate(layers))]  # 0 is the embeddings
        terms["hidden"] = Hidden(pairs, mine.hidden_size, theirs.hidden_size)
    weights = {name: getattr(settings, name).weight for name in terms if getattr(settings, name).weight}
    return Objective({name: terms[name] for name in weights}, weights)


def _every_term_counts(module: Distiller, batches: Batches) -> None:
    """Try the first batch, so that no term is configured, logged and without effect.

    Raises:
        ConfigError: a term is 0, not finite or without a gradient.
    """
    batch = batches.examples[batches.places(0)[0]]
    objective: Objective = module.objective
    student, teacher, labels = module.both(batch)
    if silent := silent_terms(objective, student, teacher, labels, module.parameters()):
        said = ", ".join(f"distill.{term} {reason}" for term, reason in silent.items())
        raise ConfigError(f"on the first batch {said}: give it a weight of 0, or mend what it reads")
