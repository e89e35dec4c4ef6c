"""How much disk a run takes, by the sizes of its models and of what it stores, against what is free."""

import shutil
from pathlib import Path

from transformers import PretrainedConfig

from distill.base.findings import FAIL, OK, WARN, Finding
from distill.models import loading
from distill.models.on_meta import build_on_meta
from distill.models.sources import TEACHER_CHECKPOINT
from distill.pipeline import meta_build
from distill.pipeline.expected_shapes import student_and_teacher_shapes
from distill.pipeline.seeds import several
from distill.report import size
from distill.stages import pretrain
from distill.stages.job import RunSpec
from distill.types import ModelShape

FLOAT = 4
"""Bytes of a number in 32 bits."""
_COPIES = 8 + 4
"""Copies of the teacher's weights that checkpoints of a training take (two of weights and both means, the best weights,
the model), and that the models of all stages take at most."""
_READ = 64
"""Examples that a tokenizer learns from which stands in for one that is not there yet."""


def disk(spec: RunSpec) -> Finding:
    """Compare what the store and the checkpoints of a run take with what is free, at least until it is finished."""
    outputs = spec.decisions.outputs
    stored = sum(1e9 * (each.decisions.outputs.gigabytes or 0.0) for each in spec.teachers.values())
    stored = stored if outputs.stored else 0.0
    more, further = len(several(spec)[1:]), _of_further_seeds(spec)
    needed = stored + further + _COPIES * FLOAT * weights(spec)
    free = float(free_bytes(Path(spec.config.store)))
    seeds = f"{size(further)} of models of {more} more seed{'s' * (more > 1)}, " if further else ""
    said = (
        f"about {size(needed)} are needed in {spec.config.store} ({size(stored)} of teacher outputs, {seeds}the rest "
        f"checkpoints and models), and {size(free)} are free"
    )
    facts = {"needed_bytes": round(needed), "free_bytes": round(free)}
    fix = "free some space, take another folder with store=FOLDER, or remove what no run needs: distill store clean"
    level = FAIL if free < needed else WARN if free < 2 * needed else OK
    return Finding("disk", level, said, "" if level == OK else fix, facts)


def teacher_configuration(spec: RunSpec) -> PretrainedConfig:
    """Return the configuration of a teacher, that of one from scratch with as many tokens as it may have."""
    config = spec.sources.configurations.get(TEACHER_CHECKPOINT)
    if config is None:
        config = pretrain.configuration(spec, meta_build.stand_in(spec, _READ))
        config.vocab_size = spec.config.teacher.vocab_size
    return config


def weights(spec: RunSpec) -> int:
    """Return the weights of all teachers, counted without making them."""
    head = spec.setup.task.head
    models = (build_on_meta(teacher_configuration(each), head) for each in spec.teachers.values())
    return sum(map(loading.parameters, models))


def _of_further_seeds(spec: RunSpec) -> float:
    """Return the bytes of the students and controls of all seeds but the first, by their shapes."""
    trained = len({"distill", "control"} & set(spec.config.stages))
    if not trained or not (further := several(spec)[1:]):
        return 0.0
    tokens = teacher_configuration(spec).vocab_size
    student, teacher = (_by_shape(shape, tokens) for shape in student_and_teacher_shapes(spec))
    share = student / teacher  # of what a teacher really has, with all that its shape does not say
    return FLOAT * weights(spec) / len(spec.teachers) * share * trained * len(further)


def _by_shape(shape: ModelShape, tokens: int) -> float:
    """Return about how many weights a model has: four matrices of attention, eight of the rest, and the embeddings."""
    return 12.0 * shape.layers * shape.width**2 + tokens * shape.width


def free_bytes(folder: Path) -> int:
    """Return the free bytes where a folder is, or will be."""
    absolute = folder.expanduser().absolute()
    return shutil.disk_usage(next(path for path in (absolute, *absolute.parents) if path.exists())).free
