"""Settings of ``python -m distill.search``: those of a run, and among which of them is searched, for what."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distill.base.setting_rules import Rule, allowed, at_least, rules_of
from distill.config.schema import Config
from distill.config.search_space import Choice, Range, Space, Value, read_space, with_values
from distill.config.seeds import seed_override_problems
from distill.config.task_traits import task_or_first
from distill.config.unread_overrides import unread_override_problems
from distill.config.validate import problems, refuse
from distill.errors import ConfigError

HELP = """python -m distill.search tries settings of the student and of how it learns, and keeps those that are best on
validation. The teacher is trained and asked once. It takes all settings of a run, and these:

  search=learning          a card: which settings are searched, and in which ranges
  search.space.KEY=...     the same by itself: [a,b] for values to choose from, {low: 1, high: 8} for numbers between,
                           with log: true where factors count, or step: 0.5
  search.objectives=[score,size]   score alone, or with size (bytes of the weights) or latency (of one text): then
                           the front of the best compromises is looked for
  search.metric=f1         the metric that is the score; null: the one that leads the run
  search.prune=true        whether trials are ended that are behind at the same epoch (of score alone)
  search.name=NAME         of the search; null: that of the run, and of the card
  trials=20                how many, those of earlier calls included
  workers=1                processes that try at the same time
  output=searches          folder that gets the page and the cards of the best

  python -m distill.search experiment=trec_tiny search=learning trials=12 workers=2

The same command goes on after an interruption, and with more trials. Test is not looked at.

