"""Settle what a card leaves to the data and the models at hand, before a run is planned."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from distill import export
from distill.config.schema import Config
from distill.config.student import CHOSEN
from distill.config.teacher import TeacherConfig
from distill.data import hub
from distill.data.prepared import Prepared
from distill.errors import ModelError
from distill.models import loading, low_rank
from distill.pipeline import meta_build
from distill.pipeline.context import run_spec
from distill.pipeline.teacher_folder import teacher_folder
from distill.student import student_kind
from distill.tasks import EncodingSpec, task
from distill.tasks.setup import TaskSetup

C = TypeVar("C", bound=Config)

_HELD = 0.99
"""The fraction of train's examples that shall fit whole."""
_SAMPLE = 2048
"""Examples of train that are counted, spread over it; from so many a tokenizer learns that is not there yet."""
_STEP = 8
"""Limits are multiples of it."""
_ANY_LENGTH = 1_000_000


def settled(config: C, data: Prepared) -> tuple[C, Prepared]:
    """Return settings in which nothing is left open, and the data with notes on what was chosen.

    The same for the same settings, data and checkpoints.

    Raises:
        ModelError: a checkpoint cannot be had.
        DataError: its tokenizer cannot read an example.
    """
    config, notes = _with_teachers(config)
    config = _with_layers(config)
    config, of_rank = _with_rank(config)
    notes += of_rank
    config = _with_formats(config)
    if config.data.fit_length:
        config, note = _with_lengths(config, data)
        notes.append(note)
    return config, replace(data, notes=(*data.notes, *notes))


def _with_teachers(config: C) -> tuple[C, list[str]]:
    """Take the default model of each teacher for which none is given, where it can be had."""
    first, notes = _with_model(config.teacher, "teacher")
    further = {}
    for name, teacher in config.more_teachers.items():
        further[name], more = _with_model(teacher, f"more_teachers.{name}")
        notes += more
    return (replace(config, teacher=first, more_teachers=further) if notes else config), notes


def _with_model(teacher: TeacherConfig, key: str) -> tuple[TeacherConfig, list[str]]:
    """Take a teacher's default model where none is given and it can be had, and say what was taken.

    Where a file of answers teaches, it is what the student begins with; a further such teacher has no use of it.
    """
    if teacher.default_model is None or teacher.model is not None or (teacher.answers is not None and key != "teacher"):
        return teacher, []
    what = f"the {key}" if teacher.answers is None else "the model that gives the student its tokens, or layers,"
    try:
        hub.reachable()
        loading.resolve(teacher.default_model, None)
    except ModelError:
        note = (
            f"{teacher.default_model} is neither in the hub's cache nor within reach: {what} is "
            f"trained from scratch, on this data alone; {key}.model=FOLDER gives a pretrained one"
        )
        return replace(teacher, default_model=None), [note]
    chosen = replace(teacher, model=teacher.default_model, default_model=None)
    return chosen, [f"{what} is {chosen.model}; {key}.model=FOLDER takes another"]


def _with_layers(config: C) -> C:
    """Give a student that takes its teacher's layers half of them, where no number is set."""
    if config.student.layers is not None:
        return config
    teacher = config.teacher
    whole = teacher.architecture.layers
    if teacher.model is not None:
        whole = loading.configuration(teacher_folder(teacher, config.task, config.store)).num_hidden_layers
    return replace(config, student=replace(config.student, layers=-(-whole // 2)))


def _with_rank(config: C) -> tuple[C, list[str]]:
    """Choose the rank of the student's embeddings, where that is left open, and say which it is where one is made."""
    if config.student.embedding_rank != CHOSEN:
        return config, []
    rank = _chosen_rank(config)
    note = (
        f"student.embedding_rank={rank}: its embeddings learn as two factors, so that its ONNX files are smaller; null "
        "leaves them whole"
    )
    is_said = rank is not None and "distill" in config.stages
    return replace(config, student=replace(config.student, embedding_rank=rank)), [note] if is_said else []


def _chosen_rank(config: Config) -> int | None:
    """Return the rank that its kind of student takes, or none.

    Embeddings stay whole where they cannot be factors; beside fewer tokens, with which more is lost than either saves;
    where training rounds them, which an export does in other axes; and of teachers from scratch, not measured yet.
    """
    student, teacher, kind = config.student, config.teacher, task(config.task)
    share = student_kind(student.init).rank_share
    kept_whole = student.vocabulary != "all" or config.distill.quantization != "none"
    if share is None or teacher.model is None or kind.writes or kept_whole:
        return None
    checkpoint = loading.configuration(teacher_folder(teacher, config.task, config.store))
    if not low_rank.may_be_factors(checkpoint, kind.head):
        return None
    width = student.architecture.hidden_size if student.init == "narrow" else checkpoint.hidden_size
    return low_rank.chosen_rank(checkpoint.vocab_size, width, share)


def _with_formats(config: C) -> C:
    """Export all formats that the task can have, where none are named."""
    if config.export.formats is not None:
        return config
    formats = export.possible(TaskSetup(config.task, task(config.task), EncodingSpec()))
    return replace(config, export=replace(config.export, formats=formats))


def _with_lengths(config: C, data: Prepared) -> tuple[C, str]:
    """Set the length limits so that 99 % of train fits whole."""
    spec = run_spec(config, data)
    configurations = [
        model_config for teacher in spec.teachers.values() for model_config in teacher.sources.configurations.values()
    ]
    tokenizer = meta_build.stand_in(spec, _SAMPLE)
    train = data.splits["train"]
    rows = train.select(range(0, len(train), -(-len(train) // _SAMPLE)))[:]
    unlimited = EncodingSpec(data.labels, _ANY_LENGTH, _ANY_LENGTH // 2)
    features = spec.setup.task.encode(rows, tokenizer, unlimited)
    bounds = [config.data.max_length, *map(loading.bound, configurations)]
    limits = {"max_length": _limit(features["input_ids"], bounds)}
    if spec.setup.task.family == "encoder-decoder":
        limits["max_target_length"] = _limit(features["target_ids"], [config.data.max_target_length])
        limits["max_length"] = max(limits.values())
    lengths = sorted(map(len, features["input_ids"]))
    middle, longest = lengths[len(lengths) // 2], lengths[-1]
    chosen = " and ".join(f"data.{name}={limit}" for name, limit in limits.items())
    note = f"{chosen}: 99 % of train fits whole (half of its texts have up to {middle} tokens, the longest {longest})"
    fitted = replace(
        config.data,
        max_length=limits["max_length"],
        max_target_length=limits.get("max_target_length", config.data.max_target_length),
        fit_length=False,
    )
    return replace(config, data=fitted), note


def _limit(ids: Iterable[Sequence[int]], bounds: Sequence[int | None]) -> int:
    """Return a length in tokens that holds most of these whole, within all bounds."""
    lengths = [len(tokens) for tokens in ids]
    quantile = int(np.quantile(lengths, _HELD, method="inverted_cdf"))
    return min(max(2 * _STEP, -(-quantile // _STEP) * _STEP), *(bound for bound in bounds if bound is not None))
