"""Which stages a run needs, what each is called, and what stands for all that can change it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from distill.base.files import fingerprint
from distill.config.ensemble import FIRST
from distill.errors import StoreError
from distill.models.sources import CHECKPOINTS
from distill.pipeline.store import Store
from distill.stages import STAGES
from distill.stages.job import RunSpec, title

log = logging.getLogger("distill.pipeline.runner")  # for its readers the plan is a part of the chain

OF_EACH_TEACHER = ("pretrain", "finetune", "teach")
"""The stages that are made for each of several teachers."""


@dataclass(frozen=True)
class Planned:
    """A stage of this run, and what it will be called.

    Attributes:
        title: what the run calls it: ``finetune:second`` is that of the teacher ``second``.
        stage: what it is.
        spec: of the run, or of one in which the teacher that it is made for is the only one.
        inputs: what it calls each input, and what the run calls it.
        settings: all that can change it, besides its inputs.
        fingerprint: of all that.
    """

    title: str
    stage: str
    spec: RunSpec
    inputs: dict[str, str]
    settings: dict[str, Any]
    fingerprint: str

    @property
    def name(self) -> str:
        """The name of its folder in the store."""
        return f"{self.stage}-{self.fingerprint}"


def plan(spec: RunSpec, store: Store, *, tell: bool = True) -> dict[str, Planned]:
    """Return the stages that the run needs, in order, each with its fingerprint.

    Args:
        spec: what the run is, with everything decided.
        store: of finished stages.
        tell: whether this process says which stages are left out.

    Raises:
        StoreError: one of them is neither asked for nor finished.
    """
    every: dict[str, Planned] = {}
    for name, stage in STAGES.items():
        for teacher, own in (spec.teachers if name in OF_EACH_TEACHER else {FIRST: spec}).items():
            reason = stage.skipped(own)
            if reason is None:
                every[title(name, teacher)] = _planned(name, teacher, own, every)
            elif name in spec.config.stages and tell:
                log.info("%s: skipped, %s", title(name, teacher), reason)
    wanted = [name for name, planned in every.items() if planned.stage in spec.config.stages]
    for name in reversed(every):
        if name in wanted:
            for needed in every[name].inputs.values():
                if needed in every and needed not in wanted:
                    _refuse_missing(name, every[needed], store)
                    wanted.append(needed)
    return {name: planned for name, planned in every.items() if name in wanted}


def _planned(name: str, teacher: str, spec: RunSpec, every: Mapping[str, Planned]) -> Planned:
    stage = STAGES[name]
    inputs = {needed: title(needed, teacher) for needed in stage.needs(spec)}
    settings = stage.settings(spec)
    made_of = {own: _content(own, asked, spec, every) for own, asked in inputs.items()}
    content = {"stage": name, "recipe": stage.RECIPE, "settings": settings, "inputs": made_of}
    return Planned(title(name, teacher), name, spec, inputs, settings, fingerprint(content))


def _content(own: str, asked: str, spec: RunSpec, every: Mapping[str, Planned]) -> str:
    """What stands for an input in fingerprints."""
    owner, name = spec.owner(own)
    return owner.sources.content(name) if name in CHECKPOINTS else every[asked].fingerprint


def _refuse_missing(name: str, needed: Planned, store: Store) -> None:
    if store.find(needed.name) is None:
        raise StoreError(
            f"{name} needs {needed.title}, which is neither among stages nor finished in {store.root}; "
            f"add {needed.stage} to stages=[...]"
        )
