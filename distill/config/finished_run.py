"""What the settings of a finished run say of its models, for commands that open them again."""

from pathlib import Path
from typing import cast

from omegaconf import DictConfig, OmegaConf


def teachers_and_length(file: Path) -> tuple[dict[str, str], int | None]:
    """Return the teachers of a run that were fine-tuned elsewhere, and the limit of length that the run set.

    Args:
        file: the ``config.yaml`` of the run, which need not be there.
    """
    if not file.is_file():
        return {}, None
    settings = cast(DictConfig, OmegaConf.load(file))
    teachers = {"teacher": settings.teacher, **settings.get("more_teachers", {})}
    found = {
        name: str(each.model) for name, each in teachers.items() if each.get("finetuned") and each.model is not None
    }
    return found, settings.data.max_length
