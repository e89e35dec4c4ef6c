"""Derive from settings and data what a run is, and the parts that it works with."""

from dataclasses import asdict, replace

import torch

from distill.baselines import BASELINES, has_baselines
from distill.config.ensemble import FIRST, EnsembleConfig, teachers
from distill.config.schema import Config
from distill.config.teacher import TeacherConfig
from distill.data import hub
from distill.data.example_pipeline import ExamplePipeline, Sharding
from distill.data.prepared import Prepared
from distill.data.splits import UNLABELLED
from distill.distributed.processes import Ranks
from distill.errors import ModelError
from distill.export import EXPORTERS
from distill.models import loading
from distill.models.from_scratch import Size
from distill.models.sources import (
    ANSWERS,
    BESIDE,
    PRETRAINING_TEACHER,
    STUDENT_CHECKPOINT,
    TEACHER_CHECKPOINT,
    ModelSources,
)
from distill.pipeline.teacher_folder import teacher_folder
from distill.stages.decisions import Decisions, ScoredModel
from distill.stages.job import RunSpec, title
from distill.stages.learner import STAGE, WITHOUT_UNLABELLED, learners
from distill.student import student_kind
from distill.student.build import LstmSize, StaticSize, StudentSpec
from distill.student.narrow.narrowing import Width
from distill.student.vocabulary import VocabularySpec
from distill.tasks import EncodingSpec, task
from distill.tasks.collating import collate
from distill.tasks.setup import TaskSetup
from distill.training.trainer import device_count, on_gpu


def world_of(config: Config) -> int:
    """Return how many processes the settings ask for, over all nodes."""
    return device_count(config.trainer.accelerator, config.trainer.devices) * config.trainer.num_nodes


def alone(config: Config) -> Ranks:
    """Return this process as the only one, with the device that a run of these settings takes."""
    return Ranks(device=torch.device("cuda" if on_gpu(config.trainer.accelerator) else "cpu"))


def task_setup(config: Config, data: Prepared) -> TaskSetup:
    """Return the task with the labels of the data and the length limits of the settings."""
    limits = config.data
    spec = EncodingSpec(
        data.labels,
        limits.max_length,
        limits.max_target_length,
        limits.stride,
        limits.max_answer_length,
        data.unanswerable,
    )
    return TaskSetup(config.task, task(config.task), spec)


def example_pipeline(config: Config, setup: TaskSetup, ranks: Ranks) -> ExamplePipeline:
    """Return the pipeline that makes batches of the run's examples for this process."""
    data = config.data
    pinned = ranks.device.type == "cuda"
    sharding = Sharding(data.batch_size, data.token_limit, data.workers, ranks.world, ranks.rank, pinned)
    prompt = setup.prompt if setup.task.writes else None
    return ExamplePipeline(setup.encode, prompt, collate, sharding, config.trainer.accumulate_grad_batches, config.seed)


def model_sources(config: Config, setup: TaskSetup) -> ModelSources:
    """Return where the run's models come from.

    Raises:
        ModelError: a checkpoint cannot be had.
    """
    teacher, student = config.teacher, config.student
    checkpoints = {}
    if teacher.model is not None:
        checkpoints[TEACHER_CHECKPOINT] = teacher_folder(teacher, config.task, config.store)
    further = {STUDENT_CHECKPOINT: (student.model, student.revision)}
    if _pretrains(config):
        further[PRETRAINING_TEACHER] = (config.pretrain.teacher, None)
    beside = {f"{BESIDE}:{name}": other for name, other in config.evaluate.beside.items()}
    further |= {name: (other.model, None) for name, other in beside.items()}
    for name, (model, revision) in further.items():
        if model is not None:
            hub.reachable_for(model)
            checkpoints[name] = loading.resolve(model, revision)
    return ModelSources(
        checkpoints,
        setup.task.markers,
        setup.name if setup.task.windows else None,
        tuple(teacher.labels),
        teacher.labels_subset,
        beside={name: tuple(other.labels) for name, other in beside.items()},
    )


def student_spec(config: Config) -> StudentSpec:
    """Return the specification by which the student is built."""
    student = config.student
    size = student.architecture
    return StudentSpec(
        init=student.init,
        layers=student.layers or 0,
        layer_map=student.layer_map,
        size=Size(**asdict(size)),
        width=Width(size.hidden_size, size.heads, size.intermediate_size),
        lstm=LstmSize(**asdict(student.lstm)),
        static=StaticSize(**asdict(student.static)),
        max_length=config.data.max_length,
        dropout=config.distill.dropout,
        vocabulary=VocabularySpec(student.vocabulary, student.vocabulary_min_count, student.vocabulary_size),
        embedding_rank=student.embedding_rank if isinstance(student.embedding_rank, int) else None,
    )


def run_spec(config: Config, data: Prepared) -> RunSpec:
    """Return the specification of a run; what is stored of the teacher is decided later.

    Raises:
        ModelError: a checkpoint cannot be had.
    """
    setup = task_setup(config, data)
    sources = model_sources(config, setup)
    if config.teacher.answers is not None:
        labelled = data.labelled[FIRST]
        sources = replace(sources, answers=labelled.content(labelled.rows))
    return RunSpec(config, data, setup, sources, world_of(config), _decisions(config, data), _members(config, data))