Cards (search=, teacher=, student=, experiment=; your own with --config-dir FOLDER):
$APP_CONFIG_GROUPS
All other settings: python -m distill.run --help
"""
SCORE, SIZE, LATENCY = OBJECTIVES = ("score", "size", "latency")
_OBJECTIVES: Rule = (
    lambda value: value[:1] == [SCORE] and len(set(value)) == len(value) and set(value) <= set(OBJECTIVES),
    f"[{SCORE}], and with it {SIZE}, {LATENCY} or both",
)
_SEARCHED = ("distill", "student")
_SEARCHED_BESIDES = (
    "data.batch_size", "data.batch_tokens", "data.class_weights",
    "trainer.accumulate_grad_batches", "trainer.gradient_clip_val", "trainer.precision",
)  # fmt: skip
_NOT_OF_RUNS = ("search", "trials", "workers", "output")
"""What of a command line is no setting of the runs that a search proposes."""
TRAINS = "distill"


@dataclass
class SearchSection:
    """Among which settings is searched, and for what."""

    space: dict[str, Any] = field(default_factory=dict)
    """Setting to its values: a list of them, or {low: NUMBER, high: NUMBER} with `log: true` or `step: NUMBER`."""
    objectives: list[str] = field(default_factory=lambda: [SCORE], metadata=allowed(_OBJECTIVES))
    """score | size | latency: what a trial is judged by: the metric on validation, the bytes of the weights, and the
    milliseconds of one text (p50, in PyTorch on the CPU), for which `workers` is 1."""
    metric: str | None = None
    """The metric that is the score, one that can lead the task; none: the one that leads the run."""
    prune: bool = True
    """Whether trials end early whose watched metric is below the median of the others at the same epoch; only where
    the score is the one objective."""
    name: str | None = None
    """Name of the search, under which it goes on; none: that of the run, and of the card."""


@dataclass
class SearchConfig(Config):
    """A run of which settings are looked for."""

    search: SearchSection = field(default_factory=SearchSection)
    trials: int = field(default=20, metadata=allowed(at_least(1)))
    """How many settings are tried, those of earlier calls included."""
    workers: int = field(default=1, metadata=allowed(at_least(1)))
    """Processes that try at the same time."""
    output: str = "searches"
    """Folder that gets the page, `search.json`, and the cards of the best in its folder `experiment`."""


def space_of(config: SearchConfig) -> Space:
    """Return the space of settings that are already checked."""
    return read_space(config.search.space, config)[0]


def settings_of_runs(overrides: Sequence[str]) -> list[str]:
    """Return the overrides of a command line that the runs it proposes have, too, but for the experiment.

    >>> settings_of_runs(["experiment=trec_tiny", "search=learning", "++search.space.student.layers=[1,2]", "seed=3"])
    ['seed=3']
    """
    return [each for each in overrides if _key(each).partition(".")[0] not in (*_NOT_OF_RUNS, "experiment")]


def check(config: SearchConfig, overrides: Sequence[str], card_folders: Sequence[str]) -> None:
    """Return silently, or name every problem of the settings, and of the space, in one message.

    Raises:
        ConfigError: with one line a problem.
    """
    of_runs = settings_of_runs(overrides)
    of_base = [
        *problems(config),
        *unread_override_problems(config, of_runs),
        *seed_override_problems(config, of_runs),
        *(problem for problem in _own_problems(config, card_folders)),
        *_pruning_problems(config, overrides),
    ]
    space, of_space = read_space(config.search.space, config)
    if not config.search.space:
        of_space.append("search.space: nothing is searched; give search=CARD, or search.space.KEY=[VALUE,VALUE]")
    given = {_key(override) for override in of_runs}
    for key, values in space.items():
        of_no_use = [f"search.space.{key}: {problem}" for problem in _of_no_use(key, given)]
        of_space += of_no_use or ([] if of_base else _value_problems(config, space, key, values))
    refuse(list(dict.fromkeys([*of_base, *of_space])))


def _own_problems(config: SearchConfig, card_folders: Sequence[str]) -> Iterator[str]:
    """Name what is wrong with the settings of the search alone."""
    for key, (holds, words) in rules_of(SearchConfig):
        if key in ("trials", "workers") and not holds(getattr(config, key)):
            yield f"{key}={getattr(config, key)}: allowed is {words}"
    section = config.search
    if not _OBJECTIVES[0](section.objectives):
        yield f"search.objectives={section.objectives}: allowed is {_OBJECTIVES[1]}"
    elif LATENCY in section.objectives and config.workers > 1:
        yield f"workers={config.workers}: latency is measured while nobody else works; allowed is 1"
    leading = task_or_first(config.task).leading
    if section.metric is not None and section.metric not in leading:
        yield f"search.metric={section.metric}: allowed is {', '.join(leading)}"
    if section.name is not None and not re.fullmatch(r"\w[\w.-]{0,99}", section.name, re.ASCII):
        yield f"search.name={section.name}: allowed is letters, digits, and . _ - between them, at most 100"
    if TRAINS not in config.stages:
        yield f"stages={config.stages}: a search trains students; add {TRAINS}"
    if config.seeds is not None and len(config.seeds) > 1:
        yield f"seeds={config.seeds}: a trial trains one student; give seed=, and several seeds to the run of the best"
    if config.trainer.devices not in (1, "auto", "1") or config.trainer.num_nodes != 1:
        yield "trainer.devices, trainer.num_nodes: a trial trains in one process; allowed is 1, and more workers"
    yield from _output_problems(config, card_folders)


def _pruning_problems(config: SearchConfig, overrides: Sequence[str]) -> Iterator[str]:
    """Name pruning that is asked for where nothing is pruned: with several objectives."""
    if config.search.prune and len(config.search.objectives) > 1 and "search.prune" in map(_key, overrides):
        yield (
            f"search.prune=true: Optuna prunes by one objective, and there are {len(config.search.objectives)}; leave "
            f"it out, or give search.objectives=[{SCORE}]"
        )


def _output_problems(config: SearchConfig, card_folders: Sequence[str]) -> Iterator[str]:
    output = Path(config.output).expanduser()
    if not config.output or (output.exists() and not output.is_dir()):
        yield f"output={config.output}: allowed is a folder"
    for folder in card_folders:
        if output.resolve() != Path(folder).resolve():
            yield (
                f"output={config.output}: a run reads cards from one folder; with --config-dir {folder} allowed is "
                f"output={folder}"
            )


def _of_no_use(key: str, given: set[str]) -> Iterator[str]:
    """Say why a setting cannot be searched."""
    if key.partition(".")[0] not in _SEARCHED and key not in _SEARCHED_BESIDES:
        besides = ", ".join(_SEARCHED_BESIDES)
        yield f"no trial can change it; a search looks for settings of distill and student, and for {besides}"
    if key in given:
        yield "is given on the command line as well; leave one of the two out"


def _value_problems(config: SearchConfig, space: Space, key: str, values: Range | Choice) -> Iterator[str]:
    """Name what no trial can have of a setting: a value that makes no sense, wherever the others of the space stand."""
    others = [_corner(space, key, end) for end in (0, -1)]
    for value in values.ends if isinstance(values, Choice) else (values.low, values.high):
        found = list(_problems_with(config, {}, key, value))
        if found and all(list(_problems_with(config, around, key, value)) for around in others):
            yield from found


def corners(space: Space) -> list[dict[str, Value]]:
    """Return the settings at both ends of the space: the least or first values of all, the greatest or last of all."""
    return [{key: values.ends[end] for key, values in space.items()} for end in (0, -1)]


def _corner(space: Space, without: str, end: int) -> dict[str, Value]:
    return {key: values.ends[end] for key, values in space.items() if key != without}


def _problems_with(config: SearchConfig, around: Mapping[str, Value], key: str, value: Value) -> Iterator[str]:
    """Yield the problems of settings that they have because of one value."""
    try:
        before = with_values(config, around)
        config = with_values(before, {key: value})
    except ConfigError as error:
        yield str(error)
        return
    known = {*problems(before)}
    of_value = [each for each in problems(config) if each not in known]
    unread = unread_override_problems(config, [f"{key}="])
    of_value += [each.replace(f"{key}=:", f"{key}:") for each in unread]
    yield from (f"search.space.{each}" if each.startswith(key) else f"search.space.{key}: {each}" for each in of_value)


def _key(override: str) -> str:
    """Return the key of an override of the command line."""
    return override.lstrip("+~").partition("=")[0].partition("@")[0]
