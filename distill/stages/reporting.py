"""The report on the stages that are finished: the run's own, and that of the card that travels with an export."""

from collections.abc import Mapping, Sequence
from typing import Any

from distill.config import ensemble
from distill.objective.settings import described
from distill.report.assemble import assemble
from distill.report.environment import commit, versions
from distill.stages.job import RunContext, RunSpec


def report_on(
    spec: RunSpec,
    context: RunContext,
    results: Mapping[str, Mapping[str, Any]],
    stages: Sequence[Mapping[str, Any]] = (),
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Put together what ``report.json`` holds.

    Args:
        spec: what the run is.
        context: where it was made.
        results: what each finished stage found.
        stages: the line of each in the report.
        notes: what was decided on the way, besides what the data says itself.
    """
    config = spec.config
    data = spec.data.describe()
    of_stages = [note for result in results.values() for note in result.get("notes", ())]
    data["notes"] += dict.fromkeys([*notes, *of_stages])
    return assemble(
        head={"name": config.name, "command": context.command, "task": config.task, "seed": config.seed},
        data=data,
        stages=stages,
        results=results,
        roles={model.name: model.role for model in spec.decisions.compared},
        objective={**described(config.distill, spec.setup.task.kind), **ensemble.settings(config)},
        environment={"versions": versions(), "git": commit(), "seed": config.seed, "devices": spec.world},
        points=config.evaluate.points,
    )
