"""Judge whether a finished run, or an exported model, may take the place of another on the same test rows."""

from pathlib import Path

from distill import report as words
from distill.base import long_work
from distill.comparison import runs
from distill.comparison.verdict import Verdict
from distill.errors import ConfigError, ModelError
from distill.inference import scoring
from distill.inference.predictor import Predictor
from distill.metrics import Leading, Scored, leading
from distill.pipeline.comparable import refuse_trained_on, refuse_unlike
from distill.pipeline.kept_scores import KeptScore, kept_score
from distill.pipeline.paired_checks import Draws, Rules, compare
from distill.stages.job import RunSpec
from distill.tasks import TASKS, Record, task

_AT_ONCE = 256
"""Rows that an exported model answers together."""


def gate(new: str, old: str, rules: Rules) -> Verdict:
    """Judge whether one model may take another's place.

    Args:
        new: the folder of a finished run, or of an exported model.
        old: the same; one of both is a run, whose test rows both have answered.
        rules: by what is judged.

    Raises:
        DistillError: one is neither, they do not answer the same rows, or the rules do not fit the task.
    """
    found = {name: _run(place) for name, place in (("new", new), ("old", old))}
    kept = {name: kept_score(run, rules.slices) for name, run in found.items() if run is not None}
    if not kept:
        raise ConfigError(
            f"new={new} and old={old} are both exported models, which hold no test rows: give the run of one of them"
        )
    reference = kept.get("old") or kept["new"]
    lead = _leading(reference.spec, rules.metric)
    if len(kept) == 2:
        refuse_unlike(kept["old"], kept["new"], old, new)
        refuse_trained_on(kept["old"], kept["new"], old, new)
    places = {"old": old, "new": new}
    scored, notes = {name: each.score.scored for name, each in kept.items()}, list[str]()
    for name in places.keys() - kept.keys():
        scored[name] = _asked(places[name], reference, rules.format)
        notes.append(f"{places[name]} was asked about the rows anew; what it was trained on is not known here.")
    section, parts = reference.spec.config.evaluate, reference.spec.data.slices
    draws = Draws(section.resamples, section.confidence, reference.spec.config.seed)
    checks = compare(scored["old"], scored["new"], lead, rules, reference.split, parts, draws)
    return Verdict(old, new, reference.split, section.confidence, rules.tolerance, rules.level, checks, notes)


def _run(place: str) -> runs.Run | None:
    """Return the finished run that a folder is; none for an exported model."""
    folder = Path(place).expanduser()
    if not folder.is_dir():
        raise ConfigError(f"{place}: there is no such folder")
    if (folder / "report.json").is_file():
        return runs.read(folder)
    if (folder / "config.json").is_file():
        return None
    raise ConfigError(
        f"{place} is neither the folder of a finished run, which has a report.json, nor of an exported model, which "
        "has a config.json"
    )


def _leading(spec: RunSpec, name: str | None) -> Leading:
    if name is None:
        return spec.leading
    try:
        return leading(spec.metrics, name)
    except KeyError:
        known = ", ".join(each.headline.name for each in spec.metrics.LEADING)
        raise ConfigError(f"metric={name}: the task {spec.config.task} can be compared by {known}") from None


def _asked(place: str, reference: KeptScore, format: str) -> Scored:
    """Ask an exported model about a run's rows, and score what it says."""
    spec = reference.spec
    if spec.setup.task.writes:
        raise ConfigError(f"{place}: what an exported model writes is not scored here; give its run")
    model = Predictor.load(Path(place), format=format)
    if model.task is not spec.setup.task:
        name = next((each for each in TASKS if task(each) is model.task), "another task")
        raise ConfigError(f"{place} is of the task {name}, the run of {spec.config.task}")
    if set(model.form.labels) != set(spec.data.labels):
        raise ConfigError(
            f"the labels are not the same: {place} has {words.listed_short(list(model.form.labels))}, the run "
            f"{words.listed_short(list(spec.data.labels))}"
        )
    records = _answers(model, reference)
    scored, _ = scoring.score_records(spec.setup, spec.metrics, reference.examples[:], records)
    return scored


def _answers(model: Predictor, reference: KeptScore) -> list[Record]:
    roles, examples = list(model.task.inputs), reference.examples
    rows = examples.select_columns(roles).to_list()
    records: list[Record] = []
    try:
        with long_work.work("answering", len(rows), "rows") as answering:
            for start in range(0, len(rows), _AT_ONCE):
                records += model.predict(rows[start : start + _AT_ONCE])
                answering.at(len(records))
    except ModelError as error:
        raise ModelError(f"{reference.split}: {error}") from error
    return records
