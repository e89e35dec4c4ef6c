"""Report on the stages that are finished, for the run itself and for the card that travels with an export."""

from collections.abc import Mapping, Sequence
from typing import cast

from distill.config import ensemble
from distill.objective.settings import described
from distill.report import JsonObject, pretraining, targets
from distill.report.assemble import assemble
from distill.report.environment import commit, versions
from distill.stages.job import RunContext, RunSpec, StageResult
from distill.stages.ledger import ledger
from distill.stages.review import Review

_SEARCHED = (
    "{} of a search looked at validation before these settings were chosen, so that scores on it are better "
    "than on new texts would be; none of them looked at test."
)


def report_on(
    spec: RunSpec,
    context: RunContext,
    results: Mapping[str, StageResult],
    stages: Sequence[JsonObject] = (),
    notes: Sequence[str] = (),
) -> dict[str, object]:
    """Put together the content of ``report.json``.

    Args:
        spec: settings, data, and what was decided from both.
        context: the run's folder and command.
        results: name of each finished stage to its result.
        stages: one line of the report for each stage.
        notes: what was decided on the way, besides the notes on the data.
    """
    config = spec.config
    data = spec.data.describe()
    labels = {"ledger": ledger(spec, results)} if spec.data.labelled else {}
    searched = config.report.searched
    of_stages = [note for result in results.values() for note in result.get("notes", ())]
    data["notes"] += dict.fromkeys([*spec.data.remarks, *notes, *of_stages])
    report = assemble(
        head={
            "name": config.name,
            "command": context.command,
            "task": config.task,
            "seed": spec.run.config.seed,
            **({"swept": dict(context.swept)} if context.swept else {}),
            **({"searched": searched} if searched else {}),
        },
        data=data,
        stages=stages,
        results=results,
        roles={model.name: model.role for model in (*spec.decisions.compared, *spec.decisions.exported)},
        objective={**described(config.distill, spec.setup.task.kind), **ensemble.settings(config)},
        environment={"versions": versions(), "git": commit(), "seed": spec.run.config.seed, "devices": spec.world},
        points=config.evaluate.points,
    )
    if searched:
        others = cast(Sequence[str], report.get("warnings") or ())
        report = {
            **report,
            "warnings": [_SEARCHED.format("1 trial" if searched == 1 else f"{searched} trials"), *others],
        }
    pretrained = {"pretraining": found} if (found := pretraining.facts(dict(results))) else {}
    return {**report, **labels, **pretrained}


def reviewed(report: JsonObject, spec: RunSpec, found: Review) -> dict[str, object]:
    """Return the report with what was found once all stages were finished: where models part, and the targets."""
    compared = {**(report.get("against_teacher") or {}), **found.against_teacher}
    whole = {**report, "against_teacher": compared or report.get("against_teacher"), "disagreements": found.summary}
    whole |= {"confusion": found.confusion, "label_gains": found.label_gains, "calibration": found.calibration}
    whole |= {"slices": found.slices} if found.slices else {}
    return {**whole, "targets": targets.judge(whole, spec.config.target.limits)}
