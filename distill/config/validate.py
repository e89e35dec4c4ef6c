"""Do the settings make sense? All problems at once, each with its dotted key, what came, and what is allowed."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from distill.base.setting_rules import Rule, at, rules_of
from distill.config.adapting import adapting_problems
from distill.config.answers import answer_problems
from distill.config.augment import augment_problems
from distill.config.data_problems import data_problems
from distill.config.distillation import objective_problems, quantization_problems
from distill.config.ensemble import EnsembleConfig, ensemble_problems, problems_of_further_teacher
from distill.config.export import export_problems
from distill.config.paths import path_problems
from distill.config.pretrain import pretrain_problems
from distill.config.schema import Config, stage_problems
from distill.config.seeds import seed_override_problems, seed_problems
from distill.config.student import StudentConfig, student_problems
from distill.config.target import target_problems
from distill.config.task import task_problems
from distill.config.teacher import stored_output_problems, teacher_problems
from distill.config.tracking import tracking_problems
from distill.config.trainer import trainer_problems
from distill.config.unlabelled import unlabelled_problems
from distill.config.unread import unread_setting_problems
from distill.config.unread_overrides import unread_override_problems
from distill.errors import ConfigError

_RULES: dict[str, Rule] = dict(rules_of(Config))
"""What single settings may be, each by its dotted key."""


def check(config: Config, overrides: Sequence[str] = ()) -> None:
    """Return silently, or name every problem of the settings, and of the command line's overrides, in one message.

    Raises:
        ConfigError: with one line a problem.
    """
    refuse(
        [
            *problems(config),
            *unread_override_problems(config, overrides),
            *seed_override_problems(config, overrides),
        ]
    )


def problems(config: Config) -> list[str]:
    """Return one line for each problem of the settings."""
    lines = [*_problems_of_one_teacher(config), *seed_problems(config)]
    lines += [*export_problems(config), *target_problems(config)]
    lines += [*tracking_problems(config.tracking), *trainer_problems(config)]
    lines += ensemble_problems(config)
    for name, teacher in config.more_teachers.items():
        alone = replace(config, teacher=teacher, more_teachers={}, ensemble=EnsembleConfig(), student=StudentConfig())
        lines += problems_of_further_teacher(name, _problems_of_one_teacher(alone))
    return lines


def refuse(problems: Sequence[str]) -> None:
    """Raise an error that lists the problems, or return where there are none.

    Raises:
        ConfigError: with one line a problem.
    """
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigError("\n  ".join([f"{count} in the settings", *problems]))


def _problems_of_one_teacher(config: Config) -> list[str]:
    """Return all problems but those of several teachers together."""
    return [
        *_rule_problems(config),
        *stage_problems(config.stages),
        *data_problems(config.data),
        *path_problems(config),
        *teacher_problems(config.teacher),
        *answer_problems(config),
        *student_problems(config),
        *adapting_problems(config),
        *pretrain_problems(config),
        *objective_problems(config),
        *quantization_problems(config),
        *unlabelled_problems(config),
        *augment_problems(config),
        *stored_output_problems(config.teacher, config.distill),
        *task_problems(config),
        *unread_setting_problems(config),
    ]


def _rule_problems(config: Config) -> Iterator[str]:
    """Name each setting whose value its own rule does not allow."""
    for key, (holds, allowed) in _RULES.items():
        value = at(config, key)
        if not holds(value):
            yield f"{key}={value}: allowed is {allowed}"
