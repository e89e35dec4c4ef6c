"""The study of a search on disk: an Optuna journal in the store, which workers share and a later call goes on with."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import optuna
from filelock import FileLock, Timeout
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from distill.config.search_space import Choice, Range, Space, Value
from distill.errors import ConfigError, StoreError

JOURNAL = "journal.log"
REASON, INTERRUPTED, IDENTITY = "reason", "interrupted", "identity"
"""Attributes: why a trial has failed; that its process had died, so that another has its place; of what a study is."""
Direction: TypeAlias = Literal["maximize", "minimize"]
MAXIMIZE: Direction = "maximize"
MINIMIZE: Direction = "minimize"
_STUDY = "search"
_GOES_ON = "goes_on"
"""Attribute of a trial: the number of the one whose place it has."""
_OF_OPTUNA = f"{JOURNAL}.lock"
_WAIT = 10.0
"""Seconds within which workers of a call that was killed have noticed it."""


@dataclass(frozen=True)
class Goal:
    """What trials are judged by.

    Attributes:
        names: of the objectives, the score first.
        directions: of each, in Optuna's words.
        prune: whether trials end that are behind.
    """

    names: tuple[str, ...]
    directions: tuple[Direction, ...]
    prune: bool


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the right to carry out a search, whose folder is made; its workers of an earlier call are gone by then.

    Raises:
        ConfigError: another process has it.
    """
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(folder / "search.lock", timeout=0))
            for path in sorted(folder.glob("worker*.lock")):
                with FileLock(path, timeout=_WAIT):
                    pass
        except Timeout as error:
            raise ConfigError(
                f"{folder}: another process carries this search out; search.name=NAME begins another one, and workers= "
                "says how many trials are made at the same time"
            ) from error
        except OSError as error:
            raise StoreError(f"{folder} cannot be written ({error.strerror}); take another store=FOLDER") from error
        (folder / _OF_OPTUNA).unlink(missing_ok=True)  # of a process that was killed while it wrote
        _whole(folder / JOURNAL)
        yield


def _whole(journal: Path) -> None:
    """Cut off a last line that was not written to its end."""
    if journal.exists():
        content = journal.read_bytes()
        if (end := content.rfind(b"\n") + 1) < len(content):
            os.truncate(journal, end)


def opened(folder: Path, goal: Goal) -> optuna.Study:
    """Open the study of a search, or make it.

    Raises:
        StoreError: its journal is damaged.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = str((folder / JOURNAL).resolve())
    pruner = optuna.pruners.MedianPruner(n_warmup_steps=2) if goal.prune else optuna.pruners.NopPruner()
    try:
        storage = JournalStorage(JournalFileBackend(path, JournalFileOpenLock(path)))
        return optuna.create_study(
            storage=storage, study_name=_STUDY, directions=list(goal.directions), pruner=pruner, load_if_exists=True
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"{path} is damaged ({error}); remove the folder {folder}, or give search.name=NAME"
        ) from error


def refuse_another(study: optuna.Study, identity: Mapping[str, Any], name: str) -> None:
    """Write down what a study is of, or refuse one that is of something else.

    Args:
        study: new, or one that goes on.
        identity: words for what it is of, such as a setting of the space, to what that is.
        name: of the search.

    Raises:
        ConfigError: its trials cannot stand beside those that are asked for; one difference a line.
    """
    plain = json.loads(json.dumps(identity))
    known = study.user_attrs.get(IDENTITY)
    if known is None:
        study.set_user_attr(IDENTITY, plain)
    elif known != plain:
        differing = [key for key in {**known, **plain} if known.get(key) != plain.get(key)]
        lines = [f"{key}: was {_said(known, key)}, is {_said(plain, key)}" for key in differing]
        raise ConfigError(
            "\n  ".join(
                [f"the search {name} was begun with something else; search.name=OTHER begins another one", *lines]
            )
        )


def _said(identity: Mapping[str, Any], key: str) -> str:
    return str(identity[key]) if key in identity else "not there"


def resume(study: optuna.Study) -> list[int]:
    """Put trials whose process has died back in line, with the same settings; return their numbers.

    What such a trial has trained is in the store, and its successor goes on from there. Each has one successor, also
    where this was interrupted before its trial was marked.
    """
    dead = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    in_line = {each.user_attrs.get(_GOES_ON) for each in study.get_trials(deepcopy=False)}
    for trial in dead:
        if trial.number not in in_line:
            known = trial.system_attrs.get("fixed_params", {})  # of which it may not have taken up all
            study.enqueue_trial({**known, **trial.params}, user_attrs={_GOES_ON: trial.number})
        _fail(study, trial, INTERRUPTED, "its process has died")
    return [trial.number for trial in dead]


def give_up(study: optuna.Study, reason: str) -> None:
    """Let trials whose worker has died count as failed."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        _fail(study, trial, REASON, reason)


def _fail(study: optuna.Study, trial: FrozenTrial, attribute: str, why: str) -> None:
    study._storage.set_trial_user_attr(trial._trial_id, attribute, why)
    study.tell(trial.number, state=TrialState.FAIL)


def counted(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that were begun, but for those whose place another has."""
    trials = study.get_trials(deepcopy=False)
    return [each for each in trials if each.state != TrialState.WAITING and INTERRUPTED not in each.user_attrs]


def enqueue(study: optuna.Study, values: Mapping[str, Value], space: Space) -> None:
    """Let the settings of the run itself be the first trial, where they are in the space."""
    if not study.get_trials(deepcopy=False) and all(of.holds(values[key]) for key, of in space.items()):
        study.enqueue_trial(dict(values))


def ask(
    study: optuna.Study, folder: Path, space: Space, most: int, seed: int
) -> tuple[optuna.Trial, dict[str, Value]] | None:
    """Return the next trial with its values, or none where there are enough.

    What is drawn follows from the seed, the number of the trial, and the trials before it, so that an interrupted
    search of one worker goes on as if it had not been.
    """
    with FileLock(folder / "ask.lock"):
        if len(counted(study)) >= most:
            return None
        number = len(study.get_trials(deepcopy=False))
        drawn = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        study.sampler = optuna.samplers.TPESampler(seed=drawn)
        trial = study.ask()
        return trial, {key: _suggested(trial, key, values) for key, values in space.items()}


def _suggested(trial: optuna.Trial, key: str, values: Range | Choice) -> Value:
    if isinstance(values, Choice):
        return trial.suggest_categorical(key, values.values)
    if values.whole:
        step = 1 if values.step is None else int(values.step)
        return trial.suggest_int(key, int(values.low), int(values.high), step=step, log=values.log)
    return trial.suggest_float(key, values.low, values.high, step=values.step, log=values.log)


def best(study: optuna.Study, most: int) -> list[FrozenTrial]:
    """Return the best trials of one objective, at most so many, or the front of several, each set of values once."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    sign = 1 if study.directions[0] == optuna.study.StudyDirection.MINIMIZE else -1
    front = len(study.directions) > 1 and bool(trials)
    ranked = sorted(study.best_trials if front else trials, key=lambda each: (sign * each.values[0], each.number))
    once = {repr(sorted(each.params.items())): each for each in reversed(ranked)}
    chosen: Sequence[FrozenTrial] = [each for each in ranked if each in once.values()]
    return list(chosen) if front else list(chosen[:most])


def looked(study: optuna.Study) -> int:
    """Return how many trials have looked at validation; one that went on after an interruption is one."""
    return sum(each.state == TrialState.COMPLETE or bool(each.intermediate_values) for each in counted(study))
