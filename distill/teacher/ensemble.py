"""Each teacher of the run: for whom a stage is made, what the run calls it, and all their answers as one.

A stage that is made for each teacher knows only one: its builder has the settings in which that one is *the* teacher.
So its fingerprint is that of a run in which it is alone, and either run finds what the other made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset
from torch import Tensor

from distill.base.files import fingerprint
from distill.base.memo import kept
from distill.config.ensemble import FIRST, EnsembleConfig, settings, teachers, weights
from distill.inference import output_pass, scoring
from distill.inference.generation_ensemble import Combined
from distill.inference.output_columns import ranges
from distill.inference.scoring import ModelOutputs
from distill.models.fitting import token_count
from distill.objective import Objective
from distill.objective.settings import terms_with_temperature
from distill.pipeline.context import Builder
from distill.stages import Job, teach
from distill.teacher.combining import combine, combine_kept
from distill.types import Batch, Outputs, at_least_float32

OF_EACH = ("pretrain", "finetune", "teach")
"""The stages that are made for each teacher."""


def title(stage: str, who: str) -> str:
    """What the run calls a stage or checkpoint of a teacher.

    >>> title("finetune", "first"), title("finetune", "second")
    ('finetune', 'finetune:second')
    """
    return stage if who == FIRST else f"{stage}:{who}"


def builders(build: Builder) -> dict[str, Builder]:
    """For each teacher, by name, a builder to which it is the only one."""
    if not build.config.more_teachers:
        return {FIRST: build}
    known = (id(build.ranks), build.wandb)  # the processes may know each other by now
    return kept(build, ("builders", *known), lambda: _made(build))


def _made(build: Builder) -> dict[str, Builder]:
    """One builder each, so that a checkpoint is read once."""
    alone = replace(build.config, more_teachers={}, ensemble=EnsembleConfig())
    every = teachers(build.config)
    stored = {name: replace(teacher, store="always") for name, teacher in every.items()}  # to be combined from there
    return {name: replace(build, config=replace(alone, teacher=teacher)) for name, teacher in stored.items()}


def makers(build: Builder, stage: str) -> dict[str, Builder]:
    """For whom a stage is made: each teacher, or once."""
    return builders(build) if stage in OF_EACH else {FIRST: build}


def owner(build: Builder, name: str) -> tuple[Builder, str]:
    """The builder of the teacher that an input of a stage belongs to, and what that one calls it."""
    own, _, who = name.partition(":")
    return (builders(build)[who] if who else build), own


def names(build: Builder) -> dict[str, str]:
    """Each teacher's name to the input that holds it."""
    return {who: title(mine.teacher, who) for who, mine in builders(build).items()}


def model(build: Builder, name: str, inputs: Mapping[str, Path]) -> output_pass.ModelRef:
    """The model of an input, whoever's it is."""
    mine, own = owner(build, name)
    return output_pass.model(mine, own, {own: inputs[name]} if name in inputs else {})


class Ensemble:
    """Several teachers' stored answers as those of one teacher."""

    def __init__(
        self,
        stores: Sequence[output_pass.StoredOutputs],
        combined: Callable[[Sequence[Outputs], Sequence[int]], Outputs],
    ) -> None:
        """``combined`` makes one answer of all teachers' to the same rows, of examples of these lengths."""
        self.stores, self.combined = stores, combined

    def __call__(self, batch: Batch) -> Outputs:
        """The common rows for a batch, on the batch's device; of an example that is here in part, as for the whole."""
        key, whose = torch.unique(batch["key"].cpu(), return_inverse=True)
        found, lengths = self.whole(key)
        before = torch.tensor([0, *lengths]).cumsum(0)
        places, device = ranges(before[whose] + batch["first"].cpu(), batch["count"].cpu()), batch["key"].device
        if found.sparse is None:
            return Outputs(found.logits[places].to(device))
        sparse = found.sparse.at(places, device)
        return Outputs(sparse.values, sparse=sparse)

    def examples(self, key: Tensor) -> list[Tensor]:
        """All common rows ``[n, width]`` of each of the examples ``key [examples]``."""
        found, lengths = self.whole(key)
        return list(torch.split(found.logits, lengths))

    def whole(self, key: Tensor) -> tuple[Outputs, list[int]]:
        """All common rows of the examples ``key [examples]``, and how many each has."""
        found, lengths = zip(*(store.whole(key) for store in self.stores), strict=True)
        return self.combined(found, lengths[0]), lengths[0]


def ensemble(build: Builder, stores: Sequence[output_pass.StoredOutputs], temperature: Callable[[], float]) -> Ensemble:
    """The teachers' answers, in the teachers' order, combined as the settings say."""
    logits = common_logits(build, temperature)
    return Ensemble(
        stores,
        lambda found, lengths: Outputs(logits(torch.stack([at_least_float32(each.logits) for each in found]), lengths)),
    )


def common_logits(build: Builder, temperature: Callable[[], float]) -> Combined:
    """What makes one answer of the teachers' logits."""
    how, kind, shares = build.config.ensemble.combine, build.task.kind, list(weights(build.config).values())
    return lambda logits, lengths: combine(how, kind, logits, shares, temperature(), lengths)


def stored(job: Job, objective: Objective) -> Ensemble:
    """What the teachers said of the training examples, at the temperature that the objective has at the moment."""
    build, stores = job.build, []
    for who, mine in builders(build).items():
        asked = model(build, title(mine.teacher, who), job.inputs)
        made_by = teach.identity(mine, asked)
        folder = job.inputs[title("teach", who)] / "outputs"
        stores.append(output_pass.opened(mine, asked, folder, made_by, temperature=teach.kept_for(mine)))
    if build.task.writes:
        tokens = token_count(build.tokenizer(model(build, build.teacher, job.inputs).folder))
        how, shares = build.config.ensemble.combine, list(weights(build.config).values())

        def combined(found: Sequence[Outputs], lengths: Sequence[int]) -> Outputs:
            common = combine_kept(how, [each.sparse for each in found if each.sparse], tokens, shares)
            return Outputs(common.values, sparse=common)

        return Ensemble(stores, combined)
    moved = terms_with_temperature(build.config.distill, build.task.kind)
    if not moved:
        return ensemble(build, stores, lambda: 1.0)
    term = cast(Any, objective.terms[moved[0]])
    return ensemble(build, stores, lambda: float(term.temperature))


def together(job: Job, examples: Dataset, said: Sequence[ModelOutputs], folder: Path) -> ModelOutputs:
    """What the teachers say of examples as one, at temperature 1: as they would be used.

    Args:
        job: of a stage that has the teachers as inputs.
        examples: with their keys.
        said: what each teacher says of them, in the teachers' order.
        folder: keeps what they write together, which does not follow from what each of them writes.
    """
    build = job.build
    if not build.task.writes:
        return ModelOutputs(ensemble(build, [each.rows for each in said], lambda: 1.0))
    first, *others = (model(build, name, job.inputs) for name in names(build).values())
    how = fingerprint(settings(build.config))
    company = output_pass.EnsembleMembers(others, common_logits(build, lambda: 1.0), how)
    return scoring.answer(build, first, examples, folder, company)
