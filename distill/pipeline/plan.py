"""Which stages a run needs, what each is called, and what stands for all that can change it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from distill.base.files import fingerprint
from distill.errors import StoreError
from distill.pipeline.context import CHECKPOINTS, Builder
from distill.pipeline.store import Store
from distill.stages import Stage, control, distill, evaluate, export, finetune, pretrain, teach
from distill.teacher import ensemble

log = logging.getLogger("distill.pipeline.runner")  # for its readers the plan is a part of the chain


STAGES: Mapping[str, Stage] = {
    name: cast(Stage, module)
    for name, module in {
        "pretrain": pretrain,
        "finetune": finetune,
        "teach": teach,
        "distill": distill,
        "control": control,
        "evaluate": evaluate,
        "export": export,
    }.items()
}


@dataclass(frozen=True)
class Planned:
    """A stage of this run, and what it will be called.

    Attributes:
        title: what the run calls it: ``finetune:second`` is that of the teacher ``second``.
        stage: what it is.
        build: knows the teacher that it is made for.
        inputs: what it calls each input, and what the run calls it.
        settings: all that can change it, besides its inputs.
        fingerprint: of all that.
    """

    title: str
    stage: str
    build: Builder
    inputs: dict[str, str]
    settings: dict[str, Any]
    fingerprint: str

    @property
    def name(self) -> str:
        """Of its folder in the store."""
        return f"{self.stage}-{self.fingerprint}"


def plan(build: Builder, store: Store) -> dict[str, Planned]:
    """The stages that the run needs, in order, each with its fingerprint.

    Raises:
        StoreError: one of them is neither asked for nor finished.
    """
    every: dict[str, Planned] = {}
    for name in STAGES:
        for who, mine in ensemble.makers(build, name).items():
            title, why = ensemble.title(name, who), STAGES[name].skipped(mine)
            if why is None:
                every[title] = _planned(name, who, mine, every)
            elif name in build.config.stages and build.ranks.rank == 0:
                log.info("%s: skipped, %s", title, why)
    wanted = [title for title, planned in every.items() if planned.stage in build.config.stages]
    for name in reversed(every):
        if name in wanted:
            for needed in every[name].inputs.values():
                if needed in every and needed not in wanted:
                    _must_be_there(name, every[needed], store)
                    wanted.append(needed)
    return {name: planned for name, planned in every.items() if name in wanted}


def _planned(name: str, who: str, build: Builder, every: Mapping[str, Planned]) -> Planned:
    stage = STAGES[name]
    inputs = {each: ensemble.title(each, who) for each in stage.needs(build)}
    settings = stage.settings(build)
    made_of = {own: _content(own, title, build, every) for own, title in inputs.items()}
    content = {"stage": name, "recipe": stage.RECIPE, "settings": settings, "inputs": made_of}
    return Planned(ensemble.title(name, who), name, build, inputs, settings, fingerprint(content))


def _content(own: str, title: str, build: Builder, every: Mapping[str, Planned]) -> str:
    """What stands for an input in fingerprints."""
    owner, name = ensemble.owner(build, own)
    return owner.checkpoint_content(name) if name in CHECKPOINTS else every[title].fingerprint


def _must_be_there(name: str, needed: Planned, store: Store) -> None:
    if store.find(needed.name) is None:
        raise StoreError(
            f"{name} needs {needed.title}, which is neither among stages nor finished in {store.root}; "
            f"add {needed.stage} to stages=[...]"
        )
