"""Distil the student: train it on the labels and on the outputs of its teachers."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.config import ensemble as ensembles
from distill.data.batching import Batches
from distill.data.splits import UNLABELLED
from distill.distributed.processes import Ranks
from distill.errors import ConfigError
from distill.models import loading
from distill.models.model_shape import model_shape
from distill.models.sources import ModelRef
from distill.objective import NOT_FINITE, Objective, inactive_terms
from distill.objective import build as objectives
from distill.objective.settings import auto_mapped_terms
from distill.stages import (
    adapting,
    hyperparameters,
    loaders,
    pseudo_labels,
    quantizing,
    student_teacher,
    students,
    supervised,
    teach,
    texts,
    warm_starts,
)
from distill.stages.class_weights import class_weights
from distill.stages.job import Job, RunSpec, StageResult, StageSettings, title
from distill.stages.pseudo_labels import Chosen
from distill.student.layer_matching import match_layers
from distill.teacher.by_text import TeacherByText
from distill.training.distillation import DistillationModule
from distill.training.live_answers import Quote, of_teacher
from distill.training.step_gather import Features, Step
from distill.types import IGNORE, Batch, TeacherFn

RECIPE = 8
_TRIPLE = 3
"""Examples that every term finds something to compare in."""


def skipped(spec: RunSpec) -> str | None:
    """Return none: no run leaves this stage out."""
    return None


def needs(spec: RunSpec) -> list[str]:
    """Return the teachers, what the student starts from, the teachers' stored outputs, and what texts need."""
    decisions, teachers, follows = spec.decisions, spec.teacher_inputs, spec.learner.follows
    stored = [title("teach", name) for name in teachers] if decisions.outputs.stored else []
    more = [*texts.needs(spec), *([] if follows is None else [follows])]
    return list(dict.fromkeys([decisions.teacher, decisions.student_source, *stored, *teachers.values(), *more]))


def settings(spec: RunSpec) -> StageSettings:
    """Return the settings of training, objective, student and examples."""
    section = spec.config.distill
    writes_here = spec.learns_teacher_targets and not spec.decisions.outputs.stored  # else it is teach's
    return {
        **hyperparameters.settings(spec, section),
        **_identity(spec),
        **student_teacher.settings(spec),
        **pseudo_labels.settings(spec),
        "student": students.settings(spec),
        **students.given_labels(spec),
        **quantizing.settings(spec),
        **adapting.student_settings(spec.config.distill),
        "class_weights": spec.config.data.class_weights,
        "targets": section.targets if spec.setup.task.writes else None,
        "generation": spec.generation if writes_here else None,
        **objectives.settings(section, spec.setup.task.kind),
        **ensembles.settings(spec.config),
    }


def run(job: Job) -> StageResult:
    """Distil the student; the folder ``model`` holds it and its tokenizer."""
    spec, section = job.spec, job.spec.config.distill
    student, tokenizer = students.make_student(job)
    teacher_ref = spec.sources.model(spec.decisions.teacher, job.inputs)
    of_student = of_teacher = model_shape(student.config)
    if spec.labelled is None:  # else no term reads what has a shape
        of_teacher = model_shape(loading.configuration(teacher_ref.folder))
    if auto_mapped_terms(section):
        of_student = replace(of_student, follows=_matched_layers(job, student, teacher_ref, tokenizer))
    weights = class_weights(spec)
    objective = objectives.build_objective(section, spec.setup.task.kind, of_student, of_teacher, weights)
    calibration = quantizing.callbacks(job, student, tokenizer)
    teacher, teacher_tokenizer = student_teacher.asked(job, teacher_ref, tokenizer, objective)
    teacher, chosen = _unlabelled(job, teacher, tokenizer, teacher_tokenizer)
    rows = teach.rows(job, job.inputs.get("teach", job.folder)) if spec.learns_teacher_targets else None
    more = (None, None) if chosen is None else (chosen.texts, chosen.targets)
    batches = loaders.make_loaders(job, tokenizer, teacher_tokenizer, rows, *more)
    as_long_as = loaders.with_unlabelled(job, tokenizer, batches, None if chosen is None else chosen.texts)
    trained = hyperparameters.with_length(job, section, batches.train, as_long_as)
    training = supervised.training_spec(spec, trained.settings, student, batches.train)
    module = DistillationModule(student, objective, training, teacher).to(spec.dtype)
    _every_term_counts(module, batches.train, job.context.ranks, spec.quote)
    watched = hyperparameters.watched(spec, trained.settings)
    notes = [*pseudo_labels.notes(spec, chosen), *warm_starts.told(job, warm_starts.of_student(spec), "student")]
    result = supervised.train(
        job, trained, module, tokenizer, batches._replace(notes=(*batches.notes, *notes)), watched, calibration
    )
    layer_maps = objectives.layer_maps(section, of_student, of_teacher)
    return {**result, "layer_maps": layer_maps, **_learnt(chosen)}


def _matched_layers(job: Job, student: PreTrainedModel, teacher: ModelRef, tokenizer: PreTrainedTokenizerBase) -> str:
    """Return the layer map that ``auto`` stands for; rank 0 matches layers with the teacher in memory only for that."""
    spec = job.spec
    teacher_tokenizer = spec.sources.tokenizer(teacher.folder)
    whole = loading.load_model(teacher.folder, spec.setup.task.head, tokenizer=teacher_tokenizer, dtype=spec.dtype)

    def match() -> list[int]:
        samples = (job.examples.sample(spec.data.splits["train"], reader) for reader in (tokenizer, teacher_tokenizer))
        return match_layers(student, whole, *samples)

    return ",".join(map(str, job.context.ranks.first(match)))


