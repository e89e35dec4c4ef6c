"""The teacher's outputs for every training example, computed once."""

from pathlib import Path
from typing import Any

import torch
from datasets import Dataset

from distill.build import Builder
from distill.config.about import WORDS, inside, reads
from distill.data.splits import UNLABELLED
from distill.stages import Job, answers
from distill.tasks.labels import replaced
from distill.teacher_store import AnswerStore
from distill.training.answering import Reduce, top

RECIPE = 2


def skipped(build: Builder) -> str | None:
    """States and attention are not stored: the teacher gives them while the student learns."""
    if build.storable:
        return None
    section = build.config.distill
    unstored = WORDS[reads(section, inside(section)[0])]
    return f"{unstored} are not stored; the teacher answers while the student learns"


def needs(build: Builder) -> list[str]:
    """The teacher."""
    return [build.teacher]


def settings(build: Builder) -> dict[str, Any]:
    """What decides on a logit besides the teacher, and the texts."""
    config, more = build.config, build.data.splits.keys() & {UNLABELLED}
    return {
        "labels": list(build.data.labels),
        "given_labels": list(config.teacher.labels),
        "task": config.task,
        **build.lengths,
        "texts": build.data.texts("train"),
        **{split: build.data.texts(split) for split in more},
        "kept": kept(build),
        "generation": build.generation() if build.taught_targets else None,
    }


def run(job: Job) -> dict[str, Any]:
    """Answer every example once, in parts, each rank its share; the folder ``outputs`` is the teacher store.

    Where the student shall learn from what the teacher writes, it writes first, into ``written``.
    """
    build = job.build
    teacher = answers.model(build, build.teacher, job.inputs)
    asked = [rows(job, job.folder), *filter(None, [build.data.splits.get(UNLABELLED)])]
    for examples in asked:
        answers.rows(build, teacher, examples, job.folder / "outputs", _reduce(build), kept(build))
    return {"examples": sum(map(len, asked))}


def rows(job: Job, folder: Path) -> Dataset:
    """The examples that the student learns from: those of train, or with targets that the teacher wrote."""
    build, train = job.build, job.build.data.splits["train"]
    if not build.taught_targets:
        return train
    teacher = answers.model(build, build.teacher, job.inputs)
    store = answers.written(build, teacher, train, folder / "written")
    return _retargeted(build, teacher, train, store)


def kept(build: Builder) -> str:
    """What is kept of each row: all logits, or of a whole vocabulary the largest, and the rest at a temperature."""
    if not build.task.writes:
        return ""
    return f"top {build.config.teacher.top_k} at temperature {build.config.distill.temperature:g}"


def _reduce(build: Builder) -> Reduce | None:
    return top(build.config.teacher.top_k, build.config.distill.temperature) if build.task.writes else None


def _retargeted(build: Builder, teacher: answers.Model, train: Dataset, store: AnswerStore) -> Dataset:
    """The examples with the teacher's words as targets; their keys stay, since they are another store's."""
    tokenizer, texts = build.tokenizer(teacher.folder), []
    for start in range(0, len(train), 1000):
        chunk = train[start : start + 1000]
        said = store.examples(torch.tensor(chunk["key"]))
        records = build.task.decode(said, chunk, tokenizer, build.form)
        own = build.task.predictions(records, ())
        texts += [text or target for text, target in zip(own, chunk["target"], strict=True)]
    return replaced(train, "target", texts)
