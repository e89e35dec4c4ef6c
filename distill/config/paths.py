"""Are the files and folders that the settings name there? Looked at before anything heavy is imported."""

from collections.abc import Iterator
from pathlib import Path

from distill.base.files import no_file
from distill.base.network import may_be_on_the_hub
from distill.config.answers import EMBEDDED
from distill.config.schema import Config


def path_problems(config: Config) -> Iterator[str]:
    """Name each file or folder of the settings that does not exist, or cannot be read as one."""
    data, teacher = config.data, config.teacher
    texts = data.unlabelled.path if isinstance(data.unlabelled.path, list) else [data.unlabelled.path]
    answers = {"teacher.answers": teacher.answers, "teacher.gold": teacher.gold}
    named = [
        *([("data.path", data.path, True)] if data.source in ("auto", "local") else []),
        *(("data.unlabelled.path", path, True) for path in texts if path),
        *(("pretrain.files", path, False) for path in config.pretrain.paths),
        *((key, path, False) for key, path in answers.items() if path and path != EMBEDDED),
        *((f"evaluate.also.{name}", path, True) for name, path in config.evaluate.also.items() if path),
    ]
    for key, path, of_folders in named:
        if isinstance(path, str) and (reason := _unreadable(path, of_folders)) is not None:
            yield f"{key}={path}: {reason}"
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


def _unreadable(path: str, of_folders: bool) -> str | None:
    """Return why nothing can be read at a path; none where there is a file, or a folder where one may be meant."""
    if not _exists(path):
        return f"there is no such file{' or folder' if of_folders else ''}"
    found = Path(path).expanduser()
    return None if of_folders and found.is_dir() else no_file(found)


def _exists(path: str) -> bool:
    try:
        return Path(path).expanduser().exists()
    except (OSError, RuntimeError, ValueError):  # too long, of nobody's home, or with a NUL in it: none that is there
        return False
