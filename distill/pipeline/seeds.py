"""Plan a run of several seeds: student and control of each, and whose student the run reports on and exports."""

from collections.abc import Mapping
from dataclasses import replace

from distill.pipeline.plan import Planned, plan, refuse_missing
from distill.pipeline.store import Store
from distill.report import known
from distill.stages.job import RunSpec, StageResult

_COMPARED = ("student", "control")
"""The roles of the models that are trained with each seed."""


def several(spec: RunSpec) -> list[int]:
    """Return the seeds of a run that has more than one; else nothing."""
    seeds = spec.config.seeds or []
    return list(seeds) if len(seeds) > 1 else []


def plan_seeds(spec: RunSpec, store: Store) -> dict[int, dict[str, Planned]]:
    """Return for each of several seeds the stages that train and score its student and control; else nothing.

    Raises:
        StoreError: one of them is neither asked for nor finished.
    """
    plans = {seed: plan(_of_seed(spec, seed), store, tell=False) for seed in several(spec)}
    for planned_stages in plans.values():
        for planned in planned_stages.values():
            if planned.stage == "evaluate" and "evaluate" not in spec.config.stages:
                refuse_missing("export", planned, store)
    return plans


def with_seed(spec: RunSpec, seed: int) -> RunSpec:
    """Return the specification of a run in which student and control have this seed, and all else that of the run."""
    return replace(spec, config=replace(spec.config, seed=seed), whole=spec)


def best_on_validation(spec: RunSpec, results: Mapping[int, StageResult]) -> int:
    """Return the seed whose student is best on validation in the metric that leads; of equal ones the run's, or first.

    Args:
        spec: the run.
        results: each seed to the result of its evaluation.
    """
    student, headline = spec.decisions.first_of("student") or "", spec.leading.headline

    def score(seed: int) -> tuple[bool, float, bool]:
        value = results[seed]["models"].get(student, {}).get("metrics", {}).get("validation", {}).get(headline.name)
        number = value if known(value) else 0.0
        return known(value), number if headline.mode == "max" else -number, seed == spec.config.seed

    return max(results, key=score)


def _of_seed(spec: RunSpec, seed: int) -> RunSpec:
    """Return the specification by which the models of one seed are trained and scored, without what seeds share."""
    config, decisions = spec.config, spec.decisions
    stages = [name for name in config.stages if name not in ("evaluate", "export")]
    if {"evaluate", "export"} & set(config.stages):
        stages.append("evaluate")
    untimed = replace(config.evaluate, latency_samples=0)
    compared = tuple(model for model in decisions.compared if model.role in _COMPARED)
    learners = tuple(learner for learner in decisions.learners if learner.unlabelled)  # others: the best seed's alone
    decisions = replace(decisions, compared=compared, exported=(), learners=learners)
    alone = replace(with_seed(spec, seed), decisions=decisions, label=f"seed{seed}")
    return replace(alone, config=replace(alone.config, stages=stages, evaluate=untimed))
