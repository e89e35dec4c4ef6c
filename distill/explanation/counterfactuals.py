"""Measure what models say of texts that differ by a group alone: what a student was handed on, and what it added."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from distill.data.inputs import Inputs
from distill.errors import ConfigError, DataError
from distill.explanation.group_answers import Floats, Table, of_exchange, pairs
from distill.explanation.group_answers import right as right_gap
from distill.explanation.templates import Exchange
from distill.explanation.verdicts import clear, verdict
from distill.inference.predictor import Predictor
from distill.metrics.crossed import Interval, crossed_bootstrap
from distill.tasks import TASKS, Task, task


class Measured(NamedTuple):
    """How a model's answers differ between two groups.

    Attributes:
        difference: of the probability of a label, or of the score: the first group's minus the second's.
        flips: the share of pairs that are answered differently; none of scores.
        right: the share of right answers, the first group's minus the second's; none where the templates do not say
            what is right.
        from_teacher: ``difference`` minus the teacher's; none of the teacher itself, and where there is none.
    """

    difference: Interval
    flips: Interval | None
    right: Interval | None
    from_teacher: Interval | None


class Widest(NamedTuple):
    """The pair of texts that a model tells apart most, in the direction of the mean, with what it says of both."""

    first: Mapping[str, str]
    second: Mapping[str, str]
    values: tuple[float, float]


@dataclass(frozen=True)
class Line:
    """Two groups, and a label or the score.

    Attributes:
        exchanged: the slots whose words are exchanged.
        groups: the two that are compared.
        label: whose probability it is; none of a score.
        templates: how many there are.
        pairs: of texts.
        models: name of each to what was measured.
        verdict: name of each student to what it has of its teacher, in words.
        widest: of the student, or else of the only model.
    """

    exchanged: str
    groups: tuple[str, str]
    label: str | None
    templates: int
    pairs: int
    models: Mapping[str, Measured]
    verdict: Mapping[str, str]
    widest: Widest


def compares(module: Task) -> bool:
    """Return whether a task's models say labels or a score of a whole example."""
    return not module.writes and module.roles.get("label") in ("label", "labels", "score")


def refuse_others(name: str, module: Task) -> None:
    """Refuse a task whose models say no labels or score of a whole example.

    Raises:
        ConfigError: it is one.
    """
    if not compares(module):
        able = ", ".join(each for each in TASKS if compares(task(each)))
        raise ConfigError(
            f"a model of {name} says neither labels nor a score of a whole text, whose probabilities could be compared "
            f"between pairs; allowed is a model of {able}"
        )


def measure(
    models: Mapping[str, Predictor],
    exchanges: Sequence[Exchange],
    label: str | None,
    tick: Callable[[], None] = lambda: None,
    seed: int = 0,
) -> list[Line]:
    """Return how the answers of models differ between each two groups of each exchange.

    Args:
        models: by name, of one task; those called ``teacher`` and ``student`` are held against each other.
        exchanges: the texts.
        label: the one whose probability is compared; without it that of the last of two, or of each of several.
        tick: is called after each model has read all texts of an exchange.
        seed: of the draws of intervals.

    Raises:
        ConfigError: the task's models say neither labels nor a score of a whole text.
        DataError: there is no such label, here or in a template, or a text is no input of the task.
    """
    for name, model in models.items():
        refuse_others(name, model.task)
    first = next(iter(models.values()))
    labels = list(first.form.labels)
    _refuse_unreadable(first, exchanges)
    wanted = _wanted(label, labels, exchanges)
    lines: list[Line] = []
    for exchange in exchanges:
        said = {}
        for name, model in models.items():
            said[name] = of_exchange(model, exchange, labels)
            tick()
        for pair in combinations(exchange.groups, 2):
            lines += [_line(exchange, pair, each, labels, said, seed) for each in wanted]
    return lines


def _refuse_unreadable(model: Predictor, exchanges: Sequence[Exchange]) -> None:
    """Refuse templates that are no inputs of the task, such as a text without the marks of its entities."""
    reader = Inputs(model.task.inputs, named={role: role for role in model.task.inputs}, problem=model.task.problem)
    for template, texts in (
        (each, around) for one in exchanges for each, around in zip(one.templates, one.texts, strict=True)
    ):
        for row in next(iter(texts[0].values())):
            reader.example(row, f"template {template.number}")


