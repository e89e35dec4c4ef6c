"""Settings of the command line that nothing reads, and that cards may set in vain for the runs that read them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields

from distill.base.setting_rules import at, listed, said
from distill.baselines import has_baselines
from distill.config.ensemble import FIRST, teachers
from distill.config.overrides import assigned
from distill.config.schema import Config
from distill.config.student import kind_or_first
from distill.config.task_traits import task_or_first, tasks_with
from distill.config.unread import is_changed, students_that_read
from distill.export import EXPORTERS, INT8, exporter, possible
from distill.objective.declaration import SCORE
from distill.objective.settings import active, terms_with_temperature
from distill.tasks import EncodingSpec
from distill.tasks.setup import TaskSetup

_FROM_SCRATCH = ("architecture", "vocab_size", "lowercase")
"""What of a teacher a checkpoint brings itself."""
_OF_TOKENIZERS = ("vocab_size", "lowercase")
_OF_HUB = ("data.hub", "data.hub_config")
_RUNS_THAT_COMPARE = "runs that compare models, with evaluate among stages"


def _reads_sample(config: Config) -> bool:
    """Tell whether the embedded sample may be read as the data."""
    return config.data.source == "embedded" or (config.data.source == "auto" and config.data.path is None)


def _makes_int8(config: Config) -> bool:
    """Tell whether one of the formats that the export is to have is in 8 bits."""
    names = config.export.formats
    if names is None:
        module = task_or_first(config.task)
        names = possible(TaskSetup(config.task, module, EncodingSpec()))
    return any(name in EXPORTERS and exporter(name).rounds for name in names)


def _has_results(config: Config) -> bool:
    """Tell whether a run comes to what is reported of its models."""
    return bool({"evaluate", "export"} & set(config.stages))


_READ_ON_COMMAND_LINES: tuple[tuple[tuple[str, ...], Callable[[Config], bool], str], ...] = (
    (("data.sample",), _reads_sample, "the sample that stands in where no data is given"),
    (("export.int8", "export.tolerance.int8"), _makes_int8, "export.formats with onnx_int8"),
    (
        ("export.calibration_rows",),
        lambda config: _makes_int8(config) and config.export.int8 == INT8[0],
        f"export.int8={INT8[0]}, in export.formats with onnx_int8",
    ),
    (
        ("trainer.nonfinite_in_a_row",),
        lambda config: config.trainer.on_nonfinite == "skip",
        "trainer.on_nonfinite=skip",
    ),
    (
        ("trainer.join_timeout",),
        lambda config: (config.trainer.devices, config.trainer.num_nodes) != (1, 1),
        "several processes, trainer.devices or trainer.num_nodes above 1",
    ),
    (
        ("tracking.entity", "tracking.artifact_limit_mb", "tracking.finish_seconds"),
        lambda config: "wandb" in config.tracking.logger,
        "tracking.logger with wandb",
    ),
    (
        ("tracking.wandb",),
        lambda config: "wandb" in config.tracking.logger or config.tracking.wandb == "disabled",
        "tracking.logger with wandb",
    ),
    (
        ("tracking.project",),
        lambda config: bool({"wandb", "trackio"} & set(config.tracking.logger)),
        "tracking.logger with wandb or trackio",
    ),
    (("evaluate.slices", "evaluate.beside"), _has_results, _RUNS_THAT_COMPARE),
    (
        ("export.require", "export.calibrate"),
        _has_results,
        "runs that export, with export among stages",
    ),
)
"""Settings that differ from their defaults, where they are read, and how that is said.

Of stages that do not run only those settings are refused that ask something of the result: how a stage is done stays on
command lines whose ``stages`` are shortened for a while.
"""


def unread_override_problems(config: Config, overrides: Sequence[str]) -> Iterator[str]:
    """Name each override of the command line that is not read, though a card may set it for the runs that read it."""
    unread = _unread_on_command_lines(config)
    for override in overrides:
        whole = override.lstrip("+").partition("=")[0]
        given = {whole: override} if _where(unread, whole) else _within_braces(override)
        for key, shown in given.items():
            if (where := _where(unread, key)) is not None:
                yield f"{shown}: belongs to {where}; leave it out"


def _where(unread: Mapping[str, str], given: str) -> str | None:
    """Return where a setting is read that is one of some keys, or lies in one; None where it is not."""
    return next((where for key, where in unread.items() if f"{given}.".startswith(f"{key}.")), None)


def _within_braces(override: str) -> dict[str, str]:
    """Map the dotted key of each setting within the braces of an override to how it is shown."""
    return {key: f"{key}={said(value)}" for key, value in assigned(override)} if "{" in override else {}


def _unread_on_command_lines(config: Config) -> dict[str, str]:
    """Map keys that only the command line is blamed for to where they are read."""
    unread = _unread_of_hub(config) | _unread_of_teachers(config)
    for names, is_read, where in _READ_ON_COMMAND_LINES:
        unread |= {key: where for key in names if is_changed(config, key) and not is_read(config)}
    if "architecture" not in kind_or_first(config.student.init).settings:
        unread["student.architecture"] = students_that_read("architecture")
    if config.evaluate.baselines and not has_baselines(task_or_first(config.task)):
        unread["evaluate.baselines"] = listed(tasks_with(has_baselines))
    if not _has_results(config):
        unread |= dict.fromkeys(("target", "report", "evaluate.also"), _RUNS_THAT_COMPARE)
    kind = task_or_first(config.task).kind
    if kind != SCORE and active(config.distill) and not terms_with_temperature(config.distill, kind):
        unread["distill.temperature"] = "terms that have one, such as soft"
    return unread


def _unread_of_hub(config: Config) -> dict[str, str]:
    """Map keys of the hub's data, which cards name, to where they are read, where other data is read in its place."""
    source, of_hub = config.data.source, [key for key in _OF_HUB if at(config, key) is not None]
    if config.data.path is not None and source in ("auto", "local"):
        return dict.fromkeys(of_hub, "data of the hub, in whose place data.path is read")
    if source == "embedded":
        return dict.fromkeys(of_hub, "data of the hub, in whose place data.source=embedded reads the sample")
    if config.data.hub is None:
        return dict.fromkeys(of_hub, "data of the hub, data.hub=ID")
    return {}


def _unread_of_teachers(config: Config) -> dict[str, str]:
    """Map keys of teachers, and of the stages that train these, to where they are read."""
    unread: dict[str, str] = {}
    for name, teacher in teachers(config).items():
        section = "teacher" if name == FIRST else f"more_teachers.{name}"
        if teacher.model is not None:
            where = f"a teacher from scratch, {section}.model=null"
            unread |= {f"{section}.{key}": where for key in _FROM_SCRATCH}
        elif config.pretrain.teacher is not None:
            where = "a tokenizer of the run's own, pretrain.teacher=null"
            unread |= {f"{section}.{key}": where for key in _OF_TOKENIZERS}
    if all(teacher.model is not None for teacher in teachers(config).values()) and not config.pretrain.continued:
        keys = (f"pretrain.{setting.name}" for setting in fields(config.pretrain) if setting.name != "continued")
        unread |= dict.fromkeys(keys, "a teacher from scratch, or pretrain.continued=true")
    if all(teacher.finetuned or teacher.answers is not None for teacher in teachers(config).values()):
        unread["finetune"] = "a teacher that is not fine-tuned yet"
    return unread
