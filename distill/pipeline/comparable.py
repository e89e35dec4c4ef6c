"""Refuse two finished runs whose scores say nothing of each other: of other tasks, labels or rows."""

from distill import report as words
from distill.data.splits import UNLABELLED
from distill.errors import ConfigError
from distill.pipeline.kept_scores import KeptScore
from distill.stages.job import RunSpec


def refuse_unlike(old: KeptScore, new: KeptScore, old_place: str, new_place: str) -> None:
    """Refuse two runs that did not answer the same question.

    Raises:
        ConfigError: their tasks, labels or rows differ.
    """
    if old.spec.config.task != new.spec.config.task:
        raise ConfigError(
            f"{old_place} is of the task {old.spec.config.task}, {new_place} of {new.spec.config.task}: only runs of "
            "one task are compared"
        )
    if old.spec.data.labels != new.spec.data.labels:
        raise ConfigError(
            f"the labels are not the same: {old_place} has {words.listed_short(list(old.spec.data.labels))}, "
            f"{new_place} {words.listed_short(list(new.spec.data.labels))}"
        )
    if old.split != new.split or old.spec.data.identity(old.split) != new.spec.data.identity(new.split):
        counts = [f"{len(each.examples):,} of {each.split}" for each in (old, new)]
        raise ConfigError(
            f"the rows are not the same: {old_place} was scored on {counts[0]}, {new_place} on {counts[1]}, with other "
            "texts or labels; give both runs the same test file"
        )


def refuse_trained_on(old: KeptScore, new: KeptScore, old_place: str, new_place: str) -> None:
    """Refuse test rows that one of two runs was trained on, and the other not: that one has seen the answers.

    Raises:
        ConfigError: there are such rows.
    """
    tested = set(old.examples["key"][:])
    by_old, by_new = (tested & _trained(each.spec) for each in (old, new))
    for place, mine, other in ((old_place, by_old, by_new), (new_place, by_new, by_old)):
        if more := len(mine - other):
            raise ConfigError(
                f"{place} was trained on {more:,} of the {len(tested):,} rows of {old.split} that the other was not "
                "trained on, so that it knows their answers: leave them out of its train, or out of the test of both"
            )


def _trained(spec: RunSpec) -> set[int]:
    splits = spec.data.splits
    return {key for name in ("train", UNLABELLED) if name in splits for key in splits[name]["key"][:]}
