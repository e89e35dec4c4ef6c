"""Do several teachers make sense, with each other and for the task?"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from distill.base.setting_rules import NOT_NEGATIVE
from distill.config.check_objective import LIVE
from distill.config.ensemble import FIRST, EnsembleConfig, teachers
from distill.config.schema import Config, TeacherConfig
from distill.config.task_traits import known
from distill.objective.declaration import BEYOND_LOGITS, SCORE
from distill.objective.settings import reads, terms_beyond_logits

_TAKEN = (FIRST, "teacher", "student", "control")


def ensemble(config: Config) -> Iterator[str]:
    """Name each problem of several teachers; of one, each setting that belongs to several."""
    if not config.more_teachers:
        yield from _alone(config.ensemble)
        return
    yield from _names(config)
    yield from _weights(config)
    yield from _task(config)


def of(name: str, problems: Iterable[str]) -> list[str]:
    """The problems of a further teacher, found while it was taken for the first: those that name it, by its own key."""
    its = [each for each in problems if "teacher." in each and not each.endswith(LIVE)]  # several are stored
    return [re.sub(r"\bteacher\.", f"more_teachers.{name}.", each) for each in its]


def _alone(given: EnsembleConfig) -> Iterator[str]:
    default = EnsembleConfig()
    for key, left in (("combine", default.combine), ("weights", default.weights)):
        if (value := getattr(given, key)) != left:
            yield f"ensemble.{key}={value}: there is one teacher; give others as more_teachers.NAME, or leave it out"


def _names(config: Config) -> Iterator[str]:
    for name in config.more_teachers:
        if name in _TAKEN or not name.isidentifier():
            taken = ", ".join(_TAKEN)
            yield f"more_teachers.{name}: allowed is a name of letters, digits and _ that is none of {taken}"
    found: dict[str, Any] = {}
    for name, teacher in teachers(config).items():
        if double := next((other for other, known in found.items() if known == _who(teacher)), None):
            yield f"more_teachers.{name}: is the same teacher as {double}; give another, or leave it out"
        found[name] = _who(teacher)


def _who(teacher: TeacherConfig) -> Any:  # noqa: ANN401
    """What makes a teacher another one than the rest."""
    if teacher.model is not None:
        return teacher.model, teacher.revision, teacher.finetuned
    return teacher.architecture, teacher.vocab_size, teacher.lowercase


def _weights(config: Config) -> Iterator[str]:
    given, (holds, allowed) = config.ensemble.weights, NOT_NEGATIVE
    if unknown := [name for name in given if name not in teachers(config)]:
        yield f"ensemble.weights: unknown {', '.join(unknown)}; the teachers are {', '.join(teachers(config))}"
    wrong = {name: weight for name, weight in given.items() if not holds(weight)}
    yield from (f"ensemble.weights.{name}={weight}: allowed is {allowed}" for name, weight in wrong.items())
    if not wrong and not any(given.get(name, 1.0) for name in teachers(config)):
        yield f"ensemble.weights={given}: at least one must be above 0"


def _writing(config: Config) -> Iterator[str]:
    """What a common answer to written text cannot be."""
    how, every = config.ensemble.combine, teachers(config)
    if how == "confidence":
        yield (
            f"ensemble.combine={how}: who is surest of a text shows when it is written; allowed is probabilities or "
            "logits"
        )
    if drawn := [name for name, teacher in every.items() if teacher.keep == "sampled" and how == "logits"]:
        yield (
            f"ensemble.combine={how}: of {drawn[0]} tokens are drawn, whose shares alone are right on average; "
            "allowed is probabilities"
        )
    if config.distill.targets == "teacher":
        yield (
            "distill.targets=teacher: what a teacher writes is kept teacher by teacher; allowed is data, or one teacher"
        )


def _task(config: Config) -> Iterator[str]:
    """What only one teacher can give."""
    task, given = known(config.task), config.ensemble.combine
    for name, teacher in teachers(config).items():
        key = "teacher" if name == FIRST else f"more_teachers.{name}"
        if teacher.store == "never":
            yield f"{key}.store=never: several teachers are combined from what is stored; allowed is auto or always"
        if teacher.store_limit_gb != TeacherConfig().store_limit_gb:
            yield (
                f"{key}.store_limit_gb={teacher.store_limit_gb}: several teachers are stored whatever it takes; "
                f"allowed is {TeacherConfig().store_limit_gb}"
            )
    if task.writes:
        yield from _writing(config)
    if task.kind == SCORE and given == "confidence":
        yield f"ensemble.combine={given}: a score has no confidence; allowed is probabilities or logits, which are one"
    for name in terms_beyond_logits(config.distill):
        weight, read = getattr(config.distill, name).weight, BEYOND_LOGITS[reads(config.distill, name)]
        yield f"distill.{name}.weight={weight}: reads {read}, which several teachers do not share; allowed is 0"
