"""The report, from what the stages found."""

from collections.abc import Mapping, Sequence
from typing import Any

from distill.report.precision import too_small


def assemble(
    *,
    head: Mapping[str, Any],
    data: Mapping[str, Any],
    stages: Sequence[Mapping[str, Any]],
    results: Mapping[str, Mapping[str, Any]],
    roles: Mapping[str, str],
    objective: Mapping[str, Any],
    environment: Mapping[str, Any],
    points: float | None = None,
) -> dict[str, Any]:
    """Put together what ``report.json`` holds.

    Args:
        head: name, command, task and seed of the run.
        data: name, source, notes, labels, rows and fingerprint.
        stages: name, status, seconds, fingerprint and folder of each.
        results: stage to what it found.
        roles: what each compared model is.
        objective: temperature and weights of the terms.
        environment: versions, git, seed and devices.
        points: of the first metric, which validation and test are to tell apart; none warns of no split.
    """
    found = results.get("evaluate", {})
    made = {
        "schema": 1,
        **head,
        "status": "done",
        "data": dict(data),
        "stages": list(stages),
        "models": {name: {"role": roles[name], **model} for name, model in found.get("models", {}).items()},
        "gain": found.get("gain"),
        "against_teacher": found.get("against_teacher"),
        "fidelity": found.get("fidelity"),
        "latency": found.get("latency"),
        "scored_by": found.get("scored_by"),
        "exports": results.get("export", {}).get("exports", []),
        "objective": dict(objective),
        "environment": dict(environment),
    }
    return {**made, "warnings": too_small(made, points)}
