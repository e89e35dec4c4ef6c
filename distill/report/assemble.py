"""Put together the report from the results of the stages."""

from collections.abc import Mapping, Sequence

from distill.report import JsonObject
from distill.report.precision import too_small


def assemble(
    *,
    head: JsonObject,
    data: JsonObject,
    stages: Sequence[JsonObject],
    results: Mapping[str, JsonObject],
    roles: Mapping[str, str],
    objective: JsonObject,
    environment: JsonObject,
    points: float | None = None,
) -> dict[str, object]:
    """Put together the content of ``report.json``.

    Args:
        head: name, command, task and seed of the run.
        data: name, source, notes, labels, rows and fingerprint.
        stages: name, status, seconds, fingerprint and folder of each.
        results: each finished stage to its result.
        roles: what each compared model is.
        objective: temperature and weights of the terms.
        environment: versions, git, seed and devices.
        points: difference of the first metric that validation and test should tell, in percentage points; none warns
            of no split.
    """
    evaluation = results.get("evaluate", {})
    report = {
        "schema": 1,
        **head,
        "status": "done",
        "data": dict(data),
        "stages": list(stages),
        "models": {name: {"role": roles[name], **model} for name, model in evaluation.get("models", {}).items()},
        "gain": evaluation.get("gain"),
        "against_teacher": evaluation.get("against_teacher"),
        "against_baselines": evaluation.get("against_baselines"),
        "fidelity": evaluation.get("fidelity"),
        "latency": evaluation.get("latency"),
        "scored_by": evaluation.get("scored_by"),
        "exports": results.get("export", {}).get("exports", []),
        "objective": dict(objective),
        "environment": dict(environment),
    }
    return {**report, "warnings": too_small(report, points)}
