"""The objective, from its settings: how each term is built, what decides on it, and what the report says of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from transformers import PretrainedConfig

from distill.errors import ModelError
from distill.models import attention
from distill.models.layers import layer_pairs
from distill.objective import GradientBalancer, Objective, Schedule, make_term
from distill.objective.declaration import ScheduleConfig, TermConfig
from distill.objective.settings import TermsConfig, active, shares, terms, terms_with_temperature
from distill.objective.specs import TERM_SPECS
from distill.pipeline.context import Builder
from distill.stages import supervised


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
    section, common = build.config.distill, _of_every_term(build, student, teacher)
    made = {
        name: make_term(
            TERM_SPECS[name].implemented_by(build.task.kind),
            {**common, **_of_one_term(section, name, student, teacher)},
        )
        for name in active(section)
    }
    weights: Mapping[str, float | Schedule] | GradientBalancer
    if asked := shares(section):
        weights = GradientBalancer({name: asked[name] for name in made}, section.shares_every)
    else:
        weights = {name: _weight(term.weight, term.schedule) for name, term in active(section).items()}
    moved = _weight(section.temperature, section.temperature_schedule)
    schedules = {name: {"temperature": moved} for name in terms_with_temperature(section, build.task.kind)}
    return Objective(made, weights, schedules if isinstance(moved, Schedule) else None)  # type: ignore[arg-type]


def settings(build: Builder) -> dict[str, Any]:
    """All settings that the active terms read, and no others."""
    section = build.config.distill
    found: dict[str, Any] = {
        "temperature": section.temperature if terms_with_temperature(section, build.task.kind) else None,
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


def _of_every_term(build: Builder, student: Shape, teacher: Shape) -> dict[str, object]:
    """What any term may be made of, by the names that its class knows it by: see ``TermSpec.implementation``."""
    return {
        "temperature": build.config.distill.temperature,
        "weights": supervised.class_weights(build),
        "student_width": student.width,
        "teacher_width": teacher.width,
        "teacher_heads": teacher.heads,
        "projected_widths": (*student.projected, *teacher.projected),
        "causal": student.causal or teacher.causal,
    }


def _of_one_term(section: TermsConfig, name: str, student: Shape, teacher: Shape) -> dict[str, object]:
    """What is a term's own: its settings, and what its layer map comes to."""
    term, common = terms(section)[name], {each.name for each in fields(TermConfig)}
    found = {each.name: getattr(term, each.name) for each in fields(term) if each.name not in common}
    return {**found, "pairs": _pairs(section, name, student, teacher)} if TERM_SPECS[name].layered else found


def layer_maps(build: Builder, student: Shape, teacher: Shape) -> dict[str, list[tuple[int, int]]]:
    """The layers, student's and teacher's, that each active term compares, for the manifest."""
    section = build.config.distill
    return {name: _layers(section, name, student, teacher) for name in active(section) if TERM_SPECS[name].layered}


def _pairs(section: TermsConfig, name: str, student: Shape, teacher: Shape) -> list[tuple[int, int]]:
    """What a term compares, as its class counts it: layers from 0, or hidden states, of which 0 is the embeddings."""
    layers = _layers(section, name, student, teacher)
    if TERM_SPECS[name].reads != "states":
        return layers
    states = [(own + 1, other + 1) for own, other in layers]
    return [(0, 0), *states] if TERM_SPECS[name].embeddings else states


def _layers(section: TermsConfig, name: str, student: Shape, teacher: Shape) -> list[tuple[int, int]]:
    """The layers that a term compares, each counted from 0."""
    term: Any = terms(section)[name]
    follows = student.follows if term.layer_map == "auto" else term.layer_map
    try:
        pairs = layer_pairs(follows, student=student.layers, teacher=teacher.layers)
    except ModelError as error:
        raise ModelError(f"distill.{name}: {error}") from error
    return pairs[-1:] if getattr(term, "last_only", False) else pairs
