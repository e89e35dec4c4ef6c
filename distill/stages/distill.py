"""The student, taught by labels and teacher."""

import functools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.config import ensemble
from distill.data.batching import Batches
from distill.data.quoting import quote
from distill.data.splits import UNLABELLED
from distill.distributed.processes import Ranks
from distill.errors import ConfigError
from distill.inference import output_pass
from distill.models import loading
from distill.models.teacher import LiveTeacher
from distill.objective import NOT_FINITE, Objective, inactive_terms
from distill.objective import build as objectives
from distill.pipeline.context import Builder
from distill.stages import Job, supervised, teach
from distill.student import build as students
from distill.student import layer_matching
from distill.teacher import ensemble as teachers
from distill.teacher.output_plan import storing
from distill.training import length
from distill.training.distillation import DistillationModule
from distill.training.finite import Quote, of_teacher
from distill.training.step_gather import Parts, Step
from distill.types import IGNORE, Batch, TeacherFn

RECIPE = 8
_TRIPLE = 3
"""Examples that every term finds something to compare in."""


def skipped(build: Builder) -> str | None:
    """Never."""
    return None


def needs(build: Builder) -> list[str]:
    """The teachers, what the student starts from, and the teachers' stored outputs."""
    models = teachers.names(build)
    stored = [teachers.title("teach", who) for who in models] if storing(build).stored else []
    return list(dict.fromkeys([build.teacher, build.student_source, *stored, *models.values()]))


def settings(build: Builder) -> dict[str, Any]:
    """Training, the objective, the student, and the examples."""
    section = build.config.distill
    writing = build.learns_teacher_targets and not storing(build).stored  # else it is teach's
    return {
        **supervised.settings(build, section),
        **build.data.identity("train", "validation", UNLABELLED),
        "student": students.settings(build),
        **students.given_labels(build),
        "class_weights": build.config.data.class_weights,
        "targets": section.targets if build.task.writes else None,
        "generation": build.generation() if writing else None,
        **objectives.settings(build),
        **ensemble.settings(build.config),
    }


def run(job: Job) -> dict[str, Any]:
    """Distil; the folder ``model`` holds the student and its tokenizer."""
    build = job.build
    student, tokenizer = students.student(build, job.inputs)
    asked = output_pass.model(build, build.teacher, job.inputs)
    mine, its = (objectives.shape(each) for each in (student.config, loading.configuration(asked.folder)))
    if layer_matching.asked(build):
        mine = replace(mine, follows=_most_alike(build, student, asked, tokenizer))
    objective = objectives.objective(build, mine, its)
    teacher: TeacherFn
    if build.config.more_teachers:
        teacher, theirs = teachers.stored(job, objective), None
    else:
        teacher, theirs = _teacher(job, asked, tokenizer, objective.needs)
    rows = teach.rows(job, job.inputs.get("teach", job.folder)) if build.learns_teacher_targets else None
    batches = supervised.batches(build, tokenizer, theirs, rows, build.data.splits.get(UNLABELLED))
    supervised.readable(build, tokenizer)
    section, every = length.of(build, build.config.distill, batches[0], job.title)
    recipe, watched = supervised.recipe(build, section, batches[0], student)
    module = DistillationModule(student, objective, recipe, teacher).to(build.dtype)
    _every_term_counts(module, batches[0], build.ranks, functools.partial(quote, build))
    found = supervised.train(job, section, module, tokenizer, batches, watched, every)
    return {**found, "layer_maps": objectives.layer_maps(build, mine, its)}


def _most_alike(
    build: Builder, student: PreTrainedModel, teacher: output_pass.ModelRef, tokenizer: PreTrainedTokenizerBase
) -> str:
    """The layer map that ``auto`` stands for; the teacher is in memory no longer than that takes."""
    whole = loading.load_model(teacher.folder, build.task.head, tokenizer=tokenizer, dtype=build.dtype)
    return ",".join(map(str, layer_matching.match_layers(build, student, whole, tokenizer)))


