"""Settings of the objective: one section a term, whose name is the word for it in logs and in the report.

``distill.config.about`` says what each term computes, costs and is for.
"""

from dataclasses import asdict, dataclass, field, fields


@dataclass
class ScheduleConfig:
    """How a weight or a temperature moves over training: from the value that it belongs to, or, as warmup, up to it."""

    kind: str = "constant"
    """constant | linear | cosine | warmup (a line from 0 up to the value) | two_phase (a jump to the end)."""
    end: float = 0.0
    """Its value at the last step; not read by constant and warmup."""
    share: float = 0.5
    """Of training: where warmup arrives at the value, where two_phase switches to the end."""


@dataclass
class TermConfig:
    """What every term has."""

    weight: float = 0.0
    """0 leaves the term out, with none of its settings changed, unless a schedule takes the weight from 0 to more."""
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    """How the weight moves."""


@dataclass
class LayersConfig(TermConfig):
    """A term that compares layers."""

    layer_map: str = "uniform"
    """Which teacher layer each student layer follows: uniform | first | last | skip, numbers from 0 as in '1,3', pairs
    student:teacher as in '0:1,2:5', or auto (the most alike by linear CKA on texts of train, in their order)."""


@dataclass
class HardConfig(TermConfig):
    """What the data says; its loss follows the task: one class, several labels, or a score."""

    weight: float = 0.5


@dataclass
class SoftConfig(TermConfig):
    """The teacher's softened outputs; its loss follows the task: one class, several labels, or a score."""

    weight: float = 0.5
    bounded: float | None = None
    """For scores: count only where the student is further from the truth than the teacher, less this margin
    (Chen et al. 2017); none counts always."""


@dataclass
class JsConfig(TermConfig):
    """The generalised Jensen-Shannon divergence."""

    beta: float = 0.5
    """The teacher's share of the mixture, between 0 (as soft) and 1 (as reverse_kl)."""


@dataclass
class SkewConfig(TermConfig):
    """A skewed divergence."""

    alpha: float = 0.1
    """α of the formula, between 0 and 1: the share of the first distribution in the mixture it is compared with."""


@dataclass
class TaidConfig(TermConfig):
    """A target on its way from the student to the teacher."""

    start: float = 0.4
    """The teacher's share of the target at the first step, above 0; at the last step it is 1."""


@dataclass
class DkdConfig(TermConfig):
    """Decoupled distillation."""

    alpha: float = 1.0
    """Weight of the part on the label against all other classes together."""
    beta: float = 8.0
    """Weight of the part on the other classes among themselves."""


@dataclass
class DistConfig(TermConfig):
    """Correlations instead of divergences."""

    inter: float = 1.0
    """Weight of the correlation along rows, the classes of one example."""
    intra: float = 1.0
    """Weight of the correlation along columns, one class over the examples."""


@dataclass
class RelationsConfig(LayersConfig):
    """Relations of queries, keys and values."""

    heads: int | None = None
    """Relation heads, a number that divides the widths of both models; none takes the teacher's own heads."""
    last_only: bool = True
    """Compare the last layer of the map alone, as the paper does, with the layer that the map gives it."""


@dataclass
class RkdDistanceConfig(TermConfig):
    """Distances of the examples of a step."""

    of: str = "hidden"
    """hidden (the first token's state in the last layer) | logits (the row)."""
    limit: int = 256
    """Examples of a step that are looked at, spread over all that the teacher tells apart."""


@dataclass
class RkdAngleConfig(RkdDistanceConfig):
    """Angles between the examples of a step."""

    limit: int = 64
    """Examples of a step that are looked at; triples are many more than pairs."""


@dataclass
class SharesConfig:
    """Each term's share of the gradient, in any unit; 0 gives it none."""

    hard: float = 0.0
    soft: float = 0.0
    reverse_kl: float = 0.0
    js: float = 0.0
    skew_kl: float = 0.0
    skew_reverse_kl: float = 0.0
    taid: float = 0.0
    dkd: float = 0.0
    dist: float = 0.0
    standardized: float = 0.0
    logit_mse: float = 0.0
    hidden: float = 0.0
    hidden_cosine: float = 0.0
    pkd: float = 0.0
    cka: float = 0.0
    embedding: float = 0.0
    attention: float = 0.0
    relations: float = 0.0
    rkd_distance: float = 0.0
    rkd_angle: float = 0.0


@dataclass
class TermsConfig:
    """The terms of the objective, and what they share."""

    temperature: float = 2.0
    """What logits are divided by in every term that softens them; where text is written, 1 is better."""
    temperature_schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    """How the temperature moves."""
    shares: SharesConfig = field(default_factory=SharesConfig)
    """Such as {soft: 60, hard: 40}, for exactly the terms with a weight above 0: the weights themselves then follow
    from measured gradients. All 0: the weights are as given."""
    shares_every: int = 50
    """Optimiser steps from one measurement of the gradients to the next, where there are `shares`."""
    hard: HardConfig = field(default_factory=HardConfig)
    soft: SoftConfig = field(default_factory=SoftConfig)
    reverse_kl: TermConfig = field(default_factory=TermConfig)
    js: JsConfig = field(default_factory=JsConfig)
    skew_kl: SkewConfig = field(default_factory=SkewConfig)
    skew_reverse_kl: SkewConfig = field(default_factory=SkewConfig)
    taid: TaidConfig = field(default_factory=TaidConfig)
    dkd: DkdConfig = field(default_factory=DkdConfig)
    dist: DistConfig = field(default_factory=DistConfig)
    standardized: TermConfig = field(default_factory=TermConfig)
    logit_mse: TermConfig = field(default_factory=TermConfig)
    hidden: LayersConfig = field(default_factory=LayersConfig)
    hidden_cosine: LayersConfig = field(default_factory=LayersConfig)
    pkd: LayersConfig = field(default_factory=LayersConfig)
    cka: LayersConfig = field(default_factory=LayersConfig)
    embedding: TermConfig = field(default_factory=TermConfig)
    attention: LayersConfig = field(default_factory=LayersConfig)
    relations: RelationsConfig = field(default_factory=RelationsConfig)
    rkd_distance: RkdDistanceConfig = field(default_factory=RkdDistanceConfig)
    rkd_angle: RkdAngleConfig = field(default_factory=RkdAngleConfig)


def terms(section: TermsConfig) -> dict[str, TermConfig]:
    """Every term's settings by its name."""
    found = ((each.name, getattr(section, each.name)) for each in fields(TermsConfig))
    return {name: value for name, value in found if isinstance(value, TermConfig)}


def active(section: TermsConfig) -> dict[str, TermConfig]:
    """The settings of the terms that count at some step.

    >>> list(active(TermsConfig()))
    ['hard', 'soft']
    """
    return {name: term for name, term in terms(section).items() if term.weight or _rises(term.schedule)}


def shares(section: TermsConfig) -> dict[str, float]:
    """The shares of the gradient that are asked for; empty where the weights are as given."""
    return {name: share for name, share in asdict(section.shares).items() if share}


def _rises(schedule: ScheduleConfig) -> bool:
    return schedule.kind != "constant" and schedule.end > 0
