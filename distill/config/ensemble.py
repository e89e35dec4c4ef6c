"""Several teachers: who they are, and how their answers become one."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from distill.base.setting_rules import allowed, one_of
from distill.config.task_traits import known
from distill.objective.declaration import SCORE

if TYPE_CHECKING:
    from distill.config.schema import Config, TeacherConfig

COMBINE = ("probabilities", "logits", "confidence")
FIRST = "first"
"""What the teacher of the section ``teacher`` is called beside others."""


@dataclass
class EnsembleConfig:
    """How the answers of several teachers become one."""

    combine: str = field(default="probabilities", metadata=allowed(one_of(*COMBINE)))
    """probabilities | logits | confidence: the weighted mean of the teachers' probabilities at `distill.temperature` (1
    where no term has one), or of their logits; or for each example the teacher whose answer has the largest
    probability (of several rows, their geometric mean), times its weight."""
    weights: dict[str, float] = field(default_factory=dict)
    """Name of a teacher (first for `teacher`, else as in `more_teachers`) to what it counts; 1 unless given."""


def teachers(config: "Config") -> dict[str, "TeacherConfig"]:
    """All teachers by their names."""
    return {FIRST: config.teacher, **config.more_teachers}


def weights(config: "Config") -> dict[str, float]:
    """What each teacher counts, 1 in all; only proportions matter."""
    given = {name: float(config.ensemble.weights.get(name, 1.0)) for name in teachers(config)}
    return {name: weight / sum(given.values()) for name, weight in given.items()}


def settings(config: "Config") -> dict[str, Any]:
    """What decides on the common answer of several teachers, for fingerprints and reports; nothing for one teacher."""
    if not config.more_teachers:
        return {}
    how = "scores" if known(config.task).kind == SCORE else config.ensemble.combine
    return {"teachers": {"combine": how, "weights": weights(config)}}
