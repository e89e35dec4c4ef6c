"""Whether the settings of a teacher that is a file of answers make sense, alone and with the rest of the run."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from distill.base.setting_rules import said
from distill.config.task_traits import task_or_first, tasks_with
from distill.config.teacher import TeacherConfig
from distill.objective.declaration import BEYOND_LOGITS
from distill.objective.settings import reads, terms_beyond_logits
from distill.student import STUDENTS, student_kind
from distill.tasks import Task

if TYPE_CHECKING:
    from distill.config.schema import Config

EMBEDDED = "embedded"
"""What stands in place of a file's name for the labeller of the embedded samples."""
_OF_ANSWERS = ("gold", "label_map", "price_per_row", "smoothing", "replaces_labels")
_OF_MODELS = ("finetuned", "labels", "labels_subset", "accept", "precision")
"""Settings of a teacher that says itself what a text is."""


def answerable(task: Task) -> bool:
    """Return whether a labeller's answers to a task can be read: labels, scores, or a tag for each word."""
    return not task.writes and task.roles.get("label") in ("label", "labels", "score", "tags") and not task.markers


def answer_problems(config: "Config") -> Iterator[str]:
    """Name each problem of a teacher that is a file of answers; of another one, each setting that belongs to such."""
    teacher, default = config.teacher, TeacherConfig()
    if teacher.answers is None:
        for name in _OF_ANSWERS:
            if (value := getattr(teacher, name)) != getattr(default, name):
                yield (
                    f"teacher.{name}={value}: belongs to a teacher that is a file of answers, teacher.answers=FILE; "
                    f"allowed is {said(getattr(default, name))}"
                )
        return
    if not teacher.answers:
        yield "teacher.answers: give the file of answers as teacher.answers=FILE"
        return
    given = f"teacher.answers={teacher.answers}"
    if not answerable(task_or_first(config.task)):
        yield f"{given}: belongs to {', '.join(tasks_with(answerable))}; allowed is null"
    for name in _OF_MODELS:
        if (value := getattr(teacher, name)) != getattr(default, name):
            allowed = said(getattr(default, name))
            yield f"teacher.{name}={said(value)}: is of a model, and {given} is a file; allowed is {allowed}"
    if teacher.store == "never":
        yield f"teacher.store=never: {given} answers nothing anew; allowed is auto or always"
    for name in terms_beyond_logits(config.distill):
        weight, read = getattr(config.distill, name).weight, BEYOND_LOGITS[reads(config.distill, name)]
        yield f"distill.{name}.weight={weight}: reads {read}, which a file of answers does not have; allowed is 0"
    yield from _random_layers(config, given)
    yield from _places(config)


def _random_layers(config: "Config", given: str) -> Iterator[str]:
    """Name a student that would take over layers that nobody has trained: answers are no model that has some."""
    if config.student.init not in STUDENTS or config.pretrain.max_epochs:
        return
    kind, no_model = student_kind(config.student.init), config.teacher.model is config.teacher.default_model is None
    if kind.begins_with == "teacher" and kind.learnt == "layers" and no_model:
        yield (
            f"student.init={config.student.init}: takes over layers, and {given} has none, nor does "
            "pretrain.max_epochs=0 train any; give a model as teacher.model=FOLDER, or student.init=random"
        )


def _places(config: "Config") -> Iterator[str]:
    """Name what is asked of a file that is not in it, and of the embedded labeller, which answers the samples alone."""
    teacher, kind = config.teacher, task_or_first(config.task).roles.get("label")
    if methods := config.augment.methods:
        file = f"teacher.answers={teacher.answers}"
        yield f"augment.methods={methods}: makes texts that are not in {file}; allowed is []"
    embedded = [name for name in ("answers", "gold") if getattr(teacher, name) == EMBEDDED]
    for name in embedded:
        if config.data.source != "embedded":
            yield f"teacher.{name}={EMBEDDED}: answers the embedded sample; it needs data.source=embedded"
        elif kind != "label":
            yield f"teacher.{name}={EMBEDDED}: gives each row one label, which {config.task} does not; give a file"