def _teacher(
    job: Job, teacher: output_pass.ModelRef, tokenizer: PreTrainedTokenizerBase, needs: frozenset[str]
) -> tuple[TeacherFn, PreTrainedTokenizerBase | None]:
    """The teacher, and its tokenizer where it is asked live and reads other tokens than the student."""
    build = job.build
    if storing(build).stored:
        return teach.stored(job), None
    theirs = build.tokenizer(teacher.folder)
    model = loading.load_model(teacher.folder, build.task.head, tokenizer=theirs, dtype=build.dtype)
    same = students.same_tokens(build, tokenizer, theirs)
    live = LiveTeacher(
        model, build.align, output_pass.columns(build, teacher), hidden="teacher_hidden" in needs,
        attentions="teacher_attentions" in needs, qkv="teacher_qkv" in needs, prefix="" if same else "teacher_",
    )  # fmt: skip
    return live, None if same else theirs


def _every_term_counts(module: DistillationModule, batches: Batches, ranks: Ranks, quote: Quote) -> None:
    """Try the largest batch that has a label, so that no term is configured, logged and without effect.

    A small one says little: some terms are 0 by their nature where they find two rows to compare, as one of several
    ranks may. A rank to which chance gives no label in the first epoch leaves it to the others. A student that begins
    with what its teacher has differs in nothing yet, so what is silent is tried again with weights that are a little
    off.

    Raises:
        ConfigError: a term is 0, not finite or without a gradient, on whichever rank.
    """
    places = batches.places(0)
    largest = sorted(range(len(places)), key=lambda number: -len(places[number].rows))
    number = next((each for each in largest if _labelled(batches.examples[places[each]])), None)
    silent: dict[str, str] = {}
    if number is not None and (silent := _silent(module, batches, number)):
        with nudged(module.parameters()):
            silent = {term: reason for term, reason in _silent(module, batches, number).items() if term in silent}
    if number is not None and ranks.world > 1 and len(places[number].rows) * batches.accumulate < _TRIPLE:
        silent = {term: reason for term, reason in silent.items() if term not in module.objective.comparing}
    said = ", ".join(f"distill.{term} {reason}" for term, reason in silent.items())
    if number is not None and NOT_FINITE in silent.values():
        said += of_teacher(module.teacher, [batches.examples[places[number]]], quote)
    for each in ranks.every(said):
        if each:
            raise ConfigError(f"on the first batches {each}: give it a weight of 0, or mend what it reads")


def _silent(module: DistillationModule, batches: Batches, number: int) -> dict[str, str]:
    """What is silent in the step of one of the first epoch's batches on this rank: in that batch, and in all others.

    A term that compares examples may look at none of a single batch.
    """
    objective: Objective = module.objective
    place = number % batches.accumulate
    step = [batches.examples[each] for each in batches.places(0)[number - place : number - place + batches.accumulate]]
    order = sorted(range(len(step)), key=lambda each: each != place)
    terms, together, silent = objective.comparing, None, None
    for at in order:
        student, teacher, labels = module.forward_models(step[at])
        own = objective.parts(student, teacher)
        if together is None:
            together = Step(terms, (_part(module, batch) for batch in step), world=1, rank=0) if terms else None
        seen = together.seen(own, at) if together is not None else None
        found = inactive_terms(objective, student, teacher, labels, module.parameters(), seen)
        silent = found if silent is None else {term: why for term, why in silent.items() if term in found}
        if not silent.keys() & terms.keys():
            break
    return silent or {}


@torch.no_grad()
def _part(module: DistillationModule, batch: Batch) -> Parts:
    return module.objective.parts(*module.forward_models(batch)[:2])


@contextmanager
def nudged(parameters: Iterable[Tensor], by: float = 0.01) -> Iterator[None]:
    """Move weights by a hundredth of their size, at random but always alike, and back."""
    trained = [each for each in parameters if each.requires_grad]
    before = [each.detach().clone() for each in trained]
    chance = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for each in trained:
            each += by * each.abs().mean() * torch.randn(each.shape, generator=chance).to(each)
    try:
        yield
    finally:
        with torch.no_grad():
            for each, old in zip(trained, before, strict=True):
                each.copy_(old)


def _labelled(batch: Batch) -> bool:
    labels = batch["labels"]
    return bool(((labels != IGNORE) & ~labels.isnan()).any())
