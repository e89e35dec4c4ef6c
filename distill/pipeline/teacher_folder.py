"""Find the folder of a teacher: a whole model, or one that is made of somebody's adapter and its base."""

import logging
import os
from contextlib import suppress
from pathlib import Path

from distill.config.teacher import TeacherConfig
from distill.data import hub
from distill.errors import ConfigError, ModelError
from distill.models import adapter_folders, checkpoint_folders
from distill.pipeline.store_contents import MERGED
from distill.tasks import task

log = logging.getLogger(__name__)


def teacher_folder(teacher: TeacherConfig, task_name: str, store: str) -> Path:
    """Return the folder of a teacher's checkpoint; an adapter is folded into its base, once for all runs of a store.

    Raises:
        ModelError: there is none, or adapter and base do not belong together.
        ConfigError: a base is given for what is no adapter.
    """
    model = str(teacher.model)
    hub.reachable_for(model)
    folder = checkpoint_folders.located(model, teacher.revision)
    if not adapter_folders.is_adapter(folder):
        if teacher.base is not None:
            raise ConfigError(f"teacher.base={teacher.base}: belongs to an adapter, and {model} is a whole model")
        return checkpoint_folders.checked(folder)
    cache = Path(store).expanduser() / MERGED
    whole = adapter_folders.whole_model(folder, _base(teacher, folder), task(task_name).head, cache)
    with suppress(OSError):  # whoever cleans the store sees that it is in use
        os.utime(whole)
    log.info("teacher.model=%s: an adapter, folded into its base in %s", model, whole)
    return whole


def _base(teacher: TeacherConfig, adapter: Path) -> Path:
    """Return the folder of the model that an adapter belongs to.

    Raises:
        ModelError: it cannot be had.
    """
    if teacher.base is not None:
        hub.reachable_for(teacher.base)
        return checkpoint_folders.resolve(teacher.base)
    name = adapter_folders.base_name(adapter)
    hub.reachable_for(name)
    way_out = "give the folder of its base as teacher.base=FOLDER"
    if not name:
        raise ModelError(f"{adapter} is an adapter that does not name its base: {way_out}")
    try:
        return checkpoint_folders.resolve(name)
    except ModelError as error:
        raise ModelError(f"{adapter} is an adapter of '{name}', which cannot be had ({error}): {way_out}") from error
