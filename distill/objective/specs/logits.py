"""Declarations of the terms that compare what a student predicts: with labels, or with the teacher's logits."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from distill.base.setting_rules import INNER_FRACTION, NOT_NEGATIVE, setting
from distill.objective.declaration import ANY, LABELS, SCORE, TermConfig, TermSpec
from distill.types import Kind

_TERMS = "distill.objective.terms"


@dataclass
class HardConfig(TermConfig):
    """What the data says; its loss follows the task: one class, several labels, or a score."""

    weight: float = setting(0.5, NOT_NEGATIVE)


@dataclass
class SoftConfig(TermConfig):
    """The teacher's softened outputs; its loss follows the task: one class, several labels, or a score."""

    weight: float = setting(0.5, NOT_NEGATIVE)
    bounded: float | None = setting(
        None,
        ((lambda value: value is None or value >= 0), "null or a number from 0 up"),
        "For scores: count only where the student is further from the truth than the teacher, less this margin "
        "(Chen et al. 2017); none counts always.",
    )


@dataclass
class JsConfig(TermConfig):
    """The generalised Jensen-Shannon divergence."""

    beta: float = setting(
        0.5, INNER_FRACTION, "The teacher's share of the mixture, between 0 (as soft) and 1 (as reverse_kl)."
    )


@dataclass
class SkewConfig(TermConfig):
    """A skewed divergence."""

    alpha: float = setting(
        0.1,
        INNER_FRACTION,
        "α of the formula, between 0 and 1: the share of the first distribution in the mixture it is compared with.",
    )


@dataclass
class TaidConfig(TermConfig):
    """A target on its way from the student to the teacher."""

    start: float = setting(
        0.4,
        ((lambda value: 0 < value <= 1), "a number above 0, at most 1"),
        "The teacher's share of the target at the first step, above 0; at the last step it is 1.",
    )


@dataclass
class DkdConfig(TermConfig):
    """Decoupled distillation."""

    alpha: float = setting(1.0, NOT_NEGATIVE, "Weight of the part on the label against all other classes together.")
    beta: float = setting(8.0, NOT_NEGATIVE, "Weight of the part on the other classes among themselves.")


@dataclass
class DistConfig(TermConfig):
    """Correlations instead of divergences."""

    inter: float = setting(1.0, NOT_NEGATIVE, "Weight of the correlation along rows, the classes of one example.")
    intra: float = setting(1.0, NOT_NEGATIVE, "Weight of the correlation along columns, one class over the examples.")


def _all_zero(first: str, second: str, settings: TermConfig, kind: Kind) -> Iterator[str]:
    """Refuse two weights within a term that are both 0."""
    if not getattr(settings, first) and not getattr(settings, second):
        yield f": {first} and {second} are both 0; at least one must be above 0"


SPECS = (
    TermSpec(
        name="hard",
        implementation=f"{_TERMS}.gold.Hard",
        formula="−w(label) · log q(label) at T = 1; several labels: binary cross-entropy; scores: (student − gold)²",
        cost="none",
        when="wherever there are labels",
        settings=HardConfig,
        reads="labels",
        kinds=ANY,
        softened=False,
        by_kind={LABELS: f"{_TERMS}.gold.HardLabels", SCORE: f"{_TERMS}.gold.HardScore"},
    ),
    TermSpec(
        name="soft",
        implementation=f"{_TERMS}.divergences.Soft",
        formula="T² · KL(p ‖ q); several labels: the mean over them; scores: (student − teacher)²",
        paper="Hinton 2015",
        cost="one softmax each",
        when="start here",
        settings=SoftConfig,
        kinds=ANY,
        sampled=True,
        by_kind={LABELS: f"{_TERMS}.scores.SoftLabels", SCORE: f"{_TERMS}.scores.SoftScore"},
    ),
    TermSpec(
        name="reverse_kl",
        implementation=f"{_TERMS}.divergences.ReverseKl",
        formula="T² · KL(q ‖ p)",
        paper="Gu 2024",
        cost="as soft",
        when="students too small to cover the teacher; on TREC behind soft",
    ),
    TermSpec(
        name="js",
        implementation=f"{_TERMS}.divergences.Js",
        formula="T² · (β KL(p ‖ m) + (1−β) KL(q ‖ m)), m = βp + (1−β)q",
        paper="Agarwal 2024",
        cost="2 × soft",
        when="between soft and reverse_kl, bounded; on TREC and SST-2 behind soft",
        settings=JsConfig,
    ),
    TermSpec(
        name="skew_kl",
        implementation=f"{_TERMS}.divergences.SkewKl",
        formula="T² · KL(p ‖ αp + (1−α)q)",
        paper="Ko 2024",
        cost="1.5 × soft",
        when="far-off rows rule the batch",
        settings=SkewConfig,
    ),
    TermSpec(
        name="skew_reverse_kl",
        implementation=f"{_TERMS}.divergences.SkewReverseKl",
        formula="T² · KL(q ‖ (1−α)p + αq)",
        paper="Ko 2024",
        cost="1.5 × soft",
        when="language models, where reverse_kl is unsteady",
        settings=SkewConfig,
    ),
    TermSpec(
        name="taid",
        implementation=f"{_TERMS}.divergences.Taid",
        formula="T² · KL(softmax of (1−t)·student + t·teacher ‖ q), t → 1 by steps",
        paper="Shing 2025",
        cost="as soft",
        when="student far smaller than teacher; on TREC behind soft",
        settings=TaidConfig,
        all_logits=True,
    ),
    TermSpec(
        name="dkd",
        implementation=f"{_TERMS}.decoupled.Dkd",
        formula="T² · (α KL on label or not + β KL among the others)",
        paper="Zhao 2022",
        cost="2 to 3 × soft",
        when="a very sure teacher; 3 classes or more; on TREC behind soft",
        settings=DkdConfig,
        all_logits=True,
        two_classes="beside the label there is one other class, which has nothing to be compared with",
        problems=partial(_all_zero, "alpha", "beta"),
    ),
    TermSpec(
        name="dist",
        implementation=f"{_TERMS}.decoupled.Dist",
        formula="1 − Pearson along rows, and along columns",
        paper="Huang 2022",
        cost="small",
        when="a much stronger teacher; 3 classes or more; on TREC behind soft",
        settings=DistConfig,
        all_logits=True,
        whole_step=True,
        two_classes="the correlation of two numbers with two others is 1 or -1",
        every_class=True,
        problems=partial(_all_zero, "inter", "intra"),
    ),
    TermSpec(
        name="standardized",
        implementation=f"{_TERMS}.decoupled.Standardized",
        formula="soft on z-scored logits",
        paper="Sun 2024",
        cost="as soft",
        when="order matters, sureness doesn't; 3 classes or more; on TREC behind soft",
        all_logits=True,
        two_classes="standardised, two logits are always 1 and -1",
        every_class=True,
    ),
    TermSpec(
        name="logit_mse",
        implementation=f"{_TERMS}.scores.LogitMse",
        formula="mean of (student − teacher)² of logits",
        paper="Ba & Caruana 2014",
        cost="least",
        when="no temperature to choose",
        kinds=ANY,
        softened=False,
        all_logits=True,
    ),
)
"""In the order of settings, logs and reports."""
