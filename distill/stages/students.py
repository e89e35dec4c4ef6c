"""The student of a run before it learns, and what of the settings decides on it."""

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from distill.inference.torch_runtime import output_columns
from distill.stages import adapting, supervised, vocabularies, warm_starts
from distill.stages.job import Job, RunSpec
from distill.student import SIZE_OF_EMBEDDINGS, student_kind
from distill.student.build import StudentSource, build_student


def settings(spec: RunSpec) -> dict[str, Any]:
    """Return what of the student's settings decides on it, besides the checkpoint it starts from."""
    section = asdict(spec.config.student)
    kind = student_kind(spec.config.student.init)
    usual = asdict(type(spec.config.student)())
    read = {
        name: section[name]
        for name in ("init", *kind.settings)
        if name not in SIZE_OF_EMBEDDINGS or section[name] != usual[name]
    }
    if kind.is_limited:
        read["max_length"] = spec.setup.spec.max_length
    if kind.takes_head:
        read |= given_labels(spec)
    read |= warm_starts.settings(warm_starts.of_student(spec))
    return read if kind.recipe == 1 else {**read, "recipe": kind.recipe}


def given_labels(spec: RunSpec) -> dict[str, Any]:
    """Return what of the settings says which output of the teacher is which label."""
    teacher = spec.config.teacher
    return {"given_labels": list(teacher.labels), **({"labels_subset": True} if teacher.labels_subset else {})}


def _counts(job: Job, tokenizer: PreTrainedTokenizerBase) -> Tensor:
    """Return how often each token stands in the features of train ``[tokens]``."""
    features = job.examples.encode(job.spec.data.splits["train"], tokenizer)["input_ids"]
    return torch.bincount(torch.tensor([token for tokens in features for token in tokens]), minlength=len(tokenizer))


def make_student(job: Job) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Build the student of a stage that has what it starts from as an input; return it with its tokenizer."""
    spec, input_name = job.spec, job.spec.decisions.student_source
    folder = spec.sources.folder(input_name, job.inputs)
    tokenizer = spec.sources.tokenizer(folder)
    has_head = spec.labelled is None  # else what the student begins with never learnt the task
    count = len(spec.setup.outputs)

    def columns() -> list[int] | None:
        if not has_head:
            return list(range(count)) if spec.setup.labels else None
        return output_columns(spec.setup, spec.sources.model(input_name, job.inputs))

    source = StudentSource(
        folder,
        tokenizer,
        columns=columns,
        centre=lambda model: supervised.centre(spec, model),
        sample=lambda: job.examples.sample(spec.data.splits["train"], tokenizer),
        counts=lambda: _counts(job, tokenizer),
        has_head=has_head,
        had=start.had if (start := warm_starts.of_student(spec)) is not None else (),
    )
    student = build_student(spec.decisions.student, source, spec.setup, seed=spec.config.seed, dtype=spec.dtype)
    fitted = vocabularies.fit(spec, folder, student, tokenizer)
    with torch.random.fork_rng(devices=[]):  # what is drawn afterwards is the same with adapters and without
        torch.manual_seed(spec.config.seed)
        adapting.adapt_model(student, spec.config.distill, "distill", "student")
    return student, fitted
