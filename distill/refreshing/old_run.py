"""The run that goes on: what it was, its two models, and the settings with which they learn on."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.comparison import runs
from distill.config.schema import Config
from distill.data.prepared import Prepared
from distill.errors import ConfigError, StoreError
from distill.models import loading
from distill.models.label_columns import output_names
from distill.pipeline.kept_scores import settings_of_run
from distill.pipeline.teacher_folder import teacher_folder
from distill.tasks import task

OLD_TEACHER, OLD_STUDENT = "before_teacher", "before_student"
"""What the old models are called in the report."""
DATA = "data"
"""The folder in a run's own that holds the rows it was refreshed with."""


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
