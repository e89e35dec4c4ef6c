"""Are the files and folders that the settings name there? Looked at before anything heavy is imported."""

from collections.abc import Iterator
from pathlib import Path

from distill.base.network import may_be_on_the_hub
from distill.config.answers import EMBEDDED
from distill.config.schema import Config


def path_problems(config: Config) -> Iterator[str]:
    """Name each file or folder of the settings that does not exist."""
    data = config.data
    if data.path is not None and data.source in ("auto", "local") and not _exists(data.path):
        yield f"data.path={data.path}: there is no such file or folder"
    unlabelled = data.unlabelled.path
    for path in unlabelled if isinstance(unlabelled, list) else [unlabelled]:
        if isinstance(path, str) and path and not _exists(path):
            yield f"data.unlabelled.path={path}: there is no such file or folder"
    for path in config.pretrain.paths:
        if isinstance(path, str) and not _is_file(path):
            yield f"pretrain.files={path}: there is no such file"
    for key, file in (("teacher.answers", config.teacher.answers), ("teacher.gold", config.teacher.gold)):
        if file and file != EMBEDDED and not _exists(file):
            yield f"{key}={file}: there is no such file"
    for name, path in config.evaluate.also.items():
        if path and not _exists(path):
            yield f"evaluate.also.{name}={path}: there is no such file or folder"
    yield from _model_problems(config)


def _model_problems(config: Config) -> Iterator[str]:
    """Name each model of the settings that is neither a folder here nor may be on the hub."""
    teacher = config.teacher
    for key, model in (
        ("teacher.model", teacher.model),
        ("teacher.base", teacher.base),
        ("student.model", config.student.model),
        ("pretrain.teacher", config.pretrain.teacher),
        *((f"evaluate.beside.{name}.model", other.model) for name, other in config.evaluate.beside.items()),
    ):
        if model is not None and not _exists(model) and not may_be_on_the_hub(model):
            yield f"{key}={model}: there is no such folder"


def _is_file(path: str) -> bool:
    return _exists(path) and Path(path).expanduser().is_file()


def _exists(path: str) -> bool:
    try:
        return Path(path).expanduser().exists()
    except (OSError, RuntimeError, ValueError):  # too long, of nobody's home, or with a NUL in it: none that is there
        return False
