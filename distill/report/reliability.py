"""Show whether the models' probabilities can be relied on, before and after temperature scaling."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from distill.report import JsonObject, Report, charts, known, number, percent, present, role

_LEAST, _MOST = 0.05, 20.0
"""The bounds of a temperature: where a model has learnt nothing, none is too high."""
_AT_BOUND = 1e-3
_DRAWN = ("teacher", "student", "control")
"""Roles that get a picture; exports answer as the student does, and stand in the table."""


class Diagram(NamedTuple):
    """A reliability diagram of one model."""

    model: str
    svg: str


class Reliabilities(NamedTuple):
    """All that the page says of probabilities; a row of the table has model, temperature, and errors by split."""

    sentences: Sequence[str]
    diagrams: Sequence[Diagram]
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


def reliabilities(report: Report) -> Reliabilities | None:
    """Return the diagrams and the table, or none where probabilities were not looked at."""
    found = report.get("calibration")
    if not found or not found.get("models"):
        return None
    models: dict[str, JsonObject] = {name: found["models"][name] for name in present(report) if name in found["models"]}
    splits = list(dict.fromkeys(split for model in models.values() for split in model["error"]))
    columns = [
        "temperature",
        *(f"{what} on {split}, {when}" for split in splits for what in ("error",) for when in ("before", "after")),
        *(f"NLL on {found['split']}, {when}" for when in ("before", "after")),
    ]
    diagrams = [
        Diagram(name, _diagram(name, model, found))
        for name, model in models.items()
        if role(report, name) in _DRAWN and model["bins"].get("before")
    ]
    rows = [(name, _cells(model, splits, found["split"])) for name, model in models.items()]
    return Reliabilities(list(_sentences(report, found)), diagrams, columns, rows)


def sentence(report: Report) -> str:
    """Return what was done to the probabilities of the export; nothing where that is nothing."""
    calibrated = (report.get("certificate") or {}).get("calibration")
    if not calibrated:
        return ""
    split, errors = list((calibrated.get("calibration_error") or {"": {}}).items())[-1]
    before, after = (percent(errors.get(when), 1) for when in ("before", "after"))
    return (
        f"The exported probabilities are calibrated: the weights of the head are divided by the temperature "
        f"{number(calibrated['temperature'], 2)}, fitted on {calibrated['fitted_on']}, so that whatever runs them "
        f"gives calibrated probabilities, and the decisions are the student's; the expected calibration error on "
        f"{split} is {after}, {before} before."
    )


def _sentences(report: Report, found: JsonObject) -> list[str]:
    split, fitted_on = found["split"], found["fitted_on"]
    held_out = (
        f"the pictures show {split}, which it has not seen"
        if split != fitted_on
        else f"there is no test split, so the pictures show {split} as well, and flatter what comes after"
    )
    count = next((model["rows"].get(split) for model in found["models"].values() if model["rows"]), None)
    return [
        f"Of {number(count, 0)} {found['unit']} of {split}: how sure a model is, and how often it is right. On the "
        f"diagonal both are the same; below it the model is too sure. One temperature for each model was fitted on "
        f"{fitted_on}, by which its logits are divided, so that no decision changes; {held_out}.",
        sentence(report)
        or "The export has the student's own probabilities; export.calibrate=true puts the temperature into it.",
    ]


def _cells(model: JsonObject, splits: Sequence[str], shown: str) -> list[str]:
    errors = [(model["error"].get(split) or {}).get(when) for split in splits for when in ("before", "after")]
    likelihoods = [(model["nll"].get(shown) or {}).get(when) for when in ("before", "after")]
    temperature = model["temperature"]
    return [
        _temperature(temperature),
        *(percent(error, 1) for error in errors),
        *(number(value, 3) for value in likelihoods),
    ]


def _temperature(value: object) -> str:
    if not known(value):
        return "none fits"
    return number(value, 2) + (", the bound" if min(abs(value - _LEAST), abs(value - _MOST)) < _AT_BOUND else "")


def _diagram(name: str, model: JsonObject, found: JsonObject) -> str:
    errors: dict[str, Any] = model["error"][found["split"]]
    series = {when: [tuple(one) for one in model["bins"].get(when) or ()] for when in ("before", "after")}
    after = f", {percent(errors['after'], 1)} after" if known(errors["after"]) else ""
    label = (
        f"Reliability of {name} on {found['split']}: calibration error {percent(errors['before'], 1)} before "
        f"temperature scaling{after}"
    )
    return charts.reliability(label, series)
