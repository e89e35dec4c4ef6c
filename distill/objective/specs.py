"""Every term of the objective, each declared once; what the declarations hold is described at ``TermSpec``."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from distill.base.setting_rules import INNER_SHARE, NOT_NEGATIVE, at_least, one_of, setting
from distill.objective.declaration import ANY, LABELS, SCORE, LayersConfig, TermConfig, TermSpec
from distill.types import Kind

_TERMS = "distill.objective.terms"
_INSIDE = partial(TermSpec, reads="states", kinds=ANY, softened=False)
"""A term that compares what models make of a text before their heads."""


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
        0.5, INNER_SHARE, "The teacher's share of the mixture, between 0 (as soft) and 1 (as reverse_kl)."
    )


@dataclass
class SkewConfig(TermConfig):
    """A skewed divergence."""

    alpha: float = setting(
        0.1,
        INNER_SHARE,
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


@dataclass
class RelationsConfig(LayersConfig):
    """Relations of queries, keys and values."""

    heads: int | None = setting(
        None,
        at_least(1),
        "Relation heads, a number that divides the widths of both models; none takes the teacher's own heads.",
    )
    last_only: bool = True
    """Compare the last layer of the map alone, as the paper does, with the layer that the map gives it."""


@dataclass
class RkdDistanceConfig(TermConfig):
    """Distances of the examples of a step."""

    of: str = setting(
        "hidden",
        one_of("hidden", "logits"),
        "hidden (the first token's state in the last layer) | logits (the row).",
    )
    limit: int = setting(
        256, at_least(2), "Examples of a step that are looked at, spread over all that the teacher tells apart."
    )


@dataclass
class RkdAngleConfig(RkdDistanceConfig):
    """Angles between the examples of a step."""

    limit: int = setting(64, at_least(3), "Examples of a step that are looked at; triples are many more than pairs.")


def _all_zero(first: str, second: str, settings: TermConfig, kind: Kind) -> Iterator[str]:
    """Refuse two weights within a term that are both 0."""
    if not getattr(settings, first) and not getattr(settings, second):
        yield f": {first} and {second} are both 0; at least one must be above 0"


def _unread_pairs(settings: RelationsConfig, kind: Kind) -> Iterator[str]:
    """Refuse pairs of layers of which all but the last would be ignored."""
    pairs = settings.layer_map
    if settings.last_only and ":" in pairs and "," in pairs:
        yield f".last_only=true: of the pairs of layer_map={pairs} only the last would be compared; allowed is false"


def _angles_of_scores(settings: RkdAngleConfig, kind: Kind) -> Iterator[str]:
    """Refuse to compare angles where rows are single numbers."""
    if kind == SCORE and settings.of == "logits":
        yield (
            f".weight={settings.weight}: compares angles, but scores lie on a line; allowed is 0, "
            "or rkd_angle.of=hidden"
        )


TERM_SPECS: dict[str, TermSpec] = {spec.name: spec for spec in (
    TermSpec(
        "hard", f"{_TERMS}.gold.Hard",
        "−w(label) · log q(label) at T = 1; several labels: binary cross-entropy; scores: (student − gold)²",
        "", "none", "wherever there are labels", HardConfig, reads="labels", kinds=ANY, softened=False,
        by_kind={LABELS: f"{_TERMS}.gold.HardLabels", SCORE: f"{_TERMS}.gold.HardScore"},
    ),
    TermSpec(
        "soft", f"{_TERMS}.divergences.Soft",
        "T² · KL(p ‖ q); several labels: the mean over them; scores: (student − teacher)²",
        "Hinton 2015", "one softmax each", "start here", SoftConfig, kinds=ANY, sampled=True,
        by_kind={LABELS: f"{_TERMS}.scores.SoftLabels", SCORE: f"{_TERMS}.scores.SoftScore"},
    ),
    TermSpec(
        "reverse_kl", f"{_TERMS}.divergences.ReverseKl", "T² · KL(q ‖ p)", "Gu 2024", "as soft",
        "students too small to cover the teacher; on TREC behind soft",
    ),
    TermSpec(
        "js", f"{_TERMS}.divergences.Js", "T² · (β KL(p ‖ m) + (1−β) KL(q ‖ m)), m = βp + (1−β)q", "Agarwal 2024",
        "2 × soft", "between soft and reverse_kl, bounded; on TREC and SST-2 behind soft", JsConfig,
    ),
    TermSpec(
        "skew_kl", f"{_TERMS}.divergences.SkewKl", "T² · KL(p ‖ αp + (1−α)q)", "Ko 2024", "1.5 × soft",
        "far-off rows rule the batch", SkewConfig,
    ),
    TermSpec(
        "skew_reverse_kl", f"{_TERMS}.divergences.SkewReverseKl", "T² · KL(q ‖ (1−α)p + αq)", "Ko 2024", "1.5 × soft",
        "language models, where reverse_kl is unsteady", SkewConfig,
    ),
    TermSpec(
        "taid", f"{_TERMS}.divergences.Taid",
        "T² · KL(softmax of (1−t)·student + t·teacher ‖ q), t → 1 by steps", "Shing 2025", "as soft",
        "student far smaller than teacher; on TREC behind soft", TaidConfig, all_logits=True,
    ),
    TermSpec(
        "dkd", f"{_TERMS}.decoupled.Dkd", "T² · (α KL on label or not + β KL among the others)", "Zhao 2022",
        "2 to 3 × soft", "a very sure teacher; 3 classes or more; on TREC behind soft", DkdConfig, all_logits=True,
        two_classes="beside the label there is one other class, which has nothing to be compared with",
        problems=partial(_all_zero, "alpha", "beta"),
    ),
    TermSpec(
        "dist", f"{_TERMS}.decoupled.Dist", "1 − Pearson along rows, and along columns", "Huang 2022", "small",
        "a much stronger teacher; 3 classes or more; on TREC behind soft", DistConfig, all_logits=True, whole_step=True,
        two_classes="the correlation of two numbers with two others is 1 or -1", every_class=True,
        problems=partial(_all_zero, "inter", "intra"),
    ),
    TermSpec(
        "standardized", f"{_TERMS}.decoupled.Standardized", "soft on z-scored logits", "Sun 2024", "as soft",
        "order matters, sureness doesn't; 3 classes or more; on TREC behind soft", all_logits=True,
        two_classes="standardised, two logits are always 1 and -1", every_class=True,
    ),
    TermSpec(
        "logit_mse", f"{_TERMS}.scores.LogitMse", "mean of (student − teacher)² of logits", "Ba & Caruana 2014",
        "least", "no temperature to choose", kinds=ANY, softened=False, all_logits=True,
    ),
    _INSIDE(
        "hidden", f"{_TERMS}.states.Hidden",
        "mean squared error of states and embeddings, projected where widths differ", "Romero 2015",
        "states on disk, or the teacher beside", "strongest pull, same tokens", LayersConfig, same_tokens=True,
        embeddings=True,
    ),
    _INSIDE(
        "hidden_cosine", f"{_TERMS}.states.HiddenCosine", "1 − cosine of states and embeddings", "Sanh 2019",
        "as hidden", "direction, not size; for narrow copies ahead of soft on SST-2, behind on TREC", LayersConfig,
        same_tokens=True, embeddings=True,
    ),
    _INSIDE(
        "pkd", f"{_TERMS}.states.Pkd", "mean squared error of first-token states of length 1", "Sun 2019", "as hidden",
        "sentence tasks; weights of 10 to 1,000", LayersConfig,
    ),
    _INSIDE(
        "cka", f"{_TERMS}.states.Cka", "1 − linear CKA of token states", "Kornblith 2019",
        "as hidden, and tokens · width²",
        "students made of their teacher; other widths without a projection; many tokens a step", LayersConfig,
        same_tokens=True, whole_step=True,
    ),
    _INSIDE(
        "embedding", f"{_TERMS}.states.Embedding", "mean squared error of embedding outputs", "Jiao 2020",
        "as one pair of hidden", "narrower embeddings; ahead of soft on SST-2, behind on TREC and STS-B",
        same_tokens=True, state=0,
    ),
    _INSIDE(
        "attention", f"{_TERMS}.attention.Attention",
        "mean squared error of q · k / √d, before positions that attention adds and the softmax", "Jiao 2020",
        "the teacher beside, and heads · tokens²", "TinyBERT, same tokens; on TREC it took from soft", LayersConfig,
        reads="scores", same_tokens=True,
    ),
    _INSIDE(
        "relations", f"{_TERMS}.attention.Relations", "KL of Q-Q, K-K and V-V relations in R heads", "Wang 2021",
        "the teacher beside, and 3 · R · tokens²",
        "any heads and widths, same tokens; for narrow copies ahead of soft on SST-2, behind on TREC", RelationsConfig,
        reads="qkv", same_tokens=True, problems=_unread_pairs,
    ),
    _INSIDE(
        "rkd_distance", f"{_TERMS}.examples.RkdDistance", "Huber of distances over their mean", "Park 2019",
        "as hidden, and examples² · width, up to limit", "narrow copies of sentence tasks; a weight of 25",
        RkdDistanceConfig, reads_by="of", state=-1, whole_step=True, least_examples=2,
    ),
    _INSIDE(
        "rkd_angle", f"{_TERMS}.examples.RkdAngle", "Huber of cosines in all triples", "Park 2019",
        "as hidden, and examples³ · width, up to limit",
        "whole texts; a weight of 50; the best on STS-B, alone and beside cka", RkdAngleConfig, reads_by="of", state=-1,
        whole_step=True, least_examples=3, problems=_angles_of_scores,
    ),
)}  # fmt: skip
"""Every term by its name, in the order of settings, logs and reports. One that is added before ``config.terms``, which
makes the schema, is imported is a term like any other."""
