"""The objective, from its settings: how each term is built, what decides on it, and what the report says of it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from torch import nn
from transformers import PretrainedConfig

from distill.build import Builder
from distill.config.about import softened
from distill.config.terms import LayersConfig, RelationsConfig, ScheduleConfig, TermsConfig, active, shares
from distill.errors import ModelError
from distill.losses import Objective, Schedule, Shares, terms
from distill.models import attention
from distill.models.layers import layer_pairs
from distill.stages import training


@dataclass(frozen=True)
class Shape:
    """What terms must know of a model.

    Attributes:
        layers: of an encoder-decoder, the encoder's.
        width: of hidden states.
        heads: of attention.
        projected: widths of queries, and of keys and values.
        causal: whether a token sees no later one.
        follows: of a student, the layer map that ``auto`` stands for: uniform until states were compared.
    """

    layers: int
    width: int
    heads: int
    projected: tuple[int, int]
    causal: bool
    follows: str = "uniform"


def shape(config: PretrainedConfig) -> Shape:
    """The shape of a model with this configuration; one without attention has no heads."""
    if getattr(config, "num_attention_heads", None) is None:
        return Shape(config.num_hidden_layers, config.hidden_size, 0, (0, 0), causal=False)
    return Shape(
        config.num_hidden_layers, config.hidden_size, config.num_attention_heads, attention.widths(config),
        attention.causal(config),
    )  # fmt: skip


def objective(build: Builder, student: Shape, teacher: Shape) -> Objective:
    """The weighted terms of the settings, with their schedules or shares.

    Raises:
        ModelError: layers or heads of the settings do not fit the models.
    """
    section = build.config.distill
    made = {name: _MAKERS[name](build, student, teacher) for name in active(section)}
    weights: Mapping[str, float | Schedule] | Shares
    if asked := shares(section):
        weights = Shares({name: asked[name] for name in made}, section.shares_every)
    else:
        weights = {name: _weight(term.weight, term.schedule) for name, term in active(section).items()}
    moved = _weight(section.temperature, section.temperature_schedule)
    schedules = {name: {"temperature": moved} for name in softened(section, build.task.kind)}
    return Objective(made, weights, schedules if isinstance(moved, Schedule) else None)  # type: ignore[arg-type]


def settings(build: Builder) -> dict[str, Any]:
    """All settings that the active terms read, and no others."""
    section = build.config.distill
    found: dict[str, Any] = {
        "temperature": section.temperature if softened(section, build.task.kind) else None,
        "terms": {name: _read(section, asdict(term)) for name, term in active(section).items()},
    }
    if section.temperature_schedule.kind != "constant":
        found["temperature_schedule"] = asdict(section.temperature_schedule)
    if asked := shares(section):
        found |= {"shares": asked, "shares_every": section.shares_every}
    return found


def _read(section: TermsConfig, term: dict[str, Any]) -> dict[str, Any]:
    """A term's settings without those that are not read: a constant schedule, and the weight where it has a share."""
    unread = {"weight", "schedule"} if shares(section) else set()
    if term["schedule"]["kind"] == "constant":
        unread.add("schedule")
    return {key: value for key, value in term.items() if key not in unread}


def _weight(start: float, given: ScheduleConfig) -> float | Schedule:
    return start if given.kind == "constant" else Schedule(given.kind, start, given.end, given.share)


# How each term is built

_Maker = Callable[[Builder, Shape, Shape], nn.Module]


def _soft(build: Builder, student: Shape, teacher: Shape) -> nn.Module:
    """How the teacher's rows are followed, by what a row means."""
    section = build.config.distill
    if build.task.kind == "labels":
        return terms.SoftLabels(section.temperature)
    return terms.Soft(section.temperature) if build.task.kind == "class" else terms.SoftScore(section.soft.bounded)


def _with_temperature(name: str, *own: str) -> _Maker:
    """A term that softens, with the settings ``own`` of its section."""

    def make(build: Builder, student: Shape, teacher: Shape) -> nn.Module:
        section = build.config.distill
        return terms.TERMS[name](section.temperature, *(getattr(getattr(section, name), each) for each in own))

    return make


