"""Carry out a search: the teacher once, then trials by one worker or several, then what came of them."""

import json
import logging
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import cast

import optuna

from distill.base import work_shown
from distill.base.disk import replacing
from distill.base.setting_rules import at, said
from distill.config.dump import write_config
from distill.config.schema import Config
from distill.config.search import SCORE, SearchConfig, corners
from distill.config.search_space import Value
from distill.errors import ConfigError, TrainingError
from distill.metrics import leading, metric_module
from distill.pipeline import trials
from distill.pipeline.context import task_setup
from distill.pipeline.store_contents import KEPT, SEARCHES
from distill.searching import crew
from distill.searching import study as studies
from distill.searching.results import Found
from distill.searching.study import MAXIMIZE, MINIMIZE, REASON, Goal
from distill.searching.worker import Search
from distill.stages import hyperparameters
from distill.stages.job import RunSpec

log = logging.getLogger("distill.search")

SETTINGS = "settings.yaml"
"""In the folder of a search: what its other workers read."""
_OF_TRIALS = (
    "seed",
    "task",
    "metric",
    "data",
    "teacher",
    "more_teachers",
    "ensemble",
    "student",
    "pretrain",
    "finetune",
    "augment",
    "distill",
    "generate",
    "trainer",
)
"""The sections whose settings are the same in all trials of a search."""
_BEST = 3
"""Trials that become cards, of a search for the score alone."""
_REASONS = 3
_RATE = "distill.optimizer.lr"


def carry_out(config: SearchConfig) -> Found:
    """Carry out a search, or go on with it, and return what came of it.

    Args:
        config: checked settings, with the name of the search.

    Raises:
        TrainingError: every trial has failed.
        DistillError: the user can mend it, and the message says how.
    """
    search = ready(config)
    for line in (search.data.summary(), *search.data.notes, *search.data.remarks):
        log.info("data: %s", line)
    specs = [trials.trial_spec(search.config, search.data, {}), *_corners(search)]
    for note in trials.refuse_unread(search.config, search.data, search.space):
        log.warning("%s", note)
    with studies.alone(search.folder):
        study = studies.opened(search.folder, search.goal)
        studies.refuse_another(study, _identity(search), search.folder.name)
        write_config(search.config, search.folder / SETTINGS)
        (search.folder / KEPT).unlink(missing_ok=True)
        _say_where(search, study)
        teachers = _teachers(search, specs)
        studies.enqueue(study, _of_the_run(search), search.space)
        crew.work_together(search)
        studies.give_up(study, "its worker has ended")
        found = found_by(search, study)
        _keep(search, found, teachers)
    _refuse_failure(found)
    return found


def ready(config: SearchConfig) -> Search:
    """Read the data, and return the search as its workers know it.

    Raises:
        ConfigError: the data's labels do not have the metric.
    """
    config, data = trials.ground(config)
    setup = task_setup(config, data)
    metrics, name = metric_module(setup.task.metric_module(setup.labels)), config.search.metric or config.metric
    try:
        headline = leading(metrics, name).headline
    except KeyError as error:
        names = ", ".join(metric.headline.name for metric in metrics.LEADING)
        key = "metric" if config.search.metric is None else "search.metric"
        raise ConfigError(f"{key}={name}: with the labels of this data allowed is {names}") from error
    objectives = tuple(config.search.objectives)
    directions = [MAXIMIZE if name == SCORE and headline.mode == "max" else MINIMIZE for name in objectives]
    goal = Goal(objectives, tuple(directions), config.search.prune and len(objectives) == 1)
    return Search(config, data, Path(config.store) / SEARCHES / str(config.search.name), headline.name, goal)


def _corners(search: Search) -> Iterator[RunSpec]:
    """Yield the trials at both ends of the space, as far as there are such: together they read all of the teacher."""
    for values in corners(search.space):
        try:
            yield trials.trial_spec(search.config, search.data, values)
        except ConfigError as error:
            log.info("no student has %s at once (%s); such a trial fails", values, " ".join(str(error).split()))


def _of_the_run(search: Search) -> dict[str, Value]:
    """Return the values that the run itself has for what is searched; the learning rate that it would take is one."""
    values = {key: cast(Value, at(search.config, key)) for key in search.space}
    if _RATE in values and values[_RATE] is None:
        values[_RATE] = hyperparameters.learning_rate(search.config, search.config.distill)
    return values


def _identity(search: Search) -> dict[str, object]:
    """Return what makes trials of a search comparable, in words that name each difference."""
    of_space = {f"search.space.{key}": values.as_text() for key, values in search.space.items()}
    settings = {key: value for key, value in _differing(search.config, Config()) if key.split(".")[0] in _OF_TRIALS}
    goal = {"search.objectives": list(search.goal.names), "search.metric": search.metric}
    student = trials.fingerprint_of_student(search.config, search.data)
    return {**of_space, **goal, **settings, "data, models and recipe of its first student": student}


def _differing(given: object, default: object, parent: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted key of each setting that is not as by default, with its value."""
    for each in fields(default):  # type: ignore[arg-type]
        key, value, usual = f"{parent}{each.name}", getattr(given, each.name), getattr(default, each.name)
        if is_dataclass(usual):
            yield from _differing(value, usual, f"{key}.")
        elif value != usual:
            yield key, said(value)


def _say_where(search: Search, study: optuna.Study) -> None:
    """Say what of a search is there already, and put interrupted trials in line again."""
    again = studies.resume(study)
    if (there := len(studies.counted(study))) or again:
        interrupted = f", interrupted {', '.join(map(str, again))}" if again else ""
        log.info(
            "search %s: goes on, %d of %d trials are there%s",
            *(search.folder.name, there, search.config.trials, interrupted),
        )
    else:
        log.info("search %s: begins, %s", search.folder.name, search.folder)


def _teachers(search: Search, specs: list[RunSpec]) -> list[str]:
    """Make what all trials share, with bars and lines like those of a run; return the names of its stages."""
    section = search.config.progress
    bars = search.config.trainer.enable_progress_bar is not False
    with work_shown.shown(section.every_seconds, bars=bars):
        return trials.make_teachers(specs, search.folder)


def found_by(search: Search, study: optuna.Study) -> Found:
    """Return what came of a search so far."""
    best, looked = studies.best(study, _BEST), studies.looked(study)
    return Found(search.folder.name, search.metric, search.goal, search.space, study, best, looked)


def _keep(search: Search, found: Found, teachers: list[str]) -> None:
    """Write down the stages of the best, and of their teacher, which the store then keeps."""
    names = [*teachers, *(name for trial in found.best for name in trial.user_attrs["stages"])]
    with replacing(search.folder / KEPT) as hidden:
        hidden.write_text(json.dumps(list(dict.fromkeys(names))), encoding="utf-8")


def _refuse_failure(found: Found) -> None:
    """Return silently where a trial has come to something.

    Raises:
        TrainingError: all have failed; the message has the reasons.
    """
    failed = found.of_outcome("failed")
    if len(failed) == len(found.trials):
        reasons = list(dict.fromkeys(each.user_attrs.get(REASON, "unknown") for each in failed))
        shown = "\n  ".join(reasons[:_REASONS])
        raise TrainingError(f"all {len(failed)} trials have failed; search.name=OTHER begins anew:\n  {shown}")
