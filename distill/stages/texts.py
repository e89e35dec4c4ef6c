"""Gather the texts without labels that a stage reads: those of the files, and those that were made of others."""

import json
from pathlib import Path

from datasets import Dataset, concatenate_datasets

from distill.base.per_object_cache import computed_once
from distill.data.splits import UNLABELLED, keyed
from distill.stages.job import Job, RunSpec

STAGE = "augment"
FILE = "texts.jsonl"
"""The file of made texts in the folder of the stage, a JSON object a line."""


def needs(spec: RunSpec) -> list[str]:
    """Return the stage that makes texts, if the run has it."""
    return [STAGE] if spec.config.augment.methods else []


def unlabelled(job: Job) -> Dataset | None:
    """Return the texts without labels that a stage reads, with their keys, or none; made ones are an input of it."""
    given = job.spec.data.splits.get(UNLABELLED)
    if STAGE not in job.inputs:
        return given
    made = computed_once(job.context, (STAGE, job.inputs[STAGE]), lambda: _made(job.spec, job.inputs[STAGE] / FILE))
    if given is None:
        return made
    return concatenate_datasets([given, made.select_columns(given.column_names).cast(given.features)])


def _made(spec: RunSpec, file: Path) -> Dataset:
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return keyed(Dataset.from_list(rows), spec.setup.task.text)
