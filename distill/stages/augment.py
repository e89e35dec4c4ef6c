"""Make new texts without labels of those there are: for the student to hear what its teacher says of them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeAlias, cast

import numpy as np
from datasets import Dataset
from torch import nn

from distill.base import signals
from distill.base.disk import replacing
from distill.base.files import RESUME
from distill.base.per_object_cache import computed_once
from distill.config.augment import METHODS
from distill.data import augmentation
from distill.data.augmentation import Text
from distill.data.near_duplicates import near_duplicates
from distill.data.splits import UNLABELLED, keyed, unseen
from distill.errors import DataError
from distill.inference.word_replacement import WordReplacer
from distill.models import loading
from distill.stages.job import Job, RunSpec, StageResult, StageSettings
from distill.stages.texts import FILE
from distill.tasks import Record
from distill.tasks import masked_language_modeling as masked

RECIPE = 1
_AT_ONCE = 512
"""Texts that are made together, and written, so that an interrupted stage goes on behind them."""
_IN_MODEL = 64
"""Texts that the language model reads at once."""
Words: TypeAlias = list[list[str]]
"""The words of some texts."""
Make: TypeAlias = Callable[[Words, Sequence[np.random.Generator]], Words]
"""Makes a new text of each of some, with a generator for each."""


def skipped(spec: RunSpec) -> str | None:
    """Return why no texts are made, where no method is named; else none."""
    return None if spec.config.augment.methods else "augment.methods names none"


def needs(spec: RunSpec) -> list[str]:
    """Return the input that holds a masked language model, if words are replaced by one."""
    return [spec.decisions.base] if "masked_lm" in spec.config.augment.methods else []


def settings(spec: RunSpec) -> StageSettings:
    """Return how texts are made, and of which."""
    section = spec.config.augment
    values = {"share": section.share, "candidates": section.candidates, "longest": section.longest}
    read = {"masked_lm": ("share", "candidates"), "dropping": ("share",), "ngrams": ("longest",)}
    return {
        "methods": {name: {each: values[each] for each in read[name]} for name in METHODS if name in section.methods},
        "copies": section.copies,
        "seed": spec.config.seed,
        "max_length": spec.setup.spec.max_length,
        "texts": {split: spec.data.texts(split) for split in _sources(spec)},
        "other": {split: spec.data.texts(split) for split in spec.data.splits if split not in ("train", UNLABELLED)},
    }


def run(job: Job) -> StageResult:
    """Make the texts on rank 0; the file ``texts.jsonl`` holds them."""
    return job.context.ranks.first(lambda: _run(job))


def _sources(spec: RunSpec) -> list[str]:
    """Return the splits that texts are made of."""
    splits = ("train", UNLABELLED) if spec.config.augment.of == "all" else ("train",)
    return [split for split in splits if split in spec.data.splits]


def _run(job: Job) -> StageResult:
    spec, roles = job.spec, job.spec.setup.task.text
    (job.folder / RESUME).mkdir(exist_ok=True)
    made = {
        method: [record for copy in range(spec.config.augment.copies) for record in _of_method(job, method, copy)]
        for method in METHODS
        if method in spec.config.augment.methods
    }
    rows = keyed(Dataset.from_list([record for records in made.values() for record in records]), roles)
    others = {split: rows for split, rows in spec.data.splits.items() if split not in ("train", UNLABELLED)}
    new = unseen(rows, spec.data.splits)
    new = new.select(np.flatnonzero(~near_duplicates(new, others.values(), roles)))
    if not len(new):
        raise DataError(
            f"augment.methods={spec.config.augment.methods}: makes no text that the data does not have already; give "
            "other methods, or none"
        )
    with replacing(job.folder / FILE) as hidden:
        hidden.write_text(_lines(new.remove_columns("key").to_list()), encoding="utf-8")
    counts = ", ".join(f"{len(records):,} by {method}" for method, records in made.items())
    note = (
        f"augment: {len(new):,} new texts without labels, of {counts}; the others stand twice, in the data already, "
        "or nearly in validation or test"
    )
    return {"texts": len(new), "made": {method: len(records) for method, records in made.items()}, "notes": [note]}


def _of_method(job: Job, method: str, copy: int) -> Iterator[Record]:
    """Yield one new text of each by a method, from the files of an earlier try as far as there are some."""
    spec, task = job.spec, job.spec.setup.task
    columns = {
        role: [text for split in _sources(spec) for text in spec.data.splits[split][role][:]] for role in task.inputs
    }
    count, make = len(next(iter(columns.values()))), partial(_make, job, method)
    for start in range(0, count, _AT_ONCE):
        file = job.folder / RESUME / f"{method}-{copy}-{start}.jsonl"
        if not file.is_file():
            part = {role: texts[start : start + _AT_ONCE] for role, texts in columns.items()}
            seeds = [
                (spec.config.seed, METHODS.index(method), copy, number)
                for number in range(start, min(start + _AT_ONCE, count))
            ]
            with replacing(file) as hidden:
                hidden.write_text(_lines(_new(part, seeds, make)), encoding="utf-8")
        signals.check()
        yield from map(json.loads, file.read_text(encoding="utf-8").splitlines())


def _new(columns: Mapping[str, list[Text]], seeds: Sequence[tuple[int, ...]], make: Make) -> list[Record]:
    """Return a new row of each, whose chance depends on its seed and role alone."""
    new: dict[str, list[Text]] = {}
    for number, (role, texts) in enumerate(columns.items()):
        draws = [np.random.default_rng((*seed, number)) for seed, _ in zip(seeds, texts, strict=True)]
        made = make([augmentation.split(text) for text in texts], draws)
        new[role] = [augmentation.join(words, text) for words, text in zip(made, texts, strict=True)]
    return [dict(zip(new, values, strict=True)) for values in zip(*new.values(), strict=True)]


def _make(job: Job, method: str, texts: Words, draws: Sequence[np.random.Generator]) -> Words:
    section = job.spec.config.augment
    if method == "ngrams":
        return [augmentation.run_of(*each) for each in zip(texts, [section.longest] * len(texts), draws, strict=True)]
    if method == "dropping":
        return [
            augmentation.without_some(*each) for each in zip(texts, [section.share] * len(texts), draws, strict=True)
        ]
    replacer = computed_once(job, method, lambda: _replacer(job))
    parts = range(0, len(texts), _IN_MODEL)
    return [
        words
        for at in parts
        for words in replacer.replaced(texts[at : at + _IN_MODEL], section.share, draws[at : at + _IN_MODEL])
    ]


def _replacer(job: Job) -> WordReplacer:
    """Return the masked language model of the run that replaces words."""
    spec = job.spec
    folder = spec.sources.folder(spec.decisions.base, job.inputs)
    tokenizer = spec.sources.tokenizer(folder)
    model = loading.load_model(folder, masked.HEAD, tokenizer=tokenizer)
    cast(nn.Module, model).to(job.context.ranks.device)
    limit = spec.setup.spec.max_length
    return WordReplacer(model, tokenizer, candidates=spec.config.augment.candidates, max_length=limit)


def _lines(records: Sequence[Record]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
