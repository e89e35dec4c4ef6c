"""Plan a run: which stages it needs, their names, and a fingerprint of all that can change each of them."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from distill.base.files import fingerprint
from distill.config.ensemble import FIRST
from distill.errors import DamagedStageError, StoreError
from distill.models.sources import CHECKPOINTS, is_checkpoint
from distill.pipeline.store import Store
from distill.stages import STAGES, texts
from distill.stages.job import RunSpec, StageSettings, title
from distill.stages.learner import STAGE

log = logging.getLogger("distill.pipeline.runner")  # for its readers the plan is a part of the chain

OF_EACH_TEACHER = ("pretrain", "finetune", "teach")
"""The stages that run once for each of several teachers."""
OF_ALL_SEEDS = (*OF_EACH_TEACHER, texts.STAGE)
"""The stages whose results all seeds of a run share."""


@dataclass(frozen=True)
class Planned:
    """One stage of a run with its inputs, settings and fingerprint.

    Attributes:
        title: its name in the run: ``finetune:second`` is that of the teacher ``second``, ``distill:seed2`` of a seed.
        stage: its kind, such as ``finetune``.
        spec: specification of the run, or of one in which the teacher that it is made for is the only one.
        inputs: the stage's name of each input to the run's name of it.
        settings: all that can change its result, besides its inputs.
        fingerprint: stands for its kind, inputs and settings.
    """

    title: str
    stage: str
    spec: RunSpec
    inputs: dict[str, str]
    settings: StageSettings
    fingerprint: str

    @property
    def name(self) -> str:
        """The name of the stage's folder in the store."""
        return f"{self.stage}-{self.fingerprint}"


def plan(spec: RunSpec, store: Store, *, tell: bool = True) -> dict[str, Planned]:
    """Return the stages that the run needs, in order, each with its fingerprint.

    Args:
        spec: the run, with everything decided.
        store: holds finished stages.
        tell: whether this process logs which stages are left out.

    Raises:
        StoreError: one of them is neither asked for nor finished.
    """
    possible: dict[str, Planned] = {}
    for name, stage in STAGES.items():
        for who, own in _specs(name, spec).items():
            reason = _of_no_use(name, who, own) or stage.skipped(own)
            if reason is None:
                planned = _planned(name, who, own, possible)
                possible[planned.title] = planned
            elif name in spec.config.stages and tell:
                log.info("%s: skipped, %s", title(name, who), reason)
    needed_names = [name for name, planned in possible.items() if planned.stage in spec.config.stages]
    for name in reversed(possible):
        if name in needed_names:
            for source in possible[name].inputs.values():
                if source in possible and source not in needed_names:
                    refuse_missing(name, possible[source], store)
                    needed_names.append(source)
    return {name: planned for name, planned in possible.items() if name in needed_names}


def _of_no_use(name: str, teacher: str, spec: RunSpec) -> str | None:
    """Return why no stage reads a model that a further teacher, which is a file of answers, would begin with."""
    if name == "pretrain" and teacher != FIRST and spec.labelled is not None:
        return "the teacher is a file of answers"
    return None


def run_title(name: str, spec: RunSpec, who: str = FIRST) -> str:
    """Return the run's name of a stage or checkpoint, which says whose it is, and the seed where there are several."""
    own, stage = title(name, who), name.partition(":")[0]
    return f"{own}:{spec.label}" if spec.label and stage in STAGES and stage not in OF_ALL_SEEDS else own


def _specs(name: str, spec: RunSpec) -> Mapping[str, RunSpec]:
    """Return the specifications that a stage runs for, one for each teacher or for each student, by their names."""
    if name in OF_EACH_TEACHER:
        return spec.teachers
    if name in OF_ALL_SEEDS:
        return {FIRST: spec.run}
    if name != STAGE:
        return {FIRST: spec}
    return {learner.name or FIRST: replace(spec, learner=learner) for learner in spec.decisions.learners}


def _planned(name: str, who: str, spec: RunSpec, earlier: Mapping[str, Planned]) -> Planned:
    stage = STAGES[name]
    of_teacher = (*OF_EACH_TEACHER, *CHECKPOINTS) if name in OF_EACH_TEACHER else ()
    inputs = {source: run_title(source, spec, who if source in of_teacher else FIRST) for source in stage.needs(spec)}
    settings = stage.settings(spec)
    contents = {own: content_of(own, name_in_run, spec, earlier) for own, name_in_run in inputs.items()}
    content = {"stage": name, "recipe": stage.RECIPE, "settings": settings, "inputs": contents}
    return Planned(run_title(name, spec, who), name, spec, inputs, settings, fingerprint(content))


def content_of(name_in_stage: str, name_in_run: str, spec: RunSpec, earlier: Mapping[str, Planned]) -> str:
    """Return what stands for an input in fingerprints: of a checkpoint its content, of a stage its fingerprint."""
    owner, name = spec.owner(name_in_stage)
    return owner.sources.content(name) if is_checkpoint(name) else earlier[name_in_run].fingerprint


def refuse_missing(name: str, needed: Planned, store: Store) -> None:
    """Return where a stage is finished that another one needs, and that the run does not make.

    Raises:
        StoreError: it is not, or it is damaged.
    """
    try:
        if store.find(needed.name) is not None:
            return
    except DamagedStageError as error:
        raise StoreError(
            f"{name} needs {needed.title}, which is not among stages, and {error.what}; "
            f"add {needed.stage} to stages=[...], which makes it again"
        ) from error
    raise StoreError(
        f"{name} needs {needed.title}, which is neither among stages nor finished in {store.root}; "
        f"add {needed.stage} to stages=[...]"
    )