def _projected(name: str, *, embeddings: bool) -> _Maker:
    """A term that compares states of mapped layers, and of the embeddings, through projections where widths differ."""

    def make(build: Builder, student: Shape, teacher: Shape) -> nn.Module:
        pairs = _states(build, name, student, teacher, embeddings=embeddings)
        return terms.TERMS[name](pairs, student.width, teacher.width)

    return make


def _layers(build: Builder, name: str, student: Shape, teacher: Shape) -> list[tuple[int, int]]:
    """The layers that a term compares, each counted from 0."""
    section: LayersConfig = getattr(build.config.distill, name)
    follows = student.follows if section.layer_map == "auto" else section.layer_map
    try:
        pairs = layer_pairs(follows, student=student.layers, teacher=teacher.layers)
    except ModelError as error:
        raise ModelError(f"distill.{name}: {error}") from error
    return pairs[-1:] if isinstance(section, RelationsConfig) and section.last_only else pairs


def layer_maps(build: Builder, student: Shape, teacher: Shape) -> dict[str, list[tuple[int, int]]]:
    """The layers, student's and teacher's, that each active term compares, for the manifest."""
    found = active(build.config.distill).items()
    layered = [name for name, term in found if isinstance(term, LayersConfig)]
    return {name: _layers(build, name, student, teacher) for name in layered}


def _states(
    build: Builder, name: str, student: Shape, teacher: Shape, *, embeddings: bool = False
) -> list[tuple[int, int]]:
    """The hidden states that a term compares: 0 is the embedding output."""
    pairs = [(mine + 1, theirs + 1) for mine, theirs in _layers(build, name, student, teacher)]
    return [(0, 0), *pairs] if embeddings else pairs


def _attention(build: Builder, student: Shape, teacher: Shape) -> nn.Module:
    return terms.Attention(_layers(build, "attention", student, teacher), causal=student.causal or teacher.causal)


def _relations(build: Builder, student: Shape, teacher: Shape) -> nn.Module:
    section = build.config.distill.relations
    heads = section.heads or teacher.heads
    if any(width % heads for width in (*student.projected, *teacher.projected)):
        said = " and ".join(str(width) for width in sorted({*student.projected, *teacher.projected}))
        raise ModelError(
            f"distill.relations.heads={heads}: queries, keys and values of student and teacher are {said} wide; "
            "allowed is a number that divides these widths"
        )
    pairs = _layers(build, "relations", student, teacher)
    return terms.Relations(pairs, heads, causal=student.causal or teacher.causal)


_MAKERS: Mapping[str, _Maker] = {
    "hard": lambda build, student, teacher: training.hard(build),
    "soft": _soft,
    "reverse_kl": _with_temperature("reverse_kl"),
    "js": _with_temperature("js", "beta"),
    "skew_kl": _with_temperature("skew_kl", "alpha"),
    "skew_reverse_kl": _with_temperature("skew_reverse_kl", "alpha"),
    "taid": _with_temperature("taid", "start"),
    "dkd": _with_temperature("dkd", "alpha", "beta"),
    "dist": _with_temperature("dist", "inter", "intra"),
    "standardized": _with_temperature("standardized"),
    "logit_mse": lambda build, student, teacher: terms.LogitMse(),
    "hidden": _projected("hidden", embeddings=True),
    "hidden_cosine": _projected("hidden_cosine", embeddings=True),
    "pkd": _projected("pkd", embeddings=False),
    "cka": lambda build, student, teacher: terms.Cka(_states(build, "cka", student, teacher)),
    "embedding": lambda build, student, teacher: terms.Embedding(student.width, teacher.width),
    "attention": _attention,
    "relations": _relations,
    "rkd_distance": lambda build, student, teacher: terms.RkdDistance(
        build.config.distill.rkd_distance.of, build.config.distill.rkd_distance.limit
    ),
    "rkd_angle": lambda build, student, teacher: terms.RkdAngle(
        build.config.distill.rkd_angle.of, build.config.distill.rkd_angle.limit
    ),
}
"""Each term of the settings to how it is built."""
