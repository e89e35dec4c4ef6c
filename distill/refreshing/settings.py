"""The settings with which a run goes on: how old and new data are read, and how both models learn from them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from distill.config.data import DataConfig, FilesConfig, LimitConfig
from distill.config.evaluate import BesideConfig
from distill.config.pretrain import PretrainConfig
from distill.config.schema import STAGES, Config
from distill.config.student import StudentConfig
from distill.data.slices import column_of
from distill.errors import ConfigError
from distill.pipeline.context import world_of
from distill.refreshing.named_rows import ORIGIN
from distill.refreshing.old_run import OLD_STUDENT, OLD_TEACHER, Model, OldRun

_DECIDED = ("stages", "name", "store", "data.source", "data.hub", "data.hub_config", "data.sample")
_DECIDED_SECTIONS = ("teacher.", "student.", "pretrain.", "more_teachers.", "ensemble.", "data.unlabelled.")
_NEEDED = ("finetune", "teach", "distill", "evaluate")


def refuse_settings(old: Config, changed: Config, given: Sequence[str]) -> None:
    """Refuse what a refresh decides itself, or cannot do.

    Args:
        old: the settings of the run.
        changed: the same, with what the command line changes.
        given: the settings that it names.

    Raises:
        ConfigError: there is such a setting.
    """
    for key in given:
        if key in _DECIDED or key.startswith(_DECIDED_SECTIONS):
            raise ConfigError(f"{key}: is decided by refresh, which goes on from the run's own models and data")
    if changed.task != old.task:
        raise ConfigError(f"task={changed.task}: the run is of the task {old.task}, and goes on with that")
    if world_of(changed) > 1:
        raise ConfigError(
            f"trainer.devices={changed.trainer.devices}, trainer.num_nodes={changed.trainer.num_nodes}: refresh trains "
            "in one process; give trainer.devices=1 trainer.num_nodes=1"
        )


def reading(config: Config, path: str, given: Sequence[str], *, tests: bool) -> Config:
    """Return the settings with which the new data is read.

    Args:
        config: those of the run, with what the command line changes.
        path: of the new data.
        given: the settings that the command line names.
        tests: whether a test split is held out where there is none.
    """
    data, usual = config.data, DataConfig()
    named = [key for key in given if key.startswith("data.")]
    limit = data.limit if any(key.startswith("data.limit") for key in named) else LimitConfig()
    files = data.files if any(key.startswith("data.files") for key in named) else FilesConfig()
    holdout_test = data.holdout_test if "data.holdout_test" in named else None
    if tests and holdout_test is None:
        holdout_test = data.holdout
    data = replace(
        data,
        source="local",
        path=path,
        hub=None,
        hub_config=None,
        limit=limit,
        files=files,
        holdout_test=holdout_test,
        unlabelled=usual.unlabelled,
        near_duplicates="keep" if "data.near_duplicates" not in named else data.near_duplicates,
    )
    return replace(config, data=data, evaluate=replace(config.evaluate, also={}, slices=_columns(config)))


def _columns(config: Config) -> list[str]:
    """Return the slices by columns, which have to travel with the rows."""
    return [each for each in config.evaluate.slices if column_of(each) not in (None, ORIGIN)]


def of_old(config: Config) -> Config:
    """Return the settings with which the old data is read again, for its rows alone."""
    return replace(config, evaluate=replace(config.evaluate, slices=_columns(config)))


def going_on(old: OldRun, config: Config, data: Path, labels: Sequence[str], renamed: Mapping[str, str]) -> Config:
    """Return the settings of the new run: both models go on from the old ones, on rows that were put together.

    Args:
        old: the run that goes on.
        config: its settings, with what the command line changes.
        data: the folder of the rows.
        labels: their names, in order.
        renamed: old name of a label to its new one.
    """
    usual = DataConfig()
    together = replace(
        config.data,
        source="local",
        path=str(data),
        hub=None,
        hub_config=None,
        sample=None,
        files=FilesConfig(),
        limit=LimitConfig(),
        columns={},
        exact=[],
        labels={name: name for name in labels},
        delimiter=None,
        holdout=usual.holdout,
        holdout_test=None,
        unlabelled=usual.unlabelled
        if config.data.unlabelled.path is None
        else replace(config.data.unlabelled, rest=False),
    )
    teacher, student = (_renamed(model, old, renamed) for model in (old.teacher, old.student))
    beside = {
        OLD_TEACHER: BesideConfig(teacher.folder, list(teacher.labels)),
        OLD_STUDENT: BesideConfig(student.folder, list(student.labels)),
    }
    evaluate = config.evaluate
    slices = [ORIGIN, *(each for each in evaluate.slices if each != ORIGIN)]
    return replace(
        config,
        stages=[name for name in STAGES if name != "pretrain" and (name in config.stages or name in _NEEDED)],
        data=together,
        teacher=replace(
            config.teacher,
            model=teacher.folder,
            default_model=None,
            revision=None,
            base=None,
            finetuned=False,
            accept=True,  # the gate judges what comes of it
            labels=list(teacher.labels),
            labels_subset=False,
        ),
        student=StudentConfig(init="checkpoint", model=student.folder, labels=list(student.labels)),
        pretrain=PretrainConfig(),
        evaluate=replace(evaluate, beside={**evaluate.beside, **beside}, slices=slices),
        store=str(Path(student.folder).parent.parent),
    )


def _renamed(model: Model, old: OldRun, names: Mapping[str, str]) -> Model:
    """Return a model with the names of its outputs where they have changed; else its folder names them."""
    if not names and not old.config.teacher.labels:
        return replace(model, labels=())
    return replace(model, labels=[names.get(each, each) for each in model.labels])
