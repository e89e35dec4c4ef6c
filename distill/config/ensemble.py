"""Settings of several teachers: who they are, how their answers become one, and whether they fit each other."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from distill.base.setting_rules import NOT_NEGATIVE, allowed, one_of
from distill.baselines import BASELINES
from distill.config.task_traits import task_or_first
from distill.config.teacher import LIVE, TeacherConfig
from distill.export import EXPORTERS
from distill.objective.declaration import BEYOND_LOGITS, SCORE
from distill.objective.settings import reads, terms_beyond_logits

if TYPE_CHECKING:
    from distill.config.schema import Config

COMBINE = ("probabilities", "logits", "confidence")
FIRST = "first"
"""What the teacher of the section ``teacher`` is called beside others."""
_TAKEN = (FIRST, "teacher", "student", "control", "without_unlabelled", *BASELINES, *EXPORTERS)
"""Names that no further teacher can have."""


@dataclass
class EnsembleConfig:
    """How the answers of several teachers become one."""

    combine: str = field(default="probabilities", metadata=allowed(one_of(*COMBINE)))
    """probabilities | logits | confidence: the weighted mean of the teachers' probabilities at `distill.temperature` (1
    where no term has one), or of their logits; or for each example the teacher whose answer has the largest
    probability (of several rows, their geometric mean), times its weight."""
    weights: dict[str, float] = field(default_factory=dict)
    """Name of a teacher (first for `teacher`, else as in `more_teachers`) to what it counts; 1 unless given."""


class CombinedTeachers(TypedDict):
    """How several teachers are combined, for fingerprints and reports.

    Attributes:
        combine: the way, in the words of ``ensemble.combine``, or ``scores``.
        weights: of each teacher, 1 in all.
    """

    combine: str
    weights: dict[str, float]


def teachers(config: "Config") -> dict[str, TeacherConfig]:
    """Return the settings of all teachers by their names."""
    return {FIRST: config.teacher, **config.more_teachers}


def weights(config: "Config") -> dict[str, float]:
    """Return how much each teacher counts, 1 in all; only the proportions of the settings matter."""
    counts = {name: float(config.ensemble.weights.get(name, 1.0)) for name in teachers(config)}
    return {name: count / sum(counts.values()) for name, count in counts.items()}


def settings(config: "Config") -> dict[str, CombinedTeachers]:
    """Return what decides on the common answer of several teachers; nothing for one teacher."""
    if not config.more_teachers:
        return {}
    how = "scores" if task_or_first(config.task).kind == SCORE else config.ensemble.combine
    return {"teachers": {"combine": how, "weights": weights(config)}}


def ensemble_problems(config: "Config") -> Iterator[str]:
    """Name each problem of several teachers; of one, each setting that belongs to several."""
    if not config.more_teachers:
        yield from _settings_of_several(config.ensemble)
        return
    yield from _name_problems(config)
    yield from _weight_problems(config)
    yield from _storage_problems(config)
    yield from _gold_problems(config)
    if task_or_first(config.task).writes:
        yield from _writing_problems(config)
    yield from _answer_problems(config)


def problems_of_further_teacher(name: str, problems: Iterable[str]) -> list[str]:
    """Keep the problems that name a teacher, which was checked as if it were the first, and give them its own key."""
    own = (problem for problem in problems if "teacher." in problem)
    of_stored = (problem for problem in own if not problem.endswith(LIVE))  # since outputs of several are stored
    return [re.sub(r"\bteacher\.", f"more_teachers.{name}.", problem) for problem in of_stored]


def _settings_of_several(section: EnsembleConfig) -> Iterator[str]:
    """Name each setting that says something of several teachers."""
    default = EnsembleConfig()
    for key, left in (("combine", default.combine), ("weights", default.weights)):
        if (value := getattr(section, key)) != left:
            yield f"ensemble.{key}={value}: there is one teacher; give others as more_teachers.NAME, or leave it out"


def _name_problems(config: "Config") -> Iterator[str]:
    """Name each teacher whose name cannot be one, or that is given twice."""
    for name in config.more_teachers:
        if name in _TAKEN or not name.isidentifier():
            taken = ", ".join(_TAKEN)
            yield f"more_teachers.{name}: allowed is a name of letters, digits and _ that is none of {taken}"
    identities: dict[str, tuple[object, ...]] = {}
    for name, teacher in teachers(config).items():
        identity = _identity(teacher)
        if double := next((other for other, known in identities.items() if known == identity), None):
            yield f"more_teachers.{name}: is the same teacher as {double}; give another, or leave it out"
        identities[name] = identity


def _identity(teacher: TeacherConfig) -> tuple[object, ...]:
    """Return what makes a teacher another one than the rest."""
    if teacher.answers is not None:
        return (teacher.answers,)
    if teacher.model is not None:
        return teacher.model, teacher.revision, teacher.finetuned
    return teacher.architecture, teacher.vocab_size, teacher.lowercase


def _weight_problems(config: "Config") -> Iterator[str]:
    """Name what is wrong with how much each teacher counts."""
    section, (holds, in_words) = config.ensemble.weights, NOT_NEGATIVE
    if unknown := [name for name in section if name not in teachers(config)]:
        yield f"ensemble.weights: unknown {', '.join(unknown)}; the teachers are {', '.join(teachers(config))}"
    wrong = {name: weight for name, weight in section.items() if not holds(weight)}
    yield from (f"ensemble.weights.{name}={weight}: allowed is {in_words}" for name, weight in wrong.items())
    if not wrong and not any(section.get(name, 1.0) for name in teachers(config)):
        yield f"ensemble.weights={section}: at least one must be above 0"


def _storage_problems(config: "Config") -> Iterator[str]:
    """Name each setting by which outputs would not be stored, from which several teachers are combined."""
    default = TeacherConfig()
    for name, teacher in teachers(config).items():
        key = "teacher" if name == FIRST else f"more_teachers.{name}"
        if teacher.store == "never":
            yield f"{key}.store=never: several teachers are combined from what is stored; allowed is auto or always"
        if teacher.store_limit_gb != default.store_limit_gb:
            yield (
                f"{key}.store_limit_gb={teacher.store_limit_gb}: several teachers are stored whatever it takes; "
                f"allowed is {default.store_limit_gb}"
            )


def _gold_problems(config: "Config") -> Iterator[str]:
    """Name a second file of checked labels: what is right is the same for all labellers."""
    golds = {name: teacher.gold for name, teacher in teachers(config).items() if teacher.gold is not None}
    first = next(iter(golds.values()), None)
    for name, gold in golds.items():
        if gold != first:
            yield f"more_teachers.{name}.gold={gold}: one file audits all labellers; allowed is {first}, or null"


def _writing_problems(config: "Config") -> Iterator[str]:
    """Name what a common answer to written text cannot be."""
    how = config.ensemble.combine
    if how == "confidence":
        yield (
            f"ensemble.combine={how}: who is surest of a text shows when it is written; allowed is probabilities or "
            "logits"
        )
    drawn = [name for name, teacher in teachers(config).items() if teacher.keep == "sampled"]
    if drawn and how == "logits":
        yield (
            f"ensemble.combine={how}: of {drawn[0]} tokens are drawn, whose shares alone are right on average; "
            "allowed is probabilities"
        )
    if config.distill.targets == "teacher":
        yield (
            "distill.targets=teacher: what a teacher writes is kept teacher by teacher; allowed is data, or one teacher"
        )


def _answer_problems(config: "Config") -> Iterator[str]:
    """Name what several teachers cannot answer together."""
    how = config.ensemble.combine
    if task_or_first(config.task).kind == SCORE and how == "confidence":
        yield f"ensemble.combine={how}: a score has no confidence; allowed is probabilities or logits, which are one"
    for name in terms_beyond_logits(config.distill):
        weight, read = getattr(config.distill, name).weight, BEYOND_LOGITS[reads(config.distill, name)]
        yield f"distill.{name}.weight={weight}: reads {read}, which several teachers do not share; allowed is 0"
