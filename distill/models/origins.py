"""Which folder a model is in: a run means what it exported; and a stage's manifest says what its model is for."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distill.base.manifest import MANIFEST, read
from distill.errors import ModelError

_BUNDLES = ("student", "huggingface")
"""The folder of an export that holds its model, now and in runs of earlier versions."""
_REPORT = "report.json"
_MODEL = "model"
_STAGE = re.compile(r"\w+-[0-9a-f]{12}")
"""The name of a stage's folder."""
_TAUGHT = ("finetune", "distill", "control", "export")
"""Stages whose model has learnt the task."""
_LIMITS = ("max_length", "max_target_length", "stride")


def locate(model: str) -> str:
    """The folder of the model that a folder of a run or of one of its stages stands for; any other name as it is.

    Raises:
        ModelError: the run exported nothing, or the stage has made no model that predicts.
    """
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return model
    if (manifest := _manifest(folder)) is not None:
        return str(_of_stage(folder, manifest["stage"]))
    if (manifest := _manifest(folder.resolve().parent)) is not None:
        _refuse_untaught(folder, manifest["stage"])
    if (folder / "config.json").exists():
        return model
    for bundle in (path / name for path in (folder / "export", folder) for name in _BUNDLES):
        if (bundle / "config.json").is_file():
            return str(bundle)
    if (folder / _REPORT).is_file():
        raise ModelError(
            f"{folder} is a run that exported no model; run it again with export among its stages, or give the model "
            f"of a stage, which {_REPORT} names"
        )
    return model


def said_beside(folder: Path) -> dict[str, Any]:
    """The task, the labels and the limits of length of a model in the store, as its stage's manifest says them.

    Empty for any other folder.
    """
    manifest = _manifest(folder.resolve().parent) or {}
    settings: Mapping[str, Any] = manifest.get("settings", {})
    known = {name: settings[name] for name in ("task", *_LIMITS) if name in settings}
    return known | ({"labels": settings["labels"]} if settings.get("labels") else {})


def _manifest(folder: Path) -> dict[str, Any] | None:
    """What a stage's folder says of itself; none where it is no such folder."""
    return read(folder) if _STAGE.fullmatch(folder.name) and (folder / MANIFEST).is_file() else None


def _of_stage(folder: Path, stage: str) -> Path:
    """The model in a stage's folder."""
    inside = (*(folder / name for name in _BUNDLES), folder / _MODEL)
    model = next((path for path in inside if (path / "config.json").is_file()), None)
    if model is None:
        raise ModelError(f"{folder} is the stage {stage} of a run, which holds no model")
    _refuse_untaught(model, stage)
    return model


def _refuse_untaught(folder: Path, stage: str) -> None:
    if stage not in _TAUGHT:
        raise ModelError(f"{folder} is what the stage {stage} made, before the task was learnt: give that of finetune")