def _wanted(label: str | None, labels: Sequence[str], exchanges: Sequence[Exchange]) -> list[str | None]:
    """Return the labels whose probabilities are compared; none stands for the score."""
    named = [(f"template {each.number}: label", each.label) for one in exchanges for each in one.templates]
    for where, name in [("label", label), *named]:
        if name is not None and name not in labels:
            there = f"there are {', '.join(labels)}" if labels else "the task has scores"
            raise DataError(f"{where}={name}: there is no such label; {there}")
    if not labels:
        return [None]
    return [label] if label is not None else [labels[-1]] if len(labels) == 2 else list(labels)


def _line(
    exchange: Exchange,
    groups: tuple[str, str],
    label: str | None,
    labels: Sequence[str],
    said: Mapping[str, Table],
    seed: int,
) -> Line:
    """Return what is measured of two groups and a label."""
    column = 0 if label is None else list(labels).index(label)
    differences = {
        name: pairs(table, groups, lambda one: one.values[:, column], np.subtract) for name, table in said.items()
    }
    teacher = next((name for name in said if name == "teacher"), None)
    rights = [None if each.label is None else list(labels).index(each.label) for each in exchange.templates]
    models = {name: _measured(table, groups, differences, name, teacher, rights, seed) for name, table in said.items()}
    verdicts = {
        name: verdict(models[teacher].difference, each.difference, each.from_teacher) + _alone(models, each)
        for name, each in models.items()
        if name not in (teacher, "control") and teacher is not None and each.from_teacher is not None
    }
    shown = next((name for name in said if name not in (teacher, "control")), next(iter(said)))
    table = differences[shown]
    return Line(
        exchange.title, groups, label, len(exchange.templates), sum(map(len, exchange.texts)) * table[0].size, models,
        verdicts, _widest(exchange, groups, said[shown], column),
    )  # fmt: skip


def _measured(
    table: Table,
    groups: tuple[str, str],
    differences: Mapping[str, Floats],
    name: str,
    teacher: str | None,
    rights: Sequence[int | None],
    seed: int,
) -> Measured:
    own, compared = differences[name], teacher is not None and name != teacher
    beside = own - differences[teacher] if compared and teacher is not None else own
    difference, from_teacher = crossed_bootstrap([own, beside], seed=seed)
    flips = right = None
    if next(iter(next(iter(table.values()))))[0].decisions is not None:
        (flips,) = crossed_bootstrap([pairs(table, groups, attrgetter("decisions"), np.not_equal)], seed=seed)
        if None not in rights:
            (right,) = crossed_bootstrap([right_gap(table, groups, rights)], seed=seed)
    return Measured(difference, flips, right, from_teacher if compared else None)


def _widest(exchange: Exchange, groups: tuple[str, str], table: Table, column: int) -> Widest:
    """Return the pair that a model tells apart most, in the direction of its mean."""
    first, second = (table[group] for group in groups)
    tables = [
        (template, around, a.values[:, column][:, None] - b.values[:, column][None, :])
        for template, (one, other) in enumerate(zip(first, second, strict=True))
        for around, (a, b) in enumerate(zip(one, other, strict=True))
    ]
    sign = 1.0 if np.mean([each.mean() for _, _, each in tables]) >= 0 else -1.0
    template, around, differences = max(tables, key=lambda each: (sign * each[2]).max())
    one, other = np.unravel_index(int((sign * differences).argmax()), differences.shape)
    texts = exchange.texts[template][around]
    values = (
        float(first[template][around].values[one, column]),
        float(second[template][around].values[other, column]),
    )
    return Widest(texts[groups[0]][int(one)], texts[groups[1]][int(other)], values)


def _alone(models: Mapping[str, Measured], student: Measured) -> str:
    """Return that the control has a student's clear difference too, or nothing."""
    if "control" not in models or not clear(student.difference):
        return ""
    control = models["control"].difference
    same = clear(control) and control.mean * student.difference.mean > 0
    return "; so has the control, without a teacher" if same else ""
