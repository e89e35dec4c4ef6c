"""The objective, from its settings: how each term is built, what decides on it, and what the report says of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from distill.base.layer_maps import layer_pairs
from distill.errors import ModelError
from distill.objective import GradientBalancer, Objective, Schedule, make_term
from distill.objective.declaration import ScheduleConfig, TermConfig
from distill.objective.settings import TermsConfig, active, reads, shares, terms, terms_with_temperature
from distill.objective.specs import TERM_SPECS
from distill.types import Kind, ModelShape


def build_objective(
    section: TermsConfig,
    kind: Kind,
    student: ModelShape,
    teacher: ModelShape,
    class_weights: Sequence[float] | None = None,
) -> Objective:
    """Build the weighted terms of the settings, with their schedules or shares.

    Args:
        section: weights and settings of the terms.
        kind: of rows: ``class``, ``labels`` or ``score``.
        student: what terms must know of the student.
        teacher: what they must know of the teacher.
        class_weights: what each class counts in the loss of the labels; none where all count alike.

    Raises:
        ModelError: layers or heads of the settings do not fit the models.
    """
    common = _of_every_term(section, student, teacher, class_weights)
    terms_by_name = {}
    for name in active(section):  # no comprehension: it would be one more frame between a term and who built it
        offered = {**common, **_of_one_term(section, name, student, teacher)}
        terms_by_name[name] = make_term(TERM_SPECS[name].implemented_by(kind), offered)
    weights: Mapping[str, float | Schedule] | GradientBalancer
    if target_shares := shares(section):
        weights = GradientBalancer({name: target_shares[name] for name in terms_by_name}, section.shares_every)
    else:
        weights = {name: _weight(term.weight, term.schedule) for name, term in active(section).items()}
    temperature = _weight(section.temperature, section.temperature_schedule)
    schedules = {name: {"temperature": temperature} for name in terms_with_temperature(section, kind)}
    return Objective(terms_by_name, weights, schedules if isinstance(temperature, Schedule) else None)  # type: ignore[arg-type]


def settings(section: TermsConfig, kind: Kind) -> dict[str, Any]:
    """Return all settings that the active terms read for rows of a kind, and no others."""
    read_settings: dict[str, Any] = {
        "temperature": section.temperature if terms_with_temperature(section, kind) else None,
        "terms": {name: _read(section, asdict(term)) for name, term in active(section).items()},
    }
    if section.temperature_schedule.kind != "constant":
        read_settings["temperature_schedule"] = asdict(section.temperature_schedule)
    if target_shares := shares(section):
        read_settings |= {"shares": target_shares, "shares_every": section.shares_every}
    return read_settings


def _read(section: TermsConfig, term: dict[str, Any]) -> dict[str, Any]:
    """Return a term's settings that are read: no constant schedule, and no weight where it has a share."""
    unread = {"weight", "schedule"} if shares(section) else set()
    if term["schedule"]["kind"] == "constant":
        unread.add("schedule")
    return {key: value for key, value in term.items() if key not in unread}


def _weight(start: float, schedule: ScheduleConfig) -> float | Schedule:
    return start if schedule.kind == "constant" else Schedule(schedule.kind, start, schedule.end, schedule.share)


def _of_every_term(
    section: TermsConfig, student: ModelShape, teacher: ModelShape, class_weights: Sequence[float] | None
) -> dict[str, object]:
    """Return what any term may be made of, by the names that ``TermSpec.implementation`` lists."""
    return {
        "temperature": section.temperature,
        "weights": class_weights,
        "student_width": student.width,
        "teacher_width": teacher.width,
        "teacher_heads": teacher.heads,
        "projected_widths": (*student.projected, *teacher.projected),
        "causal": student.causal or teacher.causal,
    }


def _of_one_term(section: TermsConfig, name: str, student: ModelShape, teacher: ModelShape) -> dict[str, object]:
    """Return what is a term's own: its settings, and what its layer map comes to."""
    term, common = terms(section)[name], {field.name for field in fields(TermConfig)}
    own_settings = {field.name: getattr(term, field.name) for field in fields(term) if field.name not in common}
    return (
        {**own_settings, "pairs": _pairs(section, name, student, teacher)} if TERM_SPECS[name].layered else own_settings
    )


def states_read(section: TermsConfig, student: ModelShape, teacher: ModelShape) -> tuple[int, ...]:
    """Return which of the teacher's hidden states the active terms read; 0 is the embedding output."""
    numbers: set[int] = set()
    for name in active(section):
        spec = TERM_SPECS[name]
        if reads(section, name) != "states":
            continue
        if spec.layered:
            numbers |= {teacher_layer for _, teacher_layer in _pairs(section, name, student, teacher)}
        elif spec.state is not None:
            numbers.add(spec.state % (teacher.layers + 1))
    return tuple(sorted(numbers))


def layer_maps(section: TermsConfig, student: ModelShape, teacher: ModelShape) -> dict[str, list[tuple[int, int]]]:
    """Return the layers, student's and teacher's, that each active term compares, for the manifest."""
    return {name: _layers(section, name, student, teacher) for name in active(section) if TERM_SPECS[name].layered}


def _pairs(section: TermsConfig, name: str, student: ModelShape, teacher: ModelShape) -> list[tuple[int, int]]:
    """Return what a term compares as its class counts it: layers, or states, of which 0 is the embeddings."""
    layers = _layers(section, name, student, teacher)
    if TERM_SPECS[name].reads != "states":
        return layers
    states = [(student_layer + 1, teacher_layer + 1) for student_layer, teacher_layer in layers]
    return [(0, 0), *states] if TERM_SPECS[name].embeddings else states


def _layers(section: TermsConfig, name: str, student: ModelShape, teacher: ModelShape) -> list[tuple[int, int]]:
    """Return the layers that a term compares, each counted from 0."""
    term: Any = terms(section)[name]
    follows = student.follows if term.layer_map == "auto" else term.layer_map
    try:
        pairs = layer_pairs(follows, student=student.layers, teacher=teacher.layers)
    except ModelError as error:
        raise ModelError(f"distill.{name}: {error}") from error
    return pairs[-1:] if getattr(term, "last_only", False) else pairs
