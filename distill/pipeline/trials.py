"""Make the students of a search, and score them on validation: of a run its stages up to the student, without test."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from distill.config.schema import Config
from distill.config.search_space import Space, Value, with_values
from distill.config.seeds import with_shared_seed
from distill.config.target import TargetConfig
from distill.config.validate import problems, refuse
from distill.data.prepared import Prepared
from distill.data.splits import UNLABELLED
from distill.distributed.processes import joined
from distill.errors import ConfigError
from distill.pipeline.batch_fitting import fitted
from distill.pipeline.chain import Chain
from distill.pipeline.context import alone, example_pipeline, run_spec
from distill.pipeline.plan import Planned, plan
from distill.pipeline.preflight import preflight
from distill.pipeline.prepare_data import prepare
from distill.pipeline.runner import make_stages
from distill.pipeline.settle import settled
from distill.pipeline.store import Store
from distill.pipeline.teacher_outputs import with_output_plan
from distill.stages.job import RunContext, RunSpec
from distill.stages.supervised import make_trainer
from distill.training.callbacks import Validation

C = TypeVar("C", bound=Config)
SEEN = ("train", "validation", UNLABELLED)
"""The splits that a trial has: neither test nor other domains."""
_AFTER_THE_STUDENT = ("control", "evaluate", "export")
_OF_STUDENTS = ("distill", "evaluate")
"""The stages that are a trial's own; all before them are the teacher's."""
_SHARED = ("pretrain", "finetune", "augment")
"""The stages that all trials share, whatever the student reads of the teacher."""
_KEPT = "kept"


@dataclass(frozen=True)
class Made:
    """What came of a trial.

    Attributes:
        metrics: of the student on validation, by their names; none where one is no number.
        bytes: of its weights.
        milliseconds: of one text, the median; none where that was not measured.
        stages: names of its stages in the store.
    """

    metrics: Mapping[str, float | None]
    bytes: int
    milliseconds: float | None
    stages: Sequence[str]


def ground(config: C) -> tuple[C, Prepared]:
    """Read the data, and settle what depends on it and is the same in every trial; the student stays as it was given.

    Raises:
        DataError: the data cannot be used as it is.
    """
    config = with_shared_seed(config)
    whole, data = fitted(*settled(config, prepare(config)), alone(config))
    splits = {name: rows for name, rows in data.splits.items() if name in SEEN}
    return replace(whole, student=config.student), replace(data, splits=splits, slices=())


def trial_spec(config: Config, data: Prepared, values: Mapping[str, Value], *, timed: bool = False) -> RunSpec:
    """Return the specification of a trial, in which nobody is compared with the student.

    Args:
        config: the settings that all trials share.
        data: without test.
        values: of the settings that are searched.
        timed: whether the student's latency is measured.

    Raises:
        DistillError: no student can be made by these settings.
    """
    spec = _spec(config, data, values, timed=timed)
    preflight(spec)
    return with_output_plan(spec)


def _spec(config: Config, data: Prepared, values: Mapping[str, Value], *, timed: bool) -> RunSpec:
    """Return the specification of a trial before it is held against data and checkpoints."""
    config = with_values(config, values)
    refuse(problems(config))
    stages = [*(name for name in config.stages if name not in _AFTER_THE_STUDENT), "evaluate"]
    section = config.evaluate
    samples = max(section.latency_samples, 1) if timed else 0
    evaluate = replace(section, baselines=[], also={}, slices=[], latency_samples=samples)
    config = replace(config, stages=stages, evaluate=evaluate, target=TargetConfig(), seeds=None)
    config, data = fitted(*settled(config, data), alone(config))
    spec = run_spec(config, data)
    return replace(spec, decisions=replace(spec.decisions, compared=tuple(spec.decisions.of_role("student"))))


def refuse_unread(config: Config, data: Prepared, space: Space) -> list[str]:
    """Refuse settings of a space that change no student, or that change the teacher; return what else to say of them.

    A setting counts that changes the student's fingerprint while the others of the space are as in the run, or have
    their first values, or their last.

    Raises:
        ConfigError: with one line for each.
    """
    found, notes = [], []
    for key, values in space.items():
        others = [{each: of.ends[end] for each, of in space.items() if each != key} for end in (0, -1)]
        changed = _changed(config, data, [{}, *others], key, (values.ends[0], values.ends[-1]))
        if not changed:
            found.append(f"search.space.{key}: nothing in this run reads it; leave it out")
        elif teachers := [stage for stage in _SHARED if stage in changed]:
            of_its_own = f"changes {teachers[0]} as well, so that every trial would have a teacher of its own"
            found.append(f"search.space.{key}: {of_its_own}")
        elif _KEPT in changed:
            notes.append(f"{key}: what is kept of the teacher's answers depends on it; it is asked anew for each value")
    refuse(found)
    return notes


def fingerprint_of_student(config: Config, data: Prepared) -> str:
    """Return what stands for all that the student of the run itself is made of: settings, data and teacher."""
    return _fingerprints(config, data, {})["distill"]


def _changed(
    config: Config, data: Prepared, others: Sequence[Mapping[str, Value]], key: str, ends: Sequence[Value]
) -> set[str]:
    """Return the stages whose fingerprints two values of a setting tell apart, with the first others that let them.

    Raises:
        ConfigError: no student can be made with either value, whatever the others are.
    """
    refused: ConfigError | None = None
    for around in others:
        try:
            one, other = (_fingerprints(config, data, {**around, key: value}) for value in ends)
        except ConfigError as error:
            refused = refused or error
            continue
        if changed := {stage for stage in one.keys() | other.keys() if one.get(stage) != other.get(stage)}:
            return changed
        refused = None
    if refused is not None:
        raise refused
    return set()


def _fingerprints(config: Config, data: Prepared, values: Mapping[str, Value]) -> dict[str, str]:
    """Return the fingerprint of each stage of a trial, and what is kept of the teacher, besides its states."""
    spec = with_output_plan(_spec(config, data, values, timed=False))
    stages = plan(spec, Store(Path(config.store)), tell=False)
    kept = [planned.settings | {"states": None} for planned in stages.values() if planned.stage == "teach"]
    return {**{name: planned.fingerprint for name, planned in stages.items()}, _KEPT: repr(kept)}


def make_teachers(specs: Iterable[RunSpec], folder: Path) -> list[str]:
    """Train and ask the teacher, as all trials read it; return the names of the stages.

    Of several, the one goes first whose trials read the most of it, so that the others find all answers there.
    """
    made: list[str] = []
    for spec in sorted(specs, key=lambda each: -len(each.decisions.outputs.states)):
        with _chain(spec, folder, None) as (chain, stages):
            of_teacher = {
                name: planned
                for name, planned in stages.items()
                if planned.stage not in _OF_STUDENTS and planned.name not in made
            }
            make_stages(chain, of_teacher)
            made += [planned.name for planned in of_teacher.values()]
    return made


def make_trial(spec: RunSpec, folder: Path, validated: Callable[[str, Validation], None] | None) -> Made:
    """Train a student and score it on validation, as far as the store does not have it yet.

    Args:
        spec: of the trial.
        folder: where its process may write.
        validated: is told of each validation, and ends the trial by what it raises.
    """
    with _chain(spec, folder, validated) as (chain, stages):
        make_stages(chain, stages)
        student = chain.finished.results["evaluate"]["models"]["student"]
    latency = student["latency_ms"] or {}
    return Made(
        student["metrics"]["validation"], student["bytes"], latency.get("p50"), [each.name for each in stages.values()]
    )


def discard(spec: RunSpec) -> None:
    """Remove what a trial that has ended early has left of its student, which nobody goes on with."""
    store = Store(Path(spec.config.store))
    for planned in plan(spec, store, tell=False).values():
        if planned.stage in _OF_STUDENTS:
            store.discard(planned.name)


@contextmanager
def _chain(
    spec: RunSpec, folder: Path, validated: Callable[[str, Validation], None] | None
) -> Iterator[tuple[Chain, Mapping[str, Planned]]]:
    """Yield a run on its way, and its stages."""
    with joined(make_trainer(spec.config), 1, 1, folder) as ranks:
        context = RunContext(folder, "", ranks, validated=validated)
        store = Store(Path(spec.config.store))
        chain = Chain(spec, context, example_pipeline(spec.config, spec.setup, ranks), store)
        yield chain, plan(spec, store, tell=False)
