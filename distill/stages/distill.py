"""The student, taught by labels and teacher."""

from dataclasses import replace
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.build import Builder
from distill.config import ensemble
from distill.data.batching import Batches
from distill.data.splits import UNLABELLED
from distill.errors import ConfigError
from distill.losses import Objective, silent_terms
from distill.models import loading
from distill.models.teacher import LiveTeacher
from distill.stages import Job, alike, answers, objectives, students, teach, teachers, training
from distill.stages.storing import storing
from distill.training.distiller import Distiller
from distill.training.processes import Ranks
from distill.types import IGNORE, Batch, Respond

RECIPE = 4


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
    writing = build.taught_targets and not storing(build).stored  # else it is teach's
    return {
        **training.settings(build, section),
        **build.data.identity("train", "validation", UNLABELLED),
        "student": students.settings(build),
        "given_labels": list(build.config.teacher.labels),
        "class_weights": build.config.data.class_weights,
        "targets": section.targets if build.task.writes else None,
        "generation": build.generation() if writing else None,
        **objectives.settings(build),
        **ensemble.settings(build.config),
    }


def run(job: Job) -> dict[str, Any]:
    """Distil; the folder ``model`` holds the student and its tokenizer."""
    build, section = job.build, job.build.config.distill
    student, tokenizer = students.student(build, job.inputs)
    asked = answers.model(build, build.teacher, job.inputs)
    mine, its = (objectives.shape(each) for each in (student.config, loading.configuration(asked.folder)))
    if alike.asked(build):
        whole = loading.model(asked.folder, build.task.head, tokenizer=tokenizer)
        mine = replace(mine, follows=",".join(map(str, alike.picked(build, student, whole, tokenizer))))
    objective = objectives.objective(build, mine, its)
    teacher: Respond
    if build.config.more_teachers:
        teacher, theirs = teachers.stored(job, objective), None
    else:
        teacher, theirs = _teacher(job, asked, tokenizer, objective.needs)
    rows = teach.rows(job, job.inputs.get("teach", job.folder)) if build.taught_targets else None
    batches = training.batches(build, tokenizer, theirs, rows, build.data.splits.get(UNLABELLED))
    recipe, watched = training.recipe(build, section, batches[0], student)
    module = Distiller(student, objective, recipe, teacher)
    _every_term_counts(module, batches[0], build.ranks)
    found = training.train(job, section, module, tokenizer, batches, watched)
    return {**found, "layer_maps": objectives.layer_maps(build, mine, its)}


def _teacher(
    job: Job, teacher: answers.Model, tokenizer: PreTrainedTokenizerBase, needs: frozenset[str]
) -> tuple[Respond, PreTrainedTokenizerBase | None]:
    """The teacher, and its tokenizer where it is asked live and reads other tokens than the student."""
    build = job.build
    if storing(build).stored:
        return teach.stored(job), None
    theirs = build.tokenizer(teacher.folder)
    model: PreTrainedModel = loading.model(teacher.folder, build.task.head, tokenizer=theirs)
    same = students.same_tokens(build, tokenizer, theirs)
    live = LiveTeacher(
        model, build.align, answers.columns(build, teacher), hidden="teacher_hidden" in needs,
        attentions="teacher_attentions" in needs, qkv="teacher_qkv" in needs, prefix="" if same else "teacher_",
    )  # fmt: skip
    return live, None if same else theirs


def _every_term_counts(module: Distiller, batches: Batches, ranks: Ranks) -> None:
    """Try the largest batch that has a label, so that no term is configured, logged and without effect.

    A small one says little: some terms are 0 by their nature where they find two rows to compare.

    Raises:
        ConfigError: a term is 0, not finite or without a gradient, on whichever rank.
    """
    places = sorted(batches.places(0), key=lambda place: -len(place.rows))
    batch = next(filter(_labelled, (batches.examples[place] for place in places)))
    objective: Objective = module.objective
    student, teacher, labels = module.both(batch)
    silent = silent_terms(objective, student, teacher, labels, module.parameters())
    for said in ranks.every(", ".join(f"distill.{term} {reason}" for term, reason in silent.items())):
        if said:
            raise ConfigError(f"on the first batches {said}: give it a weight of 0, or mend what it reads")


def _labelled(batch: Batch) -> bool:
    labels = batch["labels"]
    return bool(((labels != IGNORE) & ~labels.isnan()).any())