def _identity(spec: RunSpec) -> StageSettings:
    """Return the examples that a student learns from, and of others only the steps that they add."""
    if spec.learner.unlabelled:
        return spec.data.identity("train", "validation", UNLABELLED)
    more = spec.data.identity(UNLABELLED)["examples"] or texts.STAGE  # made ones are an input, of either student
    return {**spec.data.identity("train", "validation"), "as_long_as_with": more}


def _unlabelled(
    job: Job, teacher: TeacherFn, tokenizer: PreTrainedTokenizerBase, other: PreTrainedTokenizerBase | None
) -> tuple[TeacherFn, Chosen | None]:
    """Return the teacher of all texts, and the texts without labels that the student learns from."""
    without_labels = texts.unlabelled(job) if job.spec.learner.unlabelled else None
    if without_labels is None:
        return teacher, None
    of_them = student_teacher.of_unlabelled(job, without_labels, teacher)
    chosen = pseudo_labels.choose(job, without_labels, of_them, tokenizer, other)
    if job.spec.learner.follows is None:
        return teacher, chosen
    return TeacherByText(teacher, of_them, torch.tensor(without_labels["key"][:])), chosen


def _learnt(chosen: Chosen | None) -> StageResult:
    """Return what the report says of the texts without labels that the student learnt from."""
    if chosen is None:
        return {}
    return {"unlabelled": {"texts": chosen.of, "learnt": len(chosen.texts)}}


def _every_term_counts(module: DistillationModule, batches: Batches, ranks: Ranks, quote: Quote) -> None:
    """Refuse an objective in which a term is configured and logged, but without effect on a batch.

    A small one says little: some terms are 0 by their nature where they find two rows to compare, as one of several
    ranks may. A rank to which chance gives no label in the first epoch leaves it to the others. A student that begins
    with what its teacher has differs in nothing yet, so what is silent is tried again with weights that are a little
    off.

    Raises:
        ConfigError: a term is 0, not finite or without a gradient, on whichever rank.
    """
    places = batches.places(0)
    largest = sorted(range(len(places)), key=lambda number: -len(places[number].rows))
    number = next((place for place in largest if _labelled(batches.examples[places[place]])), None)
    silent: dict[str, str] = {}
    if number is not None and (silent := _silent_terms(module, batches, number)):
        with nudged(module.parameters()):
            silent = {term: reason for term, reason in _silent_terms(module, batches, number).items() if term in silent}
    if number is not None and ranks.world > 1 and len(places[number].rows) * batches.accumulate < _TRIPLE:
        silent = {term: reason for term, reason in silent.items() if term not in module.objective.batch_terms}
    report = ", ".join(f"distill.{term} {reason}" for term, reason in silent.items())
    if number is not None and NOT_FINITE in silent.values():
        report += of_teacher(module.teacher, [batches.examples[places[number]]], quote)
    for problem in ranks.every(report):
        if problem:
            raise ConfigError(f"on the first batches {problem}: give it a weight of 0, or mend what it reads")


def _silent_terms(module: DistillationModule, batches: Batches, number: int) -> dict[str, str]:
    """Return the terms without effect in the step of a batch, each with the reason.

    A term that compares examples may look at none of a single batch.
    """
    objective: Objective = module.objective
    place = number % batches.accumulate
    step = [batches.examples[rows] for rows in batches.places(0)[number - place : number - place + batches.accumulate]]
    order = sorted(range(len(step)), key=lambda position: position != place)
    terms, whole_step, silent = objective.batch_terms, None, None
    for position in order:
        student, teacher, labels = module.forward_models(step[position])
        features = objective.batch_features(student, teacher)
        if whole_step is None:
            whole_step = (
                Step(terms, (_batch_features(module, batch) for batch in step), world=1, rank=0) if terms else None
            )
        step_views = whole_step.view(features, position) if whole_step is not None else None
        silent_here = inactive_terms(objective, student, teacher, labels, module.parameters(), step_views)
        silent = silent_here if silent is None else {term: why for term, why in silent.items() if term in silent_here}
        if not silent.keys() & terms.keys():
            break
    return silent or {}


@torch.no_grad()
def _batch_features(module: DistillationModule, batch: Batch) -> Features:
    return module.objective.batch_features(*module.forward_models(batch)[:2])


@contextmanager
def nudged(parameters: Iterable[Tensor], by: float = 0.01) -> Iterator[None]:
    """Move weights by a hundredth of their size, at random but always alike, and back."""
    trained = [weight for weight in parameters if weight.requires_grad]
    before = [weight.detach().clone() for weight in trained]
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in trained:
            weight += by * weight.abs().mean() * torch.randn(weight.shape, generator=generator).to(weight)
    try:
        yield
    finally:
        with torch.no_grad():
            for weight, old in zip(trained, before, strict=True):
                weight.copy_(old)


def _labelled(batch: Batch) -> bool:
    labels = batch["labels"]
    return bool(((labels != IGNORE) & ~labels.isnan()).any())
