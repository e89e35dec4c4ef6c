"""The run that goes on: what it was, its two models, and the settings with which they learn on."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from distill.comparison import runs
from distill.config.data import DataConfig, FilesConfig, LimitConfig
from distill.config.evaluate import BesideConfig
from distill.config.pretrain import PretrainConfig
from distill.config.schema import STAGES, Config
from distill.config.student import StudentConfig
from distill.data.prepared import Prepared
from distill.data.slices import column_of
from distill.errors import ConfigError, StoreError
from distill.models import loading
from distill.models.label_columns import output_names
from distill.pipeline.kept_scores import settings_of_run
from distill.pipeline.refresh_rows import ORIGIN
from distill.pipeline.teacher_folder import teacher_folder
from distill.tasks import task

OLD_TEACHER, OLD_STUDENT = "before_teacher", "before_student"
"""What the old models are called in the report."""
DATA = "data"
"""The folder in a run's own that holds the rows it was refreshed with."""
_DECIDED = ("stages", "name", "store", "data.source", "data.hub", "data.hub_config", "data.sample")
_DECIDED_SECTIONS = ("teacher.", "student.", "pretrain.", "more_teachers.", "ensemble.", "data.unlabelled.")
_NEEDED = ("finetune", "teach", "distill", "evaluate")


@dataclass(frozen=True)
class Model:
    """A finished model of a run.

    Attributes:
        folder: or the name on the hub.
        labels: their names in the order of the outputs; nothing for scores and answers.
    """

    folder: str
    labels: Sequence[str]


@dataclass(frozen=True)
class OldRun:
    """The run that goes on.

    Attributes:
        run: its folder and report.
        config: its settings.
        teacher: as it was when the student learnt from it.
        student: the one that it exported.
    """

    run: runs.Run
    config: Config
    teacher: Model
    student: Model


def near(path: Path) -> Path:
    """Return a path as seen from the current folder, where it lies below that."""
    return Path(os.path.relpath(path)) if path.is_relative_to(Path.cwd()) else path


def open_run(place: str) -> OldRun:
    """Open the run of a folder, and look whether it can go on.

    Raises:
        ConfigError: it is none, it is not finished, or it is of a kind that does not go on.
        StoreError: its models are not there any more.
    """
    folder = Path(place).expanduser()
    if not folder.is_dir():
        raise ConfigError(f"run={place}: there is no such folder")
    folder = near(folder.resolve())
    if not (folder / "report.json").is_file():
        if (folder / "config.yaml").is_file():
            raise ConfigError(f"run={place}: is not finished, it has no report.json; start its command again")
        raise ConfigError(f"run={place}: is no folder of a run, it has no report.json")
    run = runs.read(folder)
    config = settings_of_run(folder / "config.yaml")
    _refuse_kind(place, config)
    labels = tuple(run.report["data"].get("labels") or ())
    return OldRun(run, config, _teacher(run, config), Model(str(_stage(run, "distill") / "model"), labels))


def _refuse_kind(place: str, config: Config) -> None:
    if task(config.task).writes:
        raise ConfigError(
            f"run={place}: is of the task {config.task}, which writes texts; refresh judges labels, tags, scores and "
            "answers"
        )
    if config.teacher.answers is not None:
        raise ConfigError(
            f"run={place}: its teacher is a file of answers, which cannot learn on; label the new texts with "
            "python -m distill.label, and start a run with all answers"
        )
    if config.more_teachers:
        raise ConfigError(
            f"run={place}: has several teachers, and refresh goes on from one; start a run with the new data and "
            "more_teachers.NAME.model=FOLDER"
        )


def _teacher(run: runs.Run, config: Config) -> Model:
    if not config.teacher.finetuned:
        return Model(str(_stage(run, "finetune") / "model"), tuple(run.report["data"].get("labels") or ()))
    folder = teacher_folder(config.teacher, config.task, config.store)
    names = tuple(config.teacher.labels) or tuple(output_names(loading.configuration(folder)))
    labels = tuple(run.report["data"].get("labels") or ())
    whole = task(config.task).outputs(labels) != list(labels)  # then a label has several outputs, in its task's order
    return Model(str(folder), labels if whole else names)


def _stage(run: runs.Run, name: str) -> Path:
    if not any(stage.get("name") == name for stage in run.report["stages"]):
        raise ConfigError(f"run={run.folder}: has no stage {name}, from which refresh would go on")
    folder = runs.stage_folder(run.folder, run.report, name)
    if folder is None:
        raise StoreError(
            f"the stage {name} of {run.folder} is in no store that is found; refresh goes on from its model"
        )
    return near(folder.resolve())


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
    devices = changed.trainer.devices
    if changed.trainer.num_nodes != 1 or (isinstance(devices, int) and devices > 1):
        raise ConfigError(
            f"trainer.devices={devices}, trainer.num_nodes={changed.trainer.num_nodes}: refresh trains in one process; "
            "give trainer.devices=1 trainer.num_nodes=1"
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


def refuse_other_data(old: OldRun, data: Prepared) -> None:
    """Refuse data that is not what the run was made of.

    Raises:
        ConfigError: its rows or labels have changed since.
    """
    recorded = old.run.report["data"].get("fingerprint")
    if recorded is not None and recorded != data.describe()["fingerprint"]:
        raise ConfigError(
            f"run={old.run.folder}: its data has changed since: give data.path of its config.yaml the rows that it was "
            "trained on, since they are replayed and judged again"
        )
