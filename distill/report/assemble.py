"""Put together the report from the results of the stages."""

from collections.abc import Mapping, Sequence

from distill.report import JsonObject, trained, unlabelled
from distill.report.precision import too_small

SCHEMA = 1
"""Of report.json; it counts up when a field changes its meaning."""


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
        head: name, command, task and seed of the run, and what it has of a sweep.
        data: name, source, notes, labels, rows and fingerprint.
        stages: name, status, seconds, fingerprint and folder of each.
        results: each finished stage to its result.
        roles: what each compared model is.
        objective: temperature and weights of the terms.
        environment: versions, git, seed and devices.
        points: difference of the first metric that validation and test should tell, in percentage points; none warns
            of no split.
    """
    evaluation, export = results.get("evaluate", {}), results.get("export", {})
    report = {
        "schema": SCHEMA,
        **head,
        "status": "done",
        "data": dict(data),
        "stages": list(stages),
        "models": _models(results, roles),
        "score_intervals": evaluation.get("score_intervals"),
        "gain": evaluation.get("gain"),
        "against_teacher": evaluation.get("against_teacher"),
        "against_baselines": evaluation.get("against_baselines"),
        "fidelity": evaluation.get("fidelity"),
        "latency": evaluation.get("latency"),
        "scored_by": evaluation.get("scored_by"),
        "latency_grid": export.get("latency_grid"),
        "exports": export.get("exports", []),
        "certificate": export.get("certificate"),
        "trained": trained.of_results(results),
        "objective": dict(objective),
        "environment": dict(environment),
    }
    if "vocabulary" in evaluation:
        report["vocabulary"] = evaluation["vocabulary"]
    if left_out := {title: result["left_out_steps"] for title, result in results.items() if "left_out_steps" in result}:
        report["left_out_steps"] = left_out
    if found := unlabelled.facts(results):
        report["unlabelled"] = found
    return {**report, "warnings": too_small(report, points)}


def _models(results: Mapping[str, JsonObject], roles: Mapping[str, str]) -> dict[str, JsonObject]:
    """Return every compared model by its name: those of the evaluation, and the formats of the export."""
    evaluated, export = results.get("evaluate", {}).get("models", {}), results.get("export", {})
    grid, learnt = export.get("latency_grid_ms") or {}, trained.of_results(results)
    return {
        name: {
            "role": roles[name],
            **model,
            "trained_parameters": learnt[name]["parameters"] if name in learnt else None,
            "latency_grid_ms": grid.get(name),
        }
        for name, model in {**evaluated, **export.get("models", {})}.items()
    }
