"""A worker of a search: it asks the study what to try, tries it, and tells what came of it."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import optuna
from filelock import FileLock
from optuna.trial import TrialState

from distill.base import signals
from distill.config.search import LATENCY, SIZE, SearchConfig, space_of
from distill.config.search_space import Space, Value
from distill.data.prepared import Prepared
from distill.errors import StoreError
from distill.pipeline import trials
from distill.pipeline.trials import Made
from distill.report import duration
from distill.searching import study as studies
from distill.searching.results import shown
from distill.searching.study import MAXIMIZE, REASON, Goal
from distill.stages.job import RunSpec
from distill.training.callbacks import Validation

log = logging.getLogger("distill.search")  # what a user sees
details = logging.getLogger(__name__)


@dataclass(frozen=True)
class Search:
    """A search as each of its workers knows it.

    Attributes:
        config: the settings that all trials share.
        data: without test.
        folder: of the search in the store.
        metric: the name of the score.
        goal: what trials are judged by.
    """

    config: SearchConfig
    data: Prepared
    folder: Path
    metric: str
    goal: Goal

    @property
    def space(self) -> Space:
        """The settings that are searched."""
        return space_of(self.config)


def work(search: Search, number: int) -> None:
    """Make trials until there are enough.

    Raises:
        StoreError: the store is full or damaged, on which no trial can go on.
        Interrupted: a signal has come; the trial is left as it is, and another call goes on with it.
    """
    study = studies.opened(search.folder, search.goal)
    with FileLock(search.folder / f"worker{number}.lock"):
        while True:
            signals.check()
            asked = studies.ask(study, search.folder, search.space, search.config.trials, search.config.seed)
            if asked is None:
                return
            _attempt(search, study, *asked)


def _attempt(search: Search, study: optuna.Study, trial: optuna.Trial, values: dict[str, Value]) -> None:
    """Make a trial, tell the study what came of it, and say so.

    Raises:
        StoreError: the store is full or damaged, which is no fault of this trial.
    """
    started = time.monotonic()
    spec: RunSpec | None = None
    try:
        spec = trials.trial_spec(search.config, search.data, values, timed=LATENCY in search.goal.names)
        made = trials.make_trial(spec, search.folder, _judge(search, trial) if search.goal.prune else None)
        reached = _values(search, made)
    except optuna.TrialPruned:
        outcome = "ended early, behind the others at the same epoch"
        _end(study, trial, spec, TrialState.PRUNED)
    except StoreError:
        raise
    except Exception as error:  # whatever ends one trial ends that one alone, and stands in its log
        details.exception("trial %d", trial.number)
        outcome = f"failed: {_reason(error)}"
        trial.set_user_attr(REASON, _reason(error))
        _end(study, trial, spec, TrialState.FAIL)
    else:
        outcome = f"{search.metric} " + ", ".join(shown(search.metric, search.goal.names, reached))
        trial.set_user_attr("stages", list(made.stages))
        trial.set_user_attr("metrics", dict(made.metrics))
        study.tell(trial, reached)
    log.info("trial %d: %s (%s)", trial.number, outcome, duration(time.monotonic() - started))


def _end(study: optuna.Study, trial: optuna.Trial, spec: RunSpec | None, state: TrialState) -> None:
    """Tell the study that a trial has ended without a score, and remove what it leaves of its student."""
    if spec is not None:
        trials.discard(spec)
    study.tell(trial, state=state)


def _judge(search: Search, trial: optuna.Trial) -> Callable[[str, Validation], None]:
    """Return what ends a trial that is behind; only the stage whose student is scored counts."""
    sign = 1 if search.goal.directions[0] == MAXIMIZE else -1

    def judge(stage: str, validation: Validation) -> None:
        if stage == "distill" and math.isfinite(validation.value):
            trial.report(sign * validation.value, validation.epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

    return judge


def _values(search: Search, made: Made) -> list[float]:
    """Return the values of a trial, in the order of its objectives.

    Raises:
        ValueError: the score is no number.
    """
    score = made.metrics.get(search.metric)
    if score is None or not math.isfinite(score):
        raise ValueError(f"{search.metric} on validation is no number")
    by_name = {SIZE: float(made.bytes), LATENCY: made.milliseconds or math.nan}
    return [score, *(by_name[name] for name in search.goal.names[1:])]


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__
