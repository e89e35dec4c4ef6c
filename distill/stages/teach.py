"""The teacher's outputs for every training example, computed once."""

import logging
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset

from distill.base.files import fingerprint
from distill.data.splits import UNLABELLED
from distill.inference import output_pass
from distill.inference.output_store import OutputStore
from distill.inference.prediction_modules import Reduce, top
from distill.inference.sampled_logits import sampled
from distill.pipeline.context import Builder
from distill.report import size
from distill.stages import Job
from distill.student import build as students
from distill.tasks.labels import replaced
from distill.teacher.output_plan import storing
from distill.teacher.reuse import reuse_outputs

RECIPE = 6

log = logging.getLogger(__name__)


def skipped(build: Builder) -> str | None:
    """What cannot be stored, or shall not be, the teacher gives while the student learns."""
    reason = storing(build).reason
    return f"{reason}; the teacher answers while the student learns" if reason else None


def needs(build: Builder) -> list[str]:
    """The teacher."""
    return [build.teacher]


def settings(build: Builder) -> dict[str, Any]:
    """What decides on a logit besides the teacher, and the texts."""
    more = build.data.splits.keys() & {UNLABELLED}
    return {
        **_of_a_text(build),
        **build.lengths,
        "texts": build.data.texts("train"),
        **{split: build.data.texts(split) for split in more},
        "states": list(storing(build).states),
    }


def _of_a_text(build: Builder) -> dict[str, Any]:
    """What decides on the rows of a text besides the teacher, the limits of length, and the text."""
    config = build.config
    return {
        "labels": list(build.data.labels),
        **students.given_labels(build),
        "task": config.task,
        "kept": _kept_logits(build),
        "recipe": RECIPE,
        "generation": build.generation() if build.learns_teacher_targets else None,
        **({"precision": "64-true"} if build.dtype == torch.float64 else {}),  # all others answer in 32 bits
    }


def run(job: Job) -> dict[str, Any]:
    """Answer every example once, in parts, each rank its share; the folder ``outputs`` is the teacher store.

    Where the student shall learn from what the teacher writes, it writes first, into ``written``.
    """
    build = job.build
    teacher = output_pass.model(build, build.teacher, job.inputs)
    plan, outputs = storing(build), job.folder / "outputs"
    asked = [rows(job, job.folder), *filter(None, [build.data.splits.get(UNLABELLED)])]
    if build.ranks.rank == 0:
        log.info("teach: stores %s, about %s", _said(build), size(1e9 * (plan.gigabytes or 0.0)))

    def wanted() -> set[tuple[int, int]]:
        return set().union(*(output_pass.places(build, teacher, examples) for examples in asked))

    if not build.learns_teacher_targets:  # what it writes anew may be other words under the same keys
        build.ranks.first(
            lambda: reuse_outputs(outputs, identity(build, teacher), plan.states, wanted, job.is_finished)
        )
    for examples in asked:
        output_pass.rows(
            build, teacher, examples, outputs, _reduce(build), _kept(build), plan.states, dtype=build.dtype
        )
    return {"examples": sum(map(len, asked))}


def stored(job: Job) -> OutputStore:
    """What the stage has made, asked as a teacher, by a stage that has it as an input."""
    build = job.build
    teacher = output_pass.model(build, build.teacher, job.inputs)
    folder, made_by = job.inputs["teach"] / "outputs", identity(build, teacher)
    return output_pass.opened(build, teacher, folder, made_by, storing(build).states, kept_for(build))


def rows(job: Job, folder: Path) -> Dataset:
    """The examples that the student learns from: those of train, or with targets that the teacher wrote."""
    build, train = job.build, job.build.data.splits["train"]
    if not build.learns_teacher_targets:
        return train
    teacher = output_pass.model(build, build.teacher, job.inputs)
    store = output_pass.written(build, teacher, train, folder / "written")
    return _retargeted(build, teacher, train, store)


def identity(build: Builder, model: output_pass.ModelRef) -> str:
    """What made the rows of a text, in every store of them alike."""
    return output_pass.identity(build, model, _kept(build))


def kept_for(build: Builder) -> float | None:
    """The temperature that stored rows hold for; none where all their logits are stored, which hold for any."""
    return build.config.distill.temperature if build.task.writes else None


def _kept(build: Builder) -> str:
    return fingerprint(_of_a_text(build))


def _said(build: Builder) -> str:
    """What is kept besides all logits, or in their place."""
    states = ", ".join(str(number) for number in storing(build).states)
    found = (_kept_logits(build), states and f"hidden states {states} in half precision")
    return "; ".join(filter(None, found)) or "all logits"


def _kept_logits(build: Builder) -> str:
    """Of a whole vocabulary: the largest logits, and the rest at a temperature; or tokens drawn at one."""
    teacher, temperature = build.config.teacher, build.config.distill.temperature
    if not build.task.writes:
        return ""
    if teacher.keep == "sampled":
        return f"{teacher.samples} tokens drawn at temperature {temperature:g} with seed {build.config.seed}"
    return f"top {teacher.top_k} at temperature {temperature:g}"


def _reduce(build: Builder) -> Reduce | None:
    teacher, temperature = build.config.teacher, build.config.distill.temperature
    if not build.task.writes:
        return None
    if teacher.keep == "sampled":
        return sampled(teacher.samples, temperature, build.config.seed)
    return top(teacher.top_k, temperature)


def _retargeted(build: Builder, teacher: output_pass.ModelRef, train: Dataset, store: OutputStore) -> Dataset:
    """The examples with the teacher's words as targets; their keys stay, since they are another store's."""
    tokenizer, texts = build.tokenizer(teacher.folder), []
    target = next(role for role, kind in build.task.roles.items() if kind == "target")
    for start in range(0, len(train), 1000):
        chunk = train[start : start + 1000]
        said = store.examples(torch.tensor(chunk["key"]))
        records = build.task.decode(said, chunk, tokenizer, build.form)
        own = build.task.predictions(records, ())
        texts += [text or given for text, given in zip(own, chunk[target], strict=True)]
    return replaced(train, target, texts)
