"""Several seeds of one run: which may be given, and which of them whatever is made once has."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from distill.base.setting_rules import Rule
from distill.config import sweeps

if TYPE_CHECKING:
    from distill.config.schema import Config

    C = TypeVar("C", bound=Config)

SEED: Rule = (lambda value: 0 <= value < 2**32), "a whole number from 0 to 4294967295"
SEEDS: Rule = (
    lambda value: value is None or (0 < len(set(value)) == len(value) and all(SEED[0](seed) for seed in value)),
    "null, or whole numbers from 0 to 4294967295, at least one and each once",
)
USUAL = 42
"""The seed of a run that says none."""
_TRAINS = {"pretrain", "finetune", "distill", "control"}


def with_shared_seed(config: "C") -> "C":
    """Return settings whose ``seed`` is that of whatever several seeds share: data, teacher, and all that is made once.

    It is ``seed`` where that is one of them, else the first, so that a run of this one seed has the same teacher.
    """
    if config.seeds is None or config.seed in config.seeds:
        return config
    return replace(config, seed=config.seeds[0])


def seed_problems(config: "Config") -> Iterator[str]:
    """Name what is wrong with several seeds."""
    if config.seeds is None or not SEEDS[0](config.seeds):
        return
    if config.seed not in (USUAL, *config.seeds):
        yield (
            f"seed={config.seed}: allowed with seeds={config.seeds} is one of them, whose teacher all of them share; "
            "or leave it out"
        )
    if not _has_student(set(config.stages)):
        yield (
            f"seeds={config.seeds}: belongs to runs with a student, with distill, control or export among stages; "
            "allowed is null"
        )


def seed_override_problems(config: "Config", overrides: Sequence[str]) -> Iterator[str]:
    """Name what is wrong with a seed on the command line beside several seeds."""
    if config.seeds is None or not SEEDS[0](config.seeds):
        return
    given = [override for override in overrides if override.lstrip("+").startswith("seed=")]
    if "seed" in sweeps.values(overrides):
        yield (
            f"seed: is swept over, and seeds={config.seeds} is given too; leave out seed, so that one teacher has "
            "students of all seeds, or seeds, so that each seed has a teacher of its own"
        )
    elif given and config.seed == USUAL and USUAL not in config.seeds:
        yield f"{given[-1]}: it is none of seeds={config.seeds}; name it there, or leave it out"


def _has_student(stages: set[str]) -> bool:
    """Return whether a run of these stages has a student or a control."""
    return bool(stages & {"distill", "control", "export"}) or not stages & _TRAINS