def _members(config: Config, data: Prepared) -> dict[str, RunSpec]:
    """Return, for each of several teachers, the specification of a run in which it is the only teacher."""
    if not config.more_teachers:
        return {}
    single = replace(config, more_teachers={}, ensemble=EnsembleConfig())
    storing = {name: replace(teacher, store="always") for name, teacher in teachers(config).items()}  # to be combined
    return {name: _member(name, replace(single, teacher=teacher), data) for name, teacher in storing.items()}


def _alone(name: str, data: Prepared) -> Prepared:
    """Return the data as it is for a run in which a teacher, known by name, is the only one."""
    if not data.labelled:
        return data
    return replace(data, labelled={FIRST: data.labelled[name]} if name in data.labelled else {})


def _member(name: str, config: Config, data: Prepared) -> RunSpec:
    """Return the specification of a run with one of several teachers.

    Raises:
        ModelError: its checkpoint cannot be had; the message names the teacher.
    """
    try:
        return run_spec(config, _alone(name, data))
    except ModelError as error:
        if name == FIRST:
            raise
        raise ModelError(f"more_teachers.{name}: {error}") from error


def _pretrains(config: Config) -> bool:
    """Return whether the run itself pretrains the teacher."""
    return config.teacher.model is None or config.pretrain.continued


def has_unlabelled(config: Config, data: Prepared) -> bool:
    """Return whether a run has texts without labels, of files or made of others."""
    return UNLABELLED in data.splits or bool(config.augment.methods)


def _decisions(config: Config, data: Prepared) -> Decisions:
    base = "pretrain" if _pretrains(config) else TEACHER_CHECKPOINT
    teacher = _held_by(config.teacher)
    of_teacher = base if teacher == ANSWERS else teacher
    sources = {"teacher": of_teacher, "tokenizer": base, "checkpoint": STUDENT_CHECKPOINT}
    student_source = sources[student_kind(config.student.init).begins_with]
    exported = tuple(
        ScoredModel(name, "export", "export") for name in EXPORTERS if name in (config.export.formats or ())
    )
    compared, section = _compared(config, data), config.distill.unlabelled
    without = any(model.role == WITHOUT_UNLABELLED for model in compared)
    return Decisions(
        base,
        teacher,
        student_source,
        student_spec(config),
        compared,
        exported,
        learners=learners(section.rounds, compared=without),
    )


def _held_by(teacher: TeacherConfig) -> str:
    """Return the input that holds a teacher."""
    if teacher.answers is not None:
        return ANSWERS
    return TEACHER_CHECKPOINT if teacher.finetuned else "finetune"


def unanswered(data: Prepared) -> dict[str, int]:
    """Return how many rows of validation and test have no answer of some teacher that is a file of them."""
    counts = {
        split: sum(any(key not in each.rows for each in data.labelled.values()) for key in data.splits[split]["key"][:])
        for split in ("validation", "test")
        if split in data.splits and data.labelled
    }
    return {split: count for split, count in counts.items() if count}


def _teachers_compared(config: Config, data: Prepared) -> list[ScoredModel]:
    """Return the teachers as models to compare: nothing where answers from a file lack for the rows."""
    if unanswered(data) or any(labelled.own_splits for labelled in data.labelled.values()):
        return []
    held = {name: _held_by(section) for name, section in teachers(config).items()}
    of_file = {name: None if source == ANSWERS else title(source, name) for name, source in held.items()}
    if not config.more_teachers:
        return [ScoredModel("teacher", "teacher", of_file[FIRST])]
    return [
        ScoredModel("teacher", "teacher", None),
        *(ScoredModel(name, "teacher", source) for name, source in of_file.items()),
    ]


def _compared(config: Config, data: Prepared) -> tuple[ScoredModel, ...]:
    """Return the models to compare: all of them, unless the run trains some and leaves others out."""
    stages = set(config.stages)
    trains = bool(stages & {"pretrain", "finetune", "distill", "control"})
    compared = _teachers_compared(config, data)
    if not trains or stages & {"distill", "control", "export"}:
        compared.append(ScoredModel("student", "student", "distill"))
    if not trains or "control" in stages:
        compared.append(ScoredModel("control", "control", "control"))
    if has_unlabelled(config, data) and config.distill.unlabelled.compare and (not trains or "control" in stages):
        compared.append(ScoredModel(WITHOUT_UNLABELLED, WITHOUT_UNLABELLED, f"{STAGE}:{WITHOUT_UNLABELLED}"))
    compared += [ScoredModel(name, BESIDE, f"{BESIDE}:{name}") for name in config.evaluate.beside]
    named = config.evaluate.baselines if has_baselines(task(config.task)) else ()
    compared += [ScoredModel(name, "baseline", None) for name in BASELINES if name in named]
    return tuple(compared)
